using System.Text;
using Afterword.Server.Errors;
using Afterword.Server.Hosting;
using Afterword.Server.Parsing;
using Afterword.Server.Reference;

namespace Afterword.Server.OAuth.Grants;

/// <summary>How an app gets a user's token: the three legs of OAuth 1.0a (RFC 5849, section 2).</summary>
internal static class GrantEndpoints
{
    private const string FormType = "application/x-www-form-urlencoded";

    // The legs are POSTs; clients from Twitter's first years send them as GETs.
    private static readonly string[] s_methods = ["POST", "GET"];

    public static void MapGrants(this IEndpointRouteBuilder routes)
    {
        routes.MapMethods("/oauth/request_token", s_methods, IssueRequestToken).WithMetadata(new SignatureRequirement(By: SigningSecrets.App)).Describe(GrantReference.RequestToken);
        routes.MapMethods("/oauth/access_token", s_methods, Exchange).WithMetadata(new SignatureRequirement(By: SigningSecrets.RequestToken)).Describe(GrantReference.AccessToken);
        foreach (var name in (ReadOnlySpan<string>)["invalidate_token", "invalidate_token.json"])
        {
            routes.MapPost($"/1.1/oauth/{name}", Invalidate).WithMetadata(new SignatureRequirement()).Describe(GrantReference.Invalidate, standsFor: "/1.1/oauth/invalidate_token.json");
        }

        routes.MapAuthorize();
        routes.MapApprovedApps();
    }

    private static async Task IssueRequestToken(HttpContext http, SignedCall call, RequestTokens tokens)
    {
        var read = new ParameterReader(call.Parameters);
        var callback = read.Required("oauth_callback");
        var permission = ReadPermission(read);
        if (read.Errors.Any)
        {
            await http.RefuseAsync(read.Errors);
        }
        else if (!call.App.Callbacks.Contains(callback!, StringComparer.Ordinal) || !Callback.MayBe(callback!))
        {
            await http.RefuseAsync(ApiError.CallbackNotApproved);
        }
        else
        {
            var issued = await tokens.IssueAsync(call.App, new(callback!), permission, http.RequestAborted);
            await AnswerFormAsync(http, ("oauth_token", issued.Token), ("oauth_token_secret", issued.Secret), ("oauth_callback_confirmed", "true"));
        }
    }

    private static async Task Exchange(HttpContext http, SignedCall call, RequestTokens tokens)
    {
        var read = new ParameterReader(call.Parameters);
        var verifier = read.Required("oauth_verifier");
        if (read.Errors.Any)
        {
            await http.RefuseAsync(read.Errors);
            return;
        }

        switch (await tokens.ExchangeAsync(call.RequestToken!, verifier!, http.RequestAborted))
        {
            case ExchangeOutcome.Granted granted:
                await AnswerFormAsync(
                    http, ("oauth_token", granted.Token.Token), ("oauth_token_secret", granted.Token.TokenSecret),
                    ("user_id", granted.UserId.ToString(System.Globalization.CultureInfo.InvariantCulture)), ("screen_name", granted.ScreenName));
                break;
            case ExchangeOutcome.WrongVerifier:
                await http.RefuseAsync(ApiError.BadCredentials);
                break;
            case ExchangeOutcome.Gone:
                await http.RefuseAsync(ApiError.BadToken);
                break;
            case ExchangeOutcome.UserSuspended:
                await http.RefuseAsync(ApiError.CallerSuspended);
                break;
            case var other:
                throw new System.Diagnostics.UnreachableException(other.ToString());
        }
    }

    private static async Task Invalidate(HttpContext http, SignedCall call, Apps apps, CredentialStore credentials)
    {
        var token = SignatureCheck.TokenOf(call);
        await apps.RevokeTokenAsync(token, http.RequestAborted);
        credentials.Forget(token);
        await http.AnswerAsync(200, new InvalidatedTokenJson(token), GrantJson.Default.InvalidatedTokenJson);
    }

    // Without the parameter an app asks for all: an app has no narrower level of its own.
    private static Permission ReadPermission(ParameterReader read)
    {
        switch (read.Optional("x_auth_access_type"))
        {
            case null: return Permission.DirectMessages;
            case "read": return Permission.Read;
            case "write": return Permission.Write;
            case "dm": return Permission.DirectMessages;
            default:
                read.Errors.Add(ApiError.Invalid("x_auth_access_type", "read, write or dm"));
                return Permission.Read;
        }
    }

    private static Task AnswerFormAsync(HttpContext http, params ReadOnlySpan<(string Name, string Value)> pairs)
    {
        var body = new StringBuilder();
        foreach (var (name, value) in pairs) body.Append(body.Length > 0 ? "&" : "").Append(name).Append('=').Append(Uri.EscapeDataString(value));

        http.Response.Headers.CacheControl = "no-store";
        return http.AnswerAsync(200, FormType, Encoding.ASCII.GetBytes(body.ToString()));
    }
}
