using Afterword.Server.Storage;

namespace Afterword.Server.Users;

/// <summary>Finds users as another one sees them.</summary>
internal sealed class UserProfiles(Store store)
{
    private const string ById =
        $$"""
        select {{UserProfile.Columns}}, item.place
        from {rows} join account a on a.id = item.id
        {{UserProfile.Contacts}}
        """;

    private const string ByHandle =
        $$"""
        select {{UserProfile.Columns}}, item.place
        from {rows} join account a on a.screen_name_key = item.screen_name_key
        {{UserProfile.Contacts}}
        """;

    /// <returns>The user, suspended or not, or null when there is none.</returns>
    public async Task<UserProfile?> FindAsync(long viewer, UserKey key, CancellationToken stop) => await FindAsync(viewer, [key], stop) is [var profile] ? profile : null;

    /// <returns>Those of the users that there are, suspended or not, in the order of the keys.</returns>
    public Task<IReadOnlyList<UserProfile>> FindAsync(long viewer, IReadOnlyList<UserKey> keys, CancellationToken stop)
    {
        var places = keys.Index().ToArray();
        var ids = places.Where(one => one.Item.Id is not null).ToArray();

        // Whatever is no handle is nobody's; it may hold what PostgreSQL does not even take as text.
        var handles = places.Where(one => one.Item.ScreenName is { } handle && UserAccounts.Handle.IsMatch(handle)).ToArray();
        return store.Main.ReadAsync<IReadOnlyList<UserProfile>>(
            async session =>
            {
                var found = new SortedList<long, UserProfile>();
                void Keep(Row row) => found[row.GetInt64(UserProfile.ColumnCount)] = UserProfile.Read(row);
                await session.EachAsync(
                    [
                        new(ById, Rows.Of(ids).Long("place", one => one.Index).Long("viewer", _ => viewer).Long("id", one => one.Item.Id!.Value), Keep),
                        new(ByHandle, Rows.Of(handles).Long("place", one => one.Index).Long("viewer", _ => viewer).Text("screen_name_key", one => UserAccounts.Key(one.Item.ScreenName!)), Keep),
                    ],
                    stop);
                return [.. found.Values];
            },
            stop);
    }
}
