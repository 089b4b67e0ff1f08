using System.Globalization;
using Afterword.Server.Console.Members;
using Afterword.Server.Retention;
using Afterword.Server.Storage;
using Afterword.Server.Tests.Fixtures;

namespace Afterword.Server.Tests.Retention;

/// <summary>Chooses, counts and removes, as the server does.</summary>
internal static class RetentionFixture
{
    public static RetentionPeriods Of(string texts = "keep", string messages = "keep", string people = "keep") => new(Read(texts), Read(messages), Read(people));

    private static RetentionPeriod? Read(string text) => RetentionPeriod.TryParse(text, out var period) ? period : throw new ArgumentException(text, nameof(text));

    extension(TestServer server)
    {
        public Database Db => server.Server.Store.Main;

        /// <summary>The server's own worker rests, as after a restore: rounds are the test's.</summary>
        public Task RestAsync() => server.Db.WriteAsync(session => OutboundPause.SetAsync(session, new(server.Clock.GetUtcNow(), "restored"), default), default);

        public async Task KeepAsync(long sender, RetentionPeriods periods)
        {
            var choose = server.Get<ChooseRetention>();
            Assert.True(await choose.SaveAsync(sender, Member.CommandLine, periods, (await choose.ReadAsync(sender, default)).Version, default));
        }

        public async Task<RemovedCounts> CountedAsync(long sender)
        {
            var forecast = await server.Get<RemoveOld>().CountAsync(sender, (await server.Get<ChooseRetention>().ReadAsync(sender, default)).Periods, long.MaxValue, default);
            Assert.False(forecast.AtLeast);
            return forecast.Rows;
        }

        /// <summary>One round, whatever the worker of the server does meanwhile.</summary>
        public async Task<RemovedCounts> RoundAsync(string holder = "test")
        {
            while (!await RetentionRun.TryBeginAsync(server.Db, holder, server.Clock.GetUtcNow(), TimeSpan.Zero, default)) await Task.Delay(5, TestContext.Current.CancellationToken);
            var removed = Assert.IsType<RemovedCounts>(await server.Get<RemoveOld>().RunAsync(holder, only: null, default));
            await RetentionRun.EndAsync(server.Db, holder, server.Clock.GetUtcNow(), default);
            return removed;
        }

        /// <summary>All counts that metrics are made of.</summary>
        public Task<string> RollupsAsync() => server.Db.ReadAsync(
            async session => string.Join('\n', await session.Sql(
                """
                select sender_id, test, type, dimension, day, value, sent, delivered, dismissed, commented, s0 + 100 * s1 + 10000 * s2 + 1000000 * s3 + 100000000 * s4 + 10000000000 * s5
                from rollup order by sender_id, test, type, dimension, day, value
                """)
                .ListAsync(row => string.Join('|', Enumerable.Range(0, 5).Select(i => row.GetInt64(i).ToString(CultureInfo.InvariantCulture)).Append(row.GetString(5)).Concat(Enumerable.Range(6, 5).Select(i => row.GetInt64(i).ToString(CultureInfo.InvariantCulture)))), default)),
            default);

        public Task<string?> TextAsync(string sql) => server.Db.ReadAsync(session => session.Sql(sql).FirstAsync(row => row.TextOrNull(0), default), default);
    }
}
