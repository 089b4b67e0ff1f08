using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Afterword.Server.Configuration;
using Afterword.Server.OAuth;

namespace Afterword.Server.Reference;

/// <summary>Writes an OpenAPI 3.1 document out of described routes: one for programs, and one for the pages, which no client is generated for.</summary>
internal sealed class OpenApiDocument
{
    private const string OperatorScheme = "operatorKey";
    private const string ReceiverScheme = "webhookSecret";

    private readonly IReadOnlyList<DescribedRoute> _routes;
    private readonly IReadOnlyList<StreamEvent> _sent;
    private readonly JsonObject _info;
    private readonly Settings _settings;
    private readonly Schemas _schemas = new();

    private OpenApiDocument(IReadOnlyList<DescribedRoute> routes, IReadOnlyList<StreamEvent> sent, JsonObject info, Settings settings) =>
        (_routes, _sent, _info, _settings) = (routes, sent, info, settings);

    /// <summary>The API, for callers and operators, and what webhooks are sent, as UTF-8.</summary>
    public static byte[] WriteApi(IReadOnlyList<DescribedRoute> routes, Settings settings) => Write(new(
        [.. routes.Where(route => route.IsApi)], StreamEvent.All,
        Info(
            settings, "feedback API",
            """
            Asks customers how it went, inside the conversation, and reads what they answered. Compatible with Twitter's Customer Feedback API v1.1.

            Ids are decimal strings, in user objects numbers as well. Dates look like `Fri Nov 20 22:31:55 +0000 2026`, always in UTC. An optional member without a value is absent.
            Parameters of a `POST` come as the members of a JSON object or as a form; all may come in the query instead.
            """),
        settings));

    /// <summary>What browsers and load balancers call, as UTF-8.</summary>
    public static byte[] WritePages(IReadOnlyList<DescribedRoute> routes, Settings settings) => Write(new(
        [.. routes.Where(route => !route.IsApi)], [],
        Info(settings, "pages", "Where users sign in, write and answer, in the browser, and what load balancers ask. The API has a document of its own: `/openapi/v1.json`."),
        settings));

    private static byte[] Write(OpenApiDocument document) => Encoding.UTF8.GetBytes(document.Root().ToJsonString(Sample.Readable));

    private JsonObject Root()
    {
        var paths = new JsonObject();
        foreach (var path in _routes.GroupBy(route => route.Pattern))
        {
            paths[path.Key] = Map(path.Select(route => KeyValuePair.Create(route.Method.ToLowerInvariant(), (JsonNode?)Operation(route))));
        }

        var root = new JsonObject
        {
            ["openapi"] = "3.1.1",
            ["info"] = _info,
            ["servers"] = new JsonArray(new JsonObject { ["url"] = _settings.PublicUrl?.GetLeftPart(UriPartial.Authority) ?? "/" }),
            ["tags"] = new JsonArray([.. Topics.Select(topic => new JsonObject { ["name"] = topic.Name, ["description"] = topic.About })]),
            ["x-tagGroups"] = new JsonArray([.. Topics.GroupBy(topic => topic.Audience).Select(group => new JsonObject
            {
                ["name"] = group.Key == Audience.Api ? "API" : group.Key.ToString(),
                ["tags"] = new JsonArray([.. group.Select(topic => (JsonNode)topic.Name)]),
            })]),
            ["paths"] = paths,
        };
        if (_sent.Count > 0) root["webhooks"] = Map(_sent.Select(sent => KeyValuePair.Create(sent.Name, (JsonNode?)Webhook(sent))));

        // Written last, when everything has named its types.
        root["components"] = Components();
        return root;
    }

    private IEnumerable<Topic> Topics => Topic.All.Where(topic => _routes.Any(route => route.Operation.Topic == topic));

