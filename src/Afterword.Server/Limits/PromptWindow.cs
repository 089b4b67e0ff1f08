using Afterword.Server.Configuration;
using Afterword.Server.OAuth;
using Afterword.Server.Storage;

namespace Afterword.Server.Limits;

/// <summary>The sender's limit: so many prompts in 24 hours, counted from the first of them.</summary>
internal sealed class PromptWindow(Store store, Settings settings, TimeProvider clock)
{
    public long MostFor(Caller caller) => settings.Limits.CreatesFor(caller.Sender);

    /// <summary>How far the window is used up, without using it.</summary>
    public async Task<LimitState> ReadAsync(Caller caller, CancellationToken stop)
    {
        var now = clock.GetUtcNow().ToUnixTimeMilliseconds();
        var window = await store.Main.ReadAsync(
            session => session.Sql("select window_started_at, window_used from sender_state where sender_id = @sender")
                .Bind("sender", caller.UserId).FirstAsync(row => (StartedAt: row.GetInt64(0), Used: row.GetInt64(1)), stop),
            stop);
        return DayWindow.At(now, window.StartedAt, window.Used).StateFor(MostFor(caller));
    }
}
