using System.Globalization;
using Afterword.Client.Wire;
using Afterword.EndToEnd.Tests.Kills;
using Afterword.EndToEnd.Tests.Servers;

namespace Afterword.EndToEnd.Tests.Automation;

/// <summary>A conversation that a client closes, and what it knows of that. Used by one connection at a time.</summary>
internal sealed class Closing(int number, TestUser sender, long customer)
{
    public TestUser Sender => sender;

    public long Customer => customer;

    public string ExternalId { get; } = string.Create(CultureInfo.InvariantCulture, $"case {number}");

    public string Agent { get; } = string.Create(CultureInfo.InvariantCulture, $"agent {number % 7}");

    public Fate Fate { get; set; }

    /// <summary>The answer, once there was one.</summary>
    public ConversationJson? Told { get; set; }

    /// <summary>What the answer to the reopening said; null while there was none.</summary>
    public ConversationJson? ToldReopened { get; set; }

    /// <summary>Whether it was reopened, be that answered or not.</summary>
    public bool MayBeReopened { get; set; }

    public Task<SignedRequest> SignAsync() => SignedRequest.MakeAsync(
        sender.Credentials, HttpMethod.Post, "/1.1/feedback/conversations/close.json",
        [new("to_user_id", customer.ToString(CultureInfo.InvariantCulture)), new("external_id", ExternalId), new("agent", Agent), new("tags", "kills,\u00fc")]);

    public Task<SignedRequest> SignReopeningAsync() =>
        SignedRequest.MakeAsync(sender.Credentials, HttpMethod.Post, "/1.1/feedback/conversations/reopen.json", [new("external_id", ExternalId)]);
}

/// <summary>Everything that the clients of a run closed.</summary>
internal sealed class Closings(SampleData data)
{
    // Of six in a row two are of one sender and customer, so that the interval has something to refuse.
    private const int PerCustomer = 6;
    private const int UnknownEach = 23;
    private const long Unknown = 4_000_000_000_000_000_000;

    private readonly Lock _lock = new();
    private readonly List<Closing> _all = [];

    /// <summary>All of them. To be read while no client works.</summary>
    public IReadOnlyList<Closing> All => _all;

    public Closing Next()
    {
        lock (_lock)
        {
            var number = _all.Count;
            var customer = 1 + (number / PerCustomer);
            if (customer > data.Customers) throw new InvalidOperationException("Every customer had a conversation with every sender.");

            _all.Add(new(number, data.Senders[number % data.Senders.Count], number % UnknownEach == 0 ? Unknown : customer));
            return _all[^1];
        }
    }
}