    private static JsonObject Info(Settings settings, string title, string description)
    {
        var contact = new JsonObject { ["name"] = $"The operator of {settings.Platform}" };
        if (settings.PublicUrl is { } url) contact["url"] = url.GetLeftPart(UriPartial.Authority);
        return new()
        {
            ["title"] = $"{settings.Platform} {title}",
            ["version"] = "1.1",
            ["description"] = description,
            ["contact"] = contact,
            ["license"] = new JsonObject { ["name"] = "MIT", ["identifier"] = "MIT" },
        };
    }

    private JsonObject Webhook(StreamEvent sent) => new()
    {
        ["post"] = new JsonObject
        {
            ["operationId"] = sent.OperationId,
            ["summary"] = sent.Summary,
            ["description"] = sent.Does,
            ["tags"] = new JsonArray(Topic.Operating.Name),
            ["parameters"] = new JsonArray([.. StreamEvent.Headers.Select(header => Parameter(header, ParameterLocation.Header))]),
            ["requestBody"] = new JsonObject { ["required"] = true, ["content"] = new JsonObject { ["application/json"] = Content(sent.Body) } },
            ["responses"] = new JsonObject
            {
                ["2XX"] = new JsonObject { ["description"] = "It was taken. Everything else is tried again." },
                ["410"] = new JsonObject { ["description"] = "Nothing is sent to this address any more." },
            },
            ["security"] = new JsonArray(),
        },
    };

    private JsonObject Components()
    {
        var errors = _routes.SelectMany(route => route.Errors).Distinct();
        return new()
        {
            ["schemas"] = Map(_schemas.All.Select(type => KeyValuePair.Create(type.Name, (JsonNode?)type.Schema))),
            ["examples"] = Map(errors.Select(error => KeyValuePair.Create(error.Name, (JsonNode?)Example(error)))),
            ["headers"] = Map(LimitHeader.All.Where(header => _routes.Any(route => route.HasLimit) || header.IsRetry).Select(header => KeyValuePair.Create(header.Name, (JsonNode?)new JsonObject
            {
                ["description"] = header.What, ["schema"] = new JsonObject { ["type"] = "integer", ["format"] = "int64" },
            }))),
            ["securitySchemes"] = Map(SecuritySchemes()),
        };
    }

    private IEnumerable<KeyValuePair<string, JsonNode?>> SecuritySchemes()
    {
        foreach (var one in SignedWith.All.Where(one => _routes.Any(route => route.Signature == one))) yield return new(one.Scheme, SecurityScheme(one));
        if (_routes.Any(route => route.IsOperator))
        {
            yield return new(OperatorScheme, new JsonObject { ["type"] = "http", ["scheme"] = "bearer", ["description"] = "A key that `afterword operator-key add` printed." });
        }

        if (_routes.Any(route => route.IsReceiver))
        {
            yield return new(ReceiverScheme, new JsonObject { ["type"] = "http", ["scheme"] = "bearer", ["description"] = "The secret of a webhook that is polled, `whsec_…`." });
        }
    }

    private static JsonObject SecurityScheme(SignedWith signature) => new()
    {
        ["type"] = "http",
        ["scheme"] = "OAuth",
        ["description"] =
            $"OAuth 1.0a (RFC 5849) with `HMAC-SHA1` or `HMAC-SHA256` in the header `Authorization: OAuth …`, signed with {signature.Secrets}."
            + (signature.By == SigningSecrets.AccessToken
                ? " The role that an operation names is what the token must allow: `read`, `write`, which follows and blocks too, or `dm`, which is both and direct messages."
                : ""),
    };

