using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Afterword.Client.OAuth;

namespace Afterword.Server.Cli;

/// <summary><c>afterword call</c>: a signed call, as any client would make it.</summary>
internal static class CallCommand
{
    private static readonly Argument<string> s_method = new("METHOD") { Description = "GET, POST or PUT." };
    private static readonly Argument<string> s_path = new("PATH") { Description = "The path, such as /1.1/feedback/create.json." };
    private static readonly Argument<string[]> s_parameters = new("k=v") { Description = "Parameters: in the query of a GET, in the body of a POST or PUT.", Arity = ArgumentArity.ZeroOrMore };
    private static readonly Option<string> s_key = new("--key") { Description = "The consumer key.", Required = true, HelpName = "KEY" };
    private static readonly Option<string> s_secret = new("--secret") { Description = "The consumer secret.", Required = true, HelpName = "S" };
    private static readonly Option<string?> s_token = new("--token") { Description = "The access token.", HelpName = "T" };
    private static readonly Option<string?> s_tokenSecret = new("--token-secret") { Description = "The secret of the access token.", HelpName = "S" };
    private static readonly Option<Uri> s_server = new("--server")
    {
        Description = "The server to call; http://localhost:5000 by default.", HelpName = "URL",
        CustomParser = result =>
        {
            if (Uri.TryCreate(result.Tokens[0].Value, UriKind.Absolute, out var url) && url.Scheme is "http" or "https") return url;

            result.AddError($"--server is \"{result.Tokens[0].Value}\"; it must be an http or https address, such as http://localhost:5000.");
            return null;
        },
        DefaultValueFactory = _ => new Uri("http://localhost:5000"),
    };

    private static readonly Option<bool> s_jsonBody = new("--json-body") { Description = "Send the parameters as a JSON object instead of a form." };
    private static readonly Option<string?> s_body = new("--body") { Description = "Send this JSON as the body, without parameters.", HelpName = "JSON" };

    public static Command Create()
    {
        var command = new Command(
            "call",
            "Make a signed call; prints the status on stderr and the body on stdout, and fails unless the status is 2xx. "
            + "Example: afterword call GET /1.1/feedback/show/ID.json --key K --secret S --token T --token-secret U")
        {
            s_method, s_path, s_parameters, s_key, s_secret, s_token, s_tokenSecret, s_server, s_jsonBody, s_body,
        };
        s_method.Validators.Add(result =>
        {
            var method = result.Tokens[0].Value;
            if (!method.All(char.IsAsciiLetter)) result.AddError($"\"{method}\" is not a method, such as GET or POST.");
        });
        s_path.Validators.Add(result =>
        {
            if (!result.Tokens[0].Value.StartsWith('/')) result.AddError($"\"{result.Tokens[0].Value}\" is not a path, such as /1.1/feedback/create.json.");
        });
        s_parameters.Validators.Add(result =>
        {
            foreach (var token in result.Tokens.Where(token => token.Value.IndexOf('=', StringComparison.Ordinal) <= 0)) result.AddError($"\"{token.Value}\" is not a parameter as name=value.");
        });
        command.Validators.Add(result =>
        {
            if (result.GetValue(s_token) is null != result.GetValue(s_tokenSecret) is null) result.AddError("--token and --token-secret go together.");
            if (result.GetValue(s_body) is not null && (result.GetValue(s_jsonBody) || result.GetValue(s_parameters) is [_, ..])) result.AddError("--body goes without parameters and without --json-body.");
        });
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken stop)
    {
        var server = parsed.GetRequiredValue(s_server);
        using var request = Request(parsed, server);
        using var http = new HttpClient(Handler(parsed, server));
        try
        {
            using var answer = await http.SendAsync(request, stop);
            await parsed.InvocationConfiguration.Error.WriteLineAsync($"{(int)answer.StatusCode} {answer.ReasonPhrase}");

            var body = await answer.Content.ReadAsStringAsync(stop);
            await parsed.InvocationConfiguration.Output.WriteLineAsync(parsed.WantsJson && !IsJson(body) ? JsonSerializer.Serialize(body, CommandJson.Default.String) : body);
            return answer.IsSuccessStatusCode ? ExitCode.Done : ExitCode.Failed;
        }
        catch (HttpRequestException error)
        {
            throw new CommandException(ExitCode.Failed, $"{server} does not answer: {error.Message}. Name another with --server.");
        }
        catch (TaskCanceledException) when (!stop.IsCancellationRequested)
        {
            throw new CommandException(ExitCode.Failed, string.Create(CultureInfo.InvariantCulture, $"{server} gave no answer within {http.Timeout.TotalSeconds} seconds."));
        }
    }

    private static OAuthHandler Handler(ParseResult parsed, Uri server) => new(
        new OAuthCredentials(parsed.GetRequiredValue(s_key), parsed.GetRequiredValue(s_secret), parsed.GetValue(s_token), parsed.GetValue(s_tokenSecret)))
    {
        // A redirect is the server's answer. A proxy of the environment cannot reach this machine's own addresses.
        InnerHandler = new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = !server.IsLoopback },
    };

    private static HttpRequestMessage Request(ParseResult parsed, Uri server)
    {
        var parameters = (parsed.GetValue(s_parameters) ?? []).Select(text => text.Split('=', 2)).Select(pair => KeyValuePair.Create(pair[0], pair[1])).ToArray();
        var method = new HttpMethod(parsed.GetRequiredValue(s_method).ToUpperInvariant());
        var address = server.AbsoluteUri.TrimEnd('/') + parsed.GetRequiredValue(s_path);

        var hasBody = method != HttpMethod.Get && method != HttpMethod.Head && method != HttpMethod.Delete;
        if (!hasBody && parameters.Length > 0)
        {
            var query = string.Join('&', parameters.Select(pair => $"{Uri.EscapeDataString(pair.Key)}={Uri.EscapeDataString(pair.Value)}"));
            address += (address.Contains('?', StringComparison.Ordinal) ? "&" : "?") + query;
        }

        HttpContent? content = !hasBody ? null
            : parsed.GetValue(s_body) is { } body ? new StringContent(body, Encoding.UTF8, "application/json")
            : parsed.GetValue(s_jsonBody) ? new StringContent(JsonObject(parameters), Encoding.UTF8, "application/json")
            : new FormUrlEncodedContent(parameters);
        return new HttpRequestMessage(method, address) { Content = content };
    }

    // Written by hand: a dictionary would keep one of two parameters with the same name, and a test may want both.
    private static string JsonObject(IEnumerable<KeyValuePair<string, string>> parameters)
    {
        using var written = new MemoryStream();
        using (var json = new Utf8JsonWriter(written, new JsonWriterOptions { SkipValidation = true }))
        {
            json.WriteStartObject();
            foreach (var (name, value) in parameters) json.WriteString(name, value);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(written.ToArray());
    }

    private static bool IsJson(string body)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
