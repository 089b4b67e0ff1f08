using System.Collections.Concurrent;
using Afterword.EndToEnd.Tests.Servers;
using Afterword.Server.Configuration;
using Afterword.Server.Webhooks;
using Afterword.Support;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;

namespace Afterword.EndToEnd.Tests.Webhooks;

/// <summary>A receiver for many endpoints that knows the law of deliveries.</summary>
internal sealed class WebhookInbox : IAsyncDisposable
{
    private readonly ConcurrentDictionary<(string Path, string Feedback), int> _taken = new();
    private readonly ConcurrentDictionary<(string Path, string Id), int> _times = new();
    private Receiver _receiver = null!;

    /// <summary>Settings that let a server deliver to this machine.</summary>
    public static string[] Settings { get; } = ["Webhooks:AllowPlainHttp=true", "Webhooks:AllowPrivateAddresses=true", "Webhooks:Timeout=00:00:03", "Webhooks:PollEvery=00:00:00.2", "Webhooks:RetrySchedule=1s 1s 1s 1s 1s 1s 1s 1s", "Limits:AnswersPer15Minutes=1000000000"];

    /// <summary>Holds answers back for as long as it is set.</summary>
    public volatile TaskCompletionSource? Hold;

    public int Requests => _receiver.All.Count;

    /// <summary>Events that came more than once.</summary>
    public int Repeated => _times.Count(pair => pair.Value > 1);

    /// <summary>First arrivals of events before an earlier one of their feedback had come.</summary>
    public ConcurrentQueue<string> Inversions { get; } = new();

    public static async Task<WebhookInbox> StartAsync()
    {
        var inbox = new WebhookInbox();
        inbox._receiver = await Receiver.StartAsync(inbox.AnswerAsync);
        return inbox;
    }

    /// <summary>Adds endpoints to a store that no server runs on: one or two for each sender.</summary>
    public async Task AddToAsync(TestStore store, IReadOnlyList<TestUser> senders)
    {
        await using var opened = await store.OpenAsync();
        await opened.LeaseAsync(TimeProvider.System, CancellationToken.None);
        var (settings, _) = SettingsReader.Read(new ConfigurationBuilder().Build());
        var endpoints = new Endpoints(opened, settings!, TimeProvider.System);
        for (var i = 0; i < senders.Count; i++)
        {
            for (var copy = 0; copy <= i % 2; copy++) await endpoints.AddAsync(senders[i].Id, new Uri(_receiver.Url, $"/{i}-{copy}"), null, Approval.NeededIfOwned, CancellationToken.None);
        }
    }

    /// <summary>Waits until nothing waits in the store any more.</summary>
    public static async Task EmptyAsync(TestStore store)
    {
        while (await CountAsync(store, "select count(*) from delivery where state = 0") > 0) await Task.Delay(50, TestContext.Current.CancellationToken);
    }

    /// <summary>Gives one line for each way in which store and receiver break the law; none is how it must be.</summary>
    public async Task<IReadOnlyList<string>> CheckAsync(TestStore store)
    {
        var broken = Inversions.ToList();
        foreach (var (what, sql) in new[]
        {
            ("changes without exactly one delivery for an endpoint", "select count(*) from change c join webhook w on w.sender_id = c.sender_id where 1 <> (select count(*) from delivery d where d.sender_id = c.sender_id and d.endpoint_id = w.id and d.id = c.id and d.prompt_id = c.prompt_id)"),
            ("deliveries without a change", "select count(*) from delivery d where not exists (select 1 from change c where c.sender_id = d.sender_id and c.changed_at = d.changed_at and c.id = d.id)"),
            ("deliveries that are not delivered", "select count(*) from delivery where state <> 1"),
        })
        {
            if (await CountAsync(store, sql) is > 0 and var count) broken.Add($"{count} {what}");
        }

        var delivered = await CountAsync(store, "select count(*) from delivery");
        if (_times.Count != delivered) broken.Add($"{delivered} deliveries are noted and {_times.Count} came");
        return broken;
    }

    public ValueTask DisposeAsync() => _receiver.DisposeAsync();

    public static async Task<long> CountAsync(TestStore store, string sql)
    {
        await using var connection = await store.ConnectAsync();
        await using var command = connection.CreateCommand();
#pragma warning disable CA2100 // texts of the tests
        command.CommandText = sql;
#pragma warning restore CA2100
        return Convert.ToInt64(await command.ExecuteScalarAsync(), System.Globalization.CultureInfo.InvariantCulture);
    }

    private async Task AnswerAsync(HttpContext http, Received got)
    {
        var feedback = got.Json.GetProperty("feedback");
        var place = feedback.TryGetProperty("response", out var response) ? response.EnumerateObject().Count() : 0;
        var key = (got.Path, got.Feedback);
        if (_times.AddOrUpdate((got.Path, got.Id), 1, (_, times) => times + 1) == 1)
        {
            // The first arrival: a repeat may come late, and its id tells that it is one.
            if (_taken.GetValueOrDefault(key) != place) Inversions.Enqueue($"{key}: event {place} came as number {_taken.GetValueOrDefault(key)}");
            _taken[key] = place + 1;
        }

        if (Hold is { } held) await held.Task;
        http.Response.StatusCode = 204;
    }
}
