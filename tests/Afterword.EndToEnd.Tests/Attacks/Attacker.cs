using Afterword.EndToEnd.Tests.Servers;

namespace Afterword.EndToEnd.Tests.Attacks;

/// <summary>Sends changed requests one after the other, so that the processor time of each can be told.</summary>
internal sealed class Attacker(ServerProcess server, int seed) : IDisposable
{
    private const int MostFaults = 20;

    private static readonly string[] s_doorCodes = ["\"code\":32,", "\"code\":89,", "\"code\":135,"];

    private readonly Random _random = new(seed);
    private readonly RawConnection _connection = new(server.Url.Port);

    public int Refused { get; private set; }

    /// <summary>Requests that were sent as they had been signed, and accepted: the control.</summary>
    public int AcceptedUnchanged { get; private set; }

    /// <summary>Prompts that those have made.</summary>
    public int Created { get; private set; }

    /// <summary>Request tokens that those have made.</summary>
    public int Begun { get; private set; }

    public TimeSpan Longest { get; private set; }

    public List<string> Faults { get; } = [];

    /// <param name="valid">What is changed.</param>
    /// <param name="count">How many changed requests are sent.</param>
    /// <param name="each">How many before the valid ones are sent, and made anew.</param>
    /// <param name="most">The processor time that none may use; null looks away.</param>
    public async Task RunAsync(ValidRequests valid, int count, int each, TimeSpan? most)
    {
        (Refused, Created, Begun) = (0, 0, 0);
        var mutations = new Mutations(_random);
        while (Refused < count && Faults.Count < MostFaults)
        {
            var requests = await valid.MakeAsync();
            var meanings = requests.Select(Meaning.Of).ToArray();
            for (var i = 0; i < each; i++)
            {
                var at = _random.Next(requests.Length);
                var changed = mutations.Change(requests[at], requests[_random.Next(requests.Length)]);
                if (meanings.Contains(Meaning.Of(changed))) continue;

                Attack(changed, most);
            }

            foreach (var request in requests) SendUnchanged(request);
        }
    }

    public void Dispose() => _connection.Dispose();

    private void Attack(WireRequest request, TimeSpan? most)
    {
        var bytes = request.ToBytes();
        var (status, head, body, time) = Send(request, bytes);
        if (IsPage(request) ? status is 0 or >= 500 : !IsRefused(status, head, body)) Faults.Add($"{status} {body}\nfor\n{System.Text.Encoding.Latin1.GetString(bytes)}");
        else if (!IsPage(request)) Refused++;

        // A collection or a compilation that happens to come by is not the request's doing: that stays with it when it is repeated.
        for (var i = 0; i < 5 && time > most / 10; i++)
        {
            var again = Send(request, bytes).Time;
            time = again < time ? again : time;
        }

        if (time > most) Faults.Add($"{time.TotalMilliseconds:0} ms for\n{System.Text.Encoding.Latin1.GetString(bytes)}");
        if (most is not null && time > Longest) Longest = time;
    }

    private void SendUnchanged(WireRequest request)
    {
        var (status, _, body, _) = Send(request, request.ToBytes());
        if (status != 200)
        {
            Faults.Add($"The unchanged request was refused: {status} {body}\n{request}");
            return;
        }

        AcceptedUnchanged++;
        if (request.Target.StartsWith("/1.1/feedback/create", StringComparison.Ordinal)) Created++;
        if (request.Target.StartsWith("/oauth/request_token", StringComparison.Ordinal)) Begun++;
    }

    // A target that was cut short may be a page that everybody may see.
    private static bool IsPage(WireRequest request) =>
        !request.Target.StartsWith("/1.1/", StringComparison.OrdinalIgnoreCase) && !request.Target.StartsWith("/oauth/", StringComparison.OrdinalIgnoreCase);

    // Refused at the door. What is wrong with parameters, and how a limit stands, is told to known callers alone.
    private static bool IsRefused(int status, string head, string body) =>
        !head.Contains("x-rate-limit", StringComparison.OrdinalIgnoreCase) && status switch
        {
            400 => body.Length == 0 || body.Contains("\"code\":215", StringComparison.Ordinal),
            401 => s_doorCodes.Any(code => body.Contains(code, StringComparison.Ordinal)) || body.Length == 0,
            404 => body.Length == 0 || body.Contains("\"code\":34", StringComparison.Ordinal),
            413 or 414 or 431 or 505 => true,
            _ => false,
        };

    private (int Status, string Head, string Body, TimeSpan Time) Send(WireRequest request, byte[] bytes)
    {
        var before = ProcessorTime.Of(server.Id);
        var (status, head, body) = _connection.Send(bytes, hasNoBody: request.Method == "HEAD");
        return (status, head, body, ProcessorTime.Of(server.Id) - before);
    }
}
