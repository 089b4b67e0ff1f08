using System.Text;

namespace Afterword.Server.Reference;

/// <summary>One call of a route, as it is typed.</summary>
/// <param name="Route">The route.</param>
/// <param name="Server">Scheme and host of the server.</param>
internal sealed record ExampleCall(DescribedRoute Route, string Server)
{
    /// <summary>What is told of a server that does not know its own address.</summary>
    public const string AnyServer = "https://feedback.example.com";

    private const string Next = " \\\n  ";

    /// <summary>With this program, which signs; null where it has nothing to sign.</summary>
    public string? Command => Route.Signature is { } signature
        ? string.Join(Next, [
            $"afterword call {Route.Method} {FilledPath}",
            .. Route.Operation.Body is { } json
                ? (string[])[$"--body {Quoted(json.Node().ToJsonString())}"]
                : [.. Given(ParameterLocation.Query, ParameterLocation.Body).Select(parameter => Quoted($"{parameter.Name}={parameter.Example}"))],
            $"--server {Server}", "--key KEY --secret SECRET",
            .. signature.Token is { } token ? (string[])[$"--token {token} --token-secret {token}_SECRET"] : [],
        ])
        : null;

    /// <summary>With curl, to which someone else must give the signature; null where something is needed that only a browser has.</summary>
    public string? Curl
    {
        get
        {
            if (!Route.HasExample) return null;

            var query = string.Join('&', Given(ParameterLocation.Query).Select(parameter => $"{parameter.Name}={Uri.EscapeDataString(parameter.Example!)}"));
            var address = Quoted(query.Length == 0 ? Server + FilledPath : $"{Server}{FilledPath}?{query}");
            string[] body = Route.Operation.Body is { } json
                ? ["-H 'Content-Type: application/json'", $"-d {Quoted(json.Node().ToJsonString())}"]
                : [.. Given(ParameterLocation.Body).Select(parameter => $"{(IsPlain(parameter.Example!) ? "-d" : "--data-urlencode")} {Quoted($"{parameter.Name}={parameter.Example}")}")];

            // curl itself takes GET without a body and POST with one.
            var method = Route.Method == (body.Length > 0 ? HttpMethods.Post : HttpMethods.Get) ? "" : $"-X {Route.Method} ";
            return string.Join(Next, [$"curl {method}{address}", .. Route.Signature is { } signature ? (string[])[$"-H {Quoted(Header(signature))}"] : Bearer, .. body]);
        }
    }

    private string[] Bearer => Route.IsOperator ? ["-H 'Authorization: Bearer OPERATOR_KEY'"] : Route.IsReceiver ? ["-H 'Authorization: Bearer WEBHOOK_SECRET'"] : [];

    private string FilledPath => Given(ParameterLocation.Path).Aggregate(
        new StringBuilder(Route.Pattern), (path, parameter) => path.Replace($"{{{parameter.Name}}}", parameter.Example)).ToString();

    private IEnumerable<Parameter> Given(params ParameterLocation[] locations) =>
        Route.Operation.Parameters.Where(parameter => parameter.Example is not null && locations.Contains(Route.PlaceOf(parameter)));

    // The order is that of the header which the client writes.
    private static string Header(SignedWith signature) =>
        "Authorization: OAuth oauth_consumer_key=\"KEY\", oauth_nonce=\"…\", oauth_signature_method=\"HMAC-SHA1\", oauth_timestamp=\"…\", "
        + (signature.Token is null ? "" : $"oauth_token=\"{signature.Token}\", ") + "oauth_signature=\"…\"";

    // A shell leaves these letters alone; a form needs some of them encoded.
    private static string Quoted(string text) => IsPlain(text, "-_./:=") ? text : $"'{text.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    private static bool IsPlain(string text, string besides = "-_.") => text.All(letter => char.IsAsciiLetterOrDigit(letter) || besides.Contains(letter, StringComparison.Ordinal));
}
