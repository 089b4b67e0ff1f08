using System.Text.Json;
using Afterword.Client.OAuth;
using Afterword.Server.Answers;
using Afterword.Server.OAuth;
using Afterword.Server.Tests.Fixtures;
using Afterword.Support;

namespace Afterword.Server.Tests.Abuse;

/// <summary>No request takes more than some milliseconds of the processor, whatever stands in it or in the store.</summary>
[Collection(nameof(Alone))]
public sealed class HostileTimeTests : IAsyncLifetime
{
    // What the product promises is half of it. Client and server are measured together, on machines of any kind.
    private static readonly TimeSpan s_most = TimeSpan.FromMilliseconds(100);

    // Forms of most pages, bodies of the API, forms of the card: as much as is read.
    private static readonly int[] s_sizes = [15_000, 60_000, 120_000];

    private AttackedServer _attacked = null!;

    public async ValueTask InitializeAsync() => _attacked = await AttackedServer.StartAsync(Engine.Sqlite);

    public ValueTask DisposeAsync() => _attacked.DisposeAsync();

    [Fact]
    public async Task No_text_in_any_field_of_any_route_is_expensive()
    {
        var slow = new List<string>();
        foreach (var gate in _attacked.Gates)
        {
            await _attacked.ApproachAsync(gate);
            foreach (var (text, path, body) in RequestsTo(gate))
            {
                var took = await Alone.LeastAsync(s_most, () => _attacked.SendAsync(gate, path, body));
                if (took > s_most) slow.Add($"{took.TotalMilliseconds:N0} ms: {gate}, {text}, {body?.Length ?? path.Length} bytes");
            }
        }

        Assert.True(slow.Count == 0, string.Join('\n', slow));
    }

    [Fact]
    public async Task No_page_is_expensive_whatever_was_written()
    {
        var world = _attacked.World;
        var texts = HostileTexts.All.Select(one => one.Of(9_500)).Where(text => text.Trim().Length > 100).ToArray();
        for (var i = 0; i < 50; i++) await world.WriteAsync(world.Bea, world.Ana, texts[i % texts.Length]);
        for (var i = 0; i < 50; i++) await world.WriteAsync(world.Furni, world.Ana, HostileTexts.All[1].Of(9_500));
        var links = string.Concat(Enumerable.Repeat("http://ä ", 1_050));
        for (var i = 0; i < 50; i++) await world.WriteAsync(world.Bea, world.Ana, links);
        for (var i = 0; i < 60; i++) await AnsweredAsync(i % 2 == 0 ? new string('\uFDFA', 9_990) + " chair" : texts[i / 2 % texts.Length]);

        var slow = new List<string>();
        foreach (var gate in _attacked.Gates.Where(gate => gate.Method == "GET"))
        {
            await _attacked.ApproachAsync(gate);
            string[] queries = gate.Pattern.EndsWith("/answers", StringComparison.Ordinal) ? ["?", "?q=chair", "?q=%EF%B7%BA", "?q=nobody", "?q=chair&show=all&test=all"] : ["?"];
            string[] paths = gate.Pattern.StartsWith("/messages/{", StringComparison.Ordinal) ? [_attacked.PathOf(gate), "/messages/bea"] : [_attacked.PathOf(gate)];
            foreach (var (path, query) in paths.SelectMany(path => queries.Select(query => (path, query))))
            {
                var took = await Alone.LeastAsync(s_most, () => _attacked.SendAsync(gate, path + query, null));
                if (took > s_most) slow.Add($"{took.TotalMilliseconds:N0} ms: {gate}, {path}{query}");
            }
        }

        Assert.True(slow.Count == 0, string.Join('\n', slow));
    }

    [Fact]
    public async Task Marks_in_descending_order_are_cheap_wherever_a_text_is_taken()
    {
        var (form, json) = (HostileTexts.Marks(9_000), HostileTexts.Marks(30_000));
        var nobody = CardLink.New(1, 1).ToString();
        var card = await AskAsync();
        var (sender, server) = (_attacked.World.Sender, _attacked.Server);
        foreach (var (name, ask) in new (string, Func<Task<Answer>>)[]
        {
            ("an unknown card", () => server.SendAsync(null, HttpMethod.Post, $"/f/{nobody}", TestServer.Form(("text", HostileTexts.Marks(20_000))))),
            ("a card", () => server.SendAsync(null, HttpMethod.Post, $"/f/{card.Text("card_token")}", TestServer.Form(("text", HostileTexts.Marks(20_000))))),
            ("a message", () => server.PostAsync(sender, "/1.1/feedback/create.json", [.. Fields, ("message", form)])),
            ("a reference", () => server.PostAsync(sender, "/1.1/feedback/create.json", [.. Fields, ("message", "m"), ("external_id", form)])),
            ("tags", () => server.PostAsync(sender, "/1.1/feedback/create.json", [.. Fields, ("message", "m"), ("tags", form)])),
            ("a message in JSON", () => server.PostJsonAsync(sender, "/1.1/feedback/create.json", JsonSerializer.Serialize(Fields.Append(("message", json)).ToDictionary(one => one.Item1, one => one.Item2), s_plain))),
            ("a direct message", () => server.WriteAsync(sender, _attacked.World.Ana, json)),
            ("an answer", async () => await SubmitAsync(await AskAsync(), form)),
        })
        {
            var took = await Alone.LeastAsync(s_most, ask);
            Assert.True(took < s_most, $"{name}: {took.TotalMilliseconds:N0} ms");
        }
    }