    private JsonObject Operation(DescribedRoute route)
    {
        var operation = new JsonObject
        {
            ["operationId"] = route.OperationId,
            ["summary"] = route.Operation.Summary,
            ["description"] = Description(route),
            ["tags"] = new JsonArray(route.Operation.Topic.Name),
        };
        var parameters = route.Operation.Parameters.Where(parameter => route.PlaceOf(parameter) != ParameterLocation.Body).ToArray();
        if (parameters.Length > 0) operation["parameters"] = new JsonArray([.. parameters.Select(parameter => Parameter(parameter, route.PlaceOf(parameter)))]);
        if (Body(route) is { } body) operation["requestBody"] = body;
        operation["responses"] = Responses(route);
        operation["security"] = route.Signature is not { } signature
            ? new JsonArray([.. BearerOf(route) is { } bearer ? (JsonNode[])[new JsonObject { [bearer] = new JsonArray() }] : []])
            : new JsonArray(new JsonObject { [signature.Scheme] = route.Permission is { } permission ? new JsonArray(permission) : new JsonArray() });
        return operation;
    }

    private static string? BearerOf(DescribedRoute route) => route.IsOperator ? OperatorScheme : route.IsReceiver ? ReceiverScheme : null;

    private static string Description(DescribedRoute route) => string.Concat(
        route.Operation.Does, route.IsApi ? $"\n\nWho calls: {route.Caller}." : "", route.Signature is { } signature ? $" Signed with {signature.Secrets}." : "",
        route.Limit is { } limit ? $" Limit: {limit}." : "");

    private static JsonObject Parameter(Parameter parameter, ParameterLocation location)
    {
        var written = new JsonObject
        {
            ["name"] = parameter.Name,
            ["in"] = location.ToString().ToLowerInvariant(),
            ["description"] = Says(parameter),
            ["required"] = location == ParameterLocation.Path || parameter.Required,
            ["schema"] = Schema(parameter),
        };
        if (parameter.Format.Value(parameter.Example) is { } example) written["example"] = example;
        return written;
    }

    private JsonObject? Body(DescribedRoute route)
    {
        if (route.Operation.Body is { } sample) return new() { ["required"] = true, ["content"] = new JsonObject { ["application/json"] = Content(sample) } };

        var members = route.Operation.Parameters.Where(parameter => route.PlaceOf(parameter) == ParameterLocation.Body).ToArray();
        if (members.Length == 0) return null;

        // JSON first: generators write it, and label what they send with the first type that is named.
        var takesJson = route.IsSigned || route.IsOperator;
        var schema = _schemas.Add(route.BodyName, Members(members, takesJson));
        var content = new JsonObject();
        if (takesJson) content["application/json"] = Members(members, schema, route.HasExample);
        content["application/x-www-form-urlencoded"] = Members(members, schema.DeepClone(), route.HasExample);
        return new() { ["required"] = members.Any(member => member.Required), ["content"] = content };
    }

    private static JsonObject Members(Parameter[] members, bool takesJson)
    {
        var schema = new JsonObject
        {
            ["type"] = "object",
            ["properties"] = Map(members.Select(member =>
            {
                // Null counts as not given. Typed clients then leave out a number that nobody set, instead of sending 0. Defaults stand in the
                // description alone: generators for TypeScript take a member that has one for a member that must be there.
                var property = takesJson && !member.Required ? Schemas.OrNull(member.Format.Schema) : member.Format.Schema;
                property["description"] = Says(member);
                return KeyValuePair.Create(member.Name, (JsonNode?)property);
            })),
        };
        var required = members.Where(member => member.Required).Select(member => (JsonNode)member.Name).ToArray();
        if (required.Length > 0) schema["required"] = new JsonArray(required);
        return schema;
    }

    private static JsonObject Members(Parameter[] members, JsonNode schema, bool withExample)
    {
        var body = new JsonObject { ["schema"] = schema };
        if (withExample) body["example"] = Map(members.Where(member => member.Example is not null).Select(member => KeyValuePair.Create(member.Name, member.Format.Value(member.Example))));
        return body;
    }

    private static JsonObject Schema(Parameter parameter)
    {
        var schema = parameter.Format.Schema;
        if (parameter.Format.Value(parameter.Default) is { } otherwise && (string?)schema["type"] != "string") schema["default"] = otherwise;
        return schema;
    }

