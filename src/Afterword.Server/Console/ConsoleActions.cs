using Afterword.Server.Console.Audit;
using Afterword.Server.Console.Authentication;
using Afterword.Server.Console.Members;
using Afterword.Server.Storage;

namespace Afterword.Server.Console;

/// <summary>What the forms of the console have in common: a change with its entry in the audit log, and the notice on the page after it.</summary>
internal static class ConsoleActions
{
    extension(HttpContext http)
    {
        /// <summary>Changes something and writes down who did it, in one transaction.</summary>
        /// <param name="membership">Who, and where.</param>
        /// <param name="what">What, for the audit log: no secret, no score, no text.</param>
        /// <param name="change">Gives how many rows it changed; nothing is written down of none.</param>
        /// <returns>Whether it changed anything.</returns>
        public async Task<bool> ChangeAsync(Membership membership, string what, Func<Session, Task<int>> change) =>
            await http.MakeAsync(membership, what, async session => await change(session) > 0 ? what : null) is not null;

        /// <summary>The same for what makes something.</summary>
        /// <returns>What was made; null, and nothing is written down, when it was not.</returns>
        public Task<T?> MakeAsync<T>(Membership membership, string what, Func<Session, Task<T?>> make)
            where T : class
        {
            var services = http.RequestServices;
            return services.GetRequiredService<Store>().Main.WriteAsync(
                async session =>
                {
                    var made = await make(session);
                    if (made is not null) await services.GetRequiredService<AuditLog>().WriteAsync(session, membership, AuditAction.Changed, what, http.RequestAborted);
                    return made;
                },
                http.RequestAborted);
        }

        /// <summary>Leads to a page of the membership's workspace, which says what became of a form.</summary>
        public void LeaveNotice(Membership membership, string page, OneTimeNotice notice) =>
            http.RequestServices.GetRequiredService<OneTimeNotices>().Leave(http, membership.Member, membership.AddressOf(page), notice);

        /// <summary>What was left for this page. A script that looks by itself takes nothing away from the person who comes to read it.</summary>
        public OneTimeNotice? TakeNotice(Membership membership) =>
            http.Request.Headers.ContainsKey(ConsoleSessions.ByItself) ? null : http.RequestServices.GetRequiredService<OneTimeNotices>().Take(http, membership.Member);
    }
}