    [Fact]
    public async Task An_answer_of_ten_thousand_Han_letters_is_cheap_and_found()
    {
        var text = HostileTexts.Han(5_000) + HostileTexts.Han(5_000);
        var asked = new Queue<Answer>();
        for (var i = 0; i < 3; i++) asked.Enqueue(await AskAsync());

        var took = await Alone.LeastAsync(s_most, async () => (await SubmitAsync(asked.Dequeue(), text)).Is(200));

        Assert.True(took < s_most, $"{took.TotalMilliseconds:N0} ms");
        await _attacked.Server.AllIsWellAsync();
    }

    private (string, string)[] Fields => [("type", "csat"), ("to_user_id", $"{_attacked.World.Ana.Id}"), ("privacy_url", "https://furni.example/p")];

    private async Task<Answer> AskAsync() => (await _attacked.Server.PostAsync(_attacked.World.Sender, "/1.1/feedback/create.json", [.. Fields, ("message", "m"), ("include_card", "1")])).Is(200);

    private async Task<Answer> SubmitAsync(Answer asked, string text) => await _attacked.Server.PostJsonAsync(
        await RecipientAsync(), $"/1.1/feedback/submit/{asked.Text("id")}.json", JsonSerializer.Serialize(new Dictionary<string, string> { ["score"] = "4", ["text"] = text }, s_plain));

    private async Task AnsweredAsync(string text) => (await SubmitAsync(await AskAsync(), text)).Is(200);

    private async Task<OAuthCredentials> RecipientAsync() => _recipient ??= await _attacked.Server.TokenAsync(await _attacked.Server.AppAsync(), _attacked.World.Ana);

    private OAuthCredentials? _recipient;

    private IEnumerable<(string Text, string Path, string? Body)> RequestsTo(Gate gate)
    {
        // In the quick form some texts go into some fields, in turn; over all routes every text meets every kind of field.
        var turn = gate.Pattern.Length;
        var (names, holes) = (LongForm.IsOn ? gate.Names : InTurn(gate.Names, ++turn, 1), LongForm.IsOn ? gate.Holes : InTurn(gate.Holes, turn, 1));
        foreach (var (text, of) in LongForm.IsOn ? HostileTexts.All : InTurn(HostileTexts.All, turn, 3))
        {
            foreach (var name in names)
            {
                if (!gate.TakesForm)
                {
                    yield return (text, $"{_attacked.PathOf(gate)}?{name}={Fitting(of, 6_000)}", null);
                    continue;
                }

                foreach (var size in LongForm.IsOn ? s_sizes : InTurn(s_sizes, ++turn, 1)) yield return (text, _attacked.PathOf(gate), $"{name}={Fitting(of, size)}");
                if (gate.Endpoint.Metadata.GetMetadata<SignatureRequirement>() is not null) yield return (text, _attacked.PathOf(gate), JsonSerializer.Serialize(new Dictionary<string, string> { [name] = of(19_000) }, s_plain));
            }

            foreach (var hole in holes) yield return (text, _attacked.PathOf(gate, hole, Fitting(of, 6_000)), gate.TakesForm ? "a=b" : null);
        }

        yield return ("many parameters", _attacked.PathOf(gate) + "?" + string.Join('&', Enumerable.Range(0, 999).Select(i => $"k{i}")), gate.TakesForm ? "a=b" : null);
        if (gate.TakesForm)
        {
            yield return ("many fields", _attacked.PathOf(gate), string.Join('&', Enumerable.Range(0, 8_000).Select(i => $"k{i}")));
            yield return ("much escaped", _attacked.PathOf(gate), "text=" + string.Concat(Enumerable.Repeat("%25%20", 10_000)));
            yield return ("deep JSON", _attacked.PathOf(gate), "{\"a\":" + new string('[', 50_000));
        }
    }

    private static IReadOnlyList<T> InTurn<T>(IReadOnlyList<T> all, int turn, int many) => [.. Enumerable.Range(0, Math.Min(many, all.Count)).Select(i => all[(turn + (i * 5)) % all.Count])];

    private static readonly JsonSerializerOptions s_plain = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>As much of a text as has room when it is percent-encoded.</summary>
    private static string Fitting(Func<int, string> of, int bytes)
    {
        var encoded = Uri.EscapeDataString(of(64));
        return Uri.EscapeDataString(of((int)((long)bytes * 64 / encoded.Length)));
    }
}
