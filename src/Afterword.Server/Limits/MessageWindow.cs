using Afterword.Server.Configuration;
using Afterword.Server.OAuth;
using Afterword.Server.Storage;

namespace Afterword.Server.Limits;

/// <summary>A user's limit: so many direct messages in 24 hours, counted from the first of them.</summary>
internal sealed class MessageWindow(Store store, Settings settings, TimeProvider clock)
{
    /// <summary>How far the window is used up, without using it.</summary>
    public async Task<LimitState> ReadAsync(Caller caller, CancellationToken stop)
    {
        var now = clock.GetUtcNow().ToUnixTimeMilliseconds();
        var window = await store.Main.ReadAsync(
            session => session.Sql("select started_at, used from message_window where sender_id = @sender")
                .Bind("sender", caller.UserId).FirstAsync(row => (StartedAt: row.GetInt64(0), Used: row.GetInt64(1)), stop),
            stop);
        return DayWindow.At(now, window.StartedAt, window.Used).StateFor(settings.Limits.MessagesPerDay);
    }
}
