using System.Security.Cryptography;
using Afterword.Server.Storage;

namespace Afterword.Server.Privacy;

/// <summary>The account that an erased person's requests belong to: an id by chance, no name, and nobody who could sign in.</summary>
/// <remarks>
/// Its id tells neither who it was nor when they were erased. It lies among the ids of the first days of 2010's November, long before anybody
/// could be a user here, and is small enough for programs that read numbers as doubles.
/// </remarks>
internal static class Pseudonym
{
    private const long First = 1L << 40;
    private const long End = 1L << 53;

    // Neither is a handle: nobody can have them, write to them or look them up.
    private const string Handle = "erased:";
    private const string Name = "Erased";

    private const string Letters = "abcdefghijklmnopqrstuvwxyz234567";

    /// <summary>Text by chance, for what must differ from everything else.</summary>
    public static string Random(int letters) => RandomNumberGenerator.GetString(Letters, letters);

    /// <returns>The id of the new account.</returns>
    public static async Task<long> AddAsync(Session session, CancellationToken stop)
    {
        while (true)
        {
            var id = First + (long)(BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(8)) % (ulong)(End - First));
            var handle = Handle + Random(12);
            var added = await session.Sql(
                """
                insert into account (id, screen_name, screen_name_key, name, accepts, suspended_at, created_at, erased)
                select @id, @handle, @handle, @name, @accepts, 0, 0, 1 where not exists (select 1 from account a where a.id = @id)
                on conflict (screen_name_key) do nothing
                """)
                .Bind("id", id).Bind("handle", handle).Bind("name", Name).Bind("accepts", Users.MessagingPermission.Following).RunAsync(stop);
            if (added == 1) return id;
        }
    }
}