    private static string Says(Parameter parameter) =>
        $"{parameter.Meaning} {char.ToUpperInvariant(parameter.Format.Rule[0])}{parameter.Format.Rule[1..]}{(parameter.Default is null ? "" : $"; default {parameter.Default}")}.";

    private JsonObject Responses(DescribedRoute route)
    {
        var responses = Map(route.Operation.Replies.Select(reply => KeyValuePair.Create(Text(reply.Status), (JsonNode?)Response(route, reply))));
        foreach (var status in route.Errors.GroupBy(error => error.Error.Status))
        {
            responses[Text(status.Key)] = new JsonObject
            {
                ["description"] = string.Join(" · ", status.Select(error => $"{error.Error.Code}: {error.When}")),
                ["headers"] = Headers(told: route.HasLimit && status.Key != 401, withRetry: status.Key is 429 or 503),
                ["content"] = new JsonObject
                {
                    ["application/json"] = new JsonObject
                    {
                        ["schema"] = _schemas.Of(Client.Wire.WireJson.Default.ErrorsJson),
                        ["examples"] = Map(status.Select(error => KeyValuePair.Create(error.Name, (JsonNode?)new JsonObject { ["$ref"] = $"#/components/examples/{error.Name}" }))),
                    },
                },
            };
        }

        return responses;
    }

    private JsonObject Response(DescribedRoute route, Reply reply)
    {
        var headers = Headers(told: route.HasLimit, withRetry: reply.Status == 503);
        foreach (var (name, what) in reply.Headers) headers[name] = new JsonObject { ["description"] = what, ["schema"] = new JsonObject { ["type"] = "string" } };

        var response = new JsonObject { ["description"] = reply.What, ["headers"] = headers };
        if (reply.Json is { } sample) response["content"] = new JsonObject { [reply.ContentType!] = Content(sample) };
        else if (reply.Form.Count > 0)
        {
            response["content"] = new JsonObject { [reply.ContentType!] = Pairs(route, reply) };
        }
        else if (reply.ContentType is { } type)
        {
            // A file of any size is read as it comes, and not taken for a text in JSON.
            var schema = new JsonObject { ["type"] = "string" };
            if (type is "text/csv" or "application/x-ndjson") schema["format"] = "binary";
            var content = new JsonObject { ["schema"] = schema };
            if (reply.Text is { } text) content["example"] = text;
            response["content"] = new JsonObject { [type] = content };
        }

        return response;
    }

    private JsonObject Pairs(DescribedRoute route, Reply reply) => new()
    {
        ["schema"] = _schemas.Add(route.ReplyName, new()
        {
            ["type"] = "object",
            ["properties"] = Map(reply.Form.Select(pair => KeyValuePair.Create(pair.Name, (JsonNode?)new JsonObject { ["type"] = "string", ["description"] = pair.What }))),
            ["required"] = new JsonArray([.. reply.Form.Select(pair => (JsonNode)pair.Name)]),
        }),
        ["example"] = Map(reply.Form.Select(pair => KeyValuePair.Create(pair.Name, (JsonNode?)pair.Example))),
    };

    private JsonObject Content(Sample sample) => new() { ["schema"] = _schemas.Of(sample.Type), ["example"] = sample.Node() };

    // A limit is told once the caller is known.
    private static JsonObject Headers(bool told, bool withRetry) => Map(LimitHeader.All
        .Where(header => header.IsRetry ? withRetry : told)
        .Select(header => KeyValuePair.Create(header.Name, (JsonNode?)new JsonObject { ["$ref"] = $"#/components/headers/{header.Name}" })));

    private static JsonObject Example(DocumentedError error) => new()
    {
        ["summary"] = error.When,
        ["value"] = new JsonObject
        {
            ["errors"] = new JsonArray(new JsonObject { ["code"] = error.Error.Code, ["message"] = error.Error.Message }),
        },
    };

    private static JsonObject Map(IEnumerable<KeyValuePair<string, JsonNode?>> members) => new(members);

    private static string Text(int status) => status.ToString(CultureInfo.InvariantCulture);
}
