using Afterword.Client.OAuth;
using Afterword.Server.Configuration;
using Afterword.Server.OAuth;
using Afterword.Server.OAuth.Grants;
using Afterword.Server.Reference;
using Afterword.Server.Tests.Fixtures;
using Afterword.Support;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.WebUtilities;

namespace Afterword.Server.Tests.Reference;

/// <summary>What the descriptions say of parameters is what the routes do with them.</summary>
public abstract class DescriptionTests(Engine engine) : IAsyncLifetime
{
    private FeedbackFixture _fixture = null!;

    public async ValueTask InitializeAsync() => _fixture = await FeedbackFixture.StartAsync(engine);

    [Fact]
    public Task Every_described_parameter_is_read() => RefusedAsync(
        _ => true, parameter => [parameter, parameter], 44, parameter => $"{parameter.Name} parameter is invalid: ");

    [Fact]
    public Task Every_required_parameter_is_required() => RefusedAsync(
        parameter => parameter.Required, _ => [], 38, parameter => $"{parameter.Name} parameter is missing.");

    [Fact]
    public async Task Every_example_is_accepted_by_what_reads_it()
    {
        // The examples are of a later day than the test's.
        await _fixture.Server.AdvanceAsync(TimeSpan.FromDays(365));
        var refused = new List<string>();
        foreach (var route in Checkable)
        {
            // The examples' ids exist nowhere, and that is all that may be wrong with it.
            var answer = await CallAsync(route, route.Operation.Parameters);
            if (answer.Status == 400 || (answer.Status == 401 && answer.Codes.Contains(89))) refused.Add($"{route.Method} {route.Path}: {answer.Body}");
        }

        Assert.True(refused.Count == 0, string.Join('\n', refused));
    }

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    private IEnumerable<DescribedRoute> Checkable => DescribedRoute.All(_fixture.Server.Get<EndpointDataSource>(), _fixture.Server.Get<Settings>().Limits)
        .Where(route => route is { IsSigned: true, Operation.Body: null });

    /// <summary>Calls each route once for each of its parameters, with that one changed, and expects to be refused for it.</summary>
    private async Task RefusedAsync(
        Func<Parameter, bool> which, Func<Parameter, Parameter[]> change, int code, Func<Parameter, string> message)
    {
        var (failures, calls) = (new List<string>(), 0);
        foreach (var route in Checkable)
        {
            foreach (var parameter in route.Sent.Where(which))
            {
                var answer = await CallAsync(route, [.. route.Operation.Parameters.SelectMany(one => one == parameter ? change(one) : [one])], parameter);
                var wanted = message(parameter);
                if (answer.Status != 400 || !answer.Codes.Zip(answer.Messages).Any(error => error.First == code && error.Second.StartsWith(wanted, StringComparison.Ordinal)))
                {
                    failures.Add($"{route.Method} {route.Path} {parameter.Name}: {answer.Status} {answer.Body}");
                }

                calls++;
            }
        }

        Assert.True(failures.Count == 0, string.Join('\n', failures));
        Assert.True(calls > 3, "Nothing was checked.");
    }

    /// <summary>Calls a route with the examples of these parameters. One without an example goes along only if it is asked for.</summary>
    private async Task<Answer> CallAsync(DescribedRoute route, IReadOnlyList<Parameter> parameters, Parameter? asked = null)
    {
        var given = parameters.Where(parameter => parameter.Example is not null || parameter == asked).ToArray();
        (string, string)[] At(ParameterLocation location) => [.. given.Where(parameter => route.PlaceOf(parameter) == location).Select(parameter => (parameter.Name, parameter.Example ?? "x"))];

        var path = At(ParameterLocation.Path).Aggregate(route.Pattern, (pattern, hole) => pattern.Replace($"{{{hole.Item1}}}", hole.Item2, StringComparison.Ordinal));
        var query = System.Text.Encoding.ASCII.GetString(TestServer.Form(At(ParameterLocation.Query)));
        return await _fixture.Server.SendAsync(
            await SignerAsync(route), new HttpMethod(route.Method), query.Length == 0 ? path : $"{path}?{query}", route.Method == "GET" ? null : TestServer.Form(At(ParameterLocation.Body)),
            request =>
            {
                foreach (var header in At(ParameterLocation.Header).GroupBy(header => header.Item1)) request.Headers.TryAddWithoutValidation(header.Key, header.Select(one => one.Item2));
            });
    }

    /// <summary>What the route wants to be signed with. A token of its own for each call, since one of the routes ends it.</summary>
    private async Task<OAuthCredentials> SignerAsync(DescribedRoute route)
    {
        var app = new OAuthCredentials(_fixture.App.ConsumerKey, _fixture.App.ConsumerSecret);
        if (route.Signature!.By == SigningSecrets.App) return app;
        if (route.Signature.By == SigningSecrets.AccessToken) return await _fixture.Server.TokenAsync(_fixture.App, _fixture.Furni);

        // Approved, since the leg is asked for its parameters and not for its patience.
        var issued = QueryHelpers.ParseQuery((await _fixture.Server.PostAsync(app, "/oauth/request_token", ("oauth_callback", "oob"))).Is(200).Body);
        var tokens = _fixture.Server.Get<RequestTokens>();
        var token = await tokens.FindAsync(issued["oauth_token"].ToString(), default);
        await tokens.ApproveAsync(token!, _fixture.Furni.Id, default);
        return app with { Token = token!.Token, TokenSecret = token.Secret };
    }
}

public sealed class SqliteDescriptionTests() : DescriptionTests(Engine.Sqlite);

[LongForm]
public sealed class PostgresDescriptionTests() : DescriptionTests(Engine.Postgres);
