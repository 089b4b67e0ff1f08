using System.Buffers;
using Afterword.Server.Console.Audit;
using Afterword.Server.Console.Members;
using Afterword.Server.Errors;
using Afterword.Server.Hosting;
using Afterword.Server.Limits;
using Afterword.Server.Parsing;
using Afterword.Server.Storage;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.ObjectPool;

namespace Afterword.Server.OAuth;

/// <summary>Lets requests through to routes marked <see cref="SignatureRequirement"/> only when they are signed, allowed and readable.</summary>
/// <remarks>The checks come in the documented order: credentials, allowlists, then the body's form; the handler goes on from there.</remarks>
internal sealed class SignatureMiddleware(RequestDelegate next, SignatureCheck check, PromptWindow prompts, MessageWindow messages, AuditCounter counter)
{
    public const int MaxBody = 64 * 1024;

    /// <summary>How many are kept for the next requests. Each has at most 16 KiB in each of its lists.</summary>
    public const int MostIdle = 64;

    // For those that are served at once; what a flood has needed besides goes.
    private static readonly DefaultObjectPool<SignedCall> s_idle = new(new SignedCallPolicy(), MostIdle);

    public async Task InvokeAsync(HttpContext http)
    {
        if (http.GetEndpoint()?.Metadata.GetMetadata<SignatureRequirement>() is not { } requirement)
        {
            await next(http);
            return;
        }

        // Answers hold what customers said: no proxy between keeps them.
        http.Response.Headers.CacheControl = "no-store";
        var call = s_idle.Get();
        try
        {
            if (!await TryReadBodyAsync(http, call)) await http.RefuseAsync(ApiError.BodyTooLarge);
            else if (await AdmitAsync(http, call, requirement) is { } error) await RefuseAsync(http, call, requirement, error);
            else await next(http);
        }
        finally
        {
            http.Features.Set<SignedCall>(null);
            s_idle.Return(call);
        }
    }

    private async Task<ApiError?> AdmitAsync(HttpContext http, SignedCall call, SignatureRequirement requirement)
    {
        using var span = Tracing.Source.StartActivity("verify");
        var content = ContentOf(http.Request, hasBody: call.Body.WrittenCount > 0);
        if (await check.RunAsync(http, call, content is Content.Form or Content.ForeignForm, requirement) is { } refusal)
        {
            if (refusal == ApiError.AppSuspended || refusal == ApiError.CallerSuspended) counter.Refused(call.App, call.Caller?.UserId ?? Workspace.Installation, refusal);
            return refusal;
        }

        if (call.Limit is { } limit) http.ShowLimit(limit);
        if (requirement.By == SigningSecrets.AccessToken && Refused(call.Caller, requirement) is not null)
        {
            call.Caller = await check.RefreshAsync(call.Caller, SignatureCheck.TokenOf(call), http.RequestAborted);
            if (Refused(call.Caller, requirement) is { } denied)
            {
                counter.Refused(call.App, call.Caller.UserId, denied);
                return denied;
            }
        }

        http.Features.Set(call);
        return content switch
        {
            Content.Form or Content.ForeignForm or Content.Other when requirement.NestedJson => ApiError.NotJson,
            Content.ForeignForm when !Charsets.IsAscii(call.Values) => ApiError.WrongContentType,
            Content.Other => ApiError.WrongContentType,
            Content.Json when !requirement.NestedJson && !call.Parameters.TryAddJson(call.Body.WrittenMemory) => JsonMistake.In(call.Body.WrittenMemory),
            _ => null,
        };
    }

    private static ApiError? Refused(Caller caller, SignatureRequirement requirement)
    {
        if (requirement.AppAllowed && !caller.App.Allowed) return ApiError.NotAllowlisted;
        if (requirement.SenderAllowed && caller.Sender is null) return ApiError.NotAllowlisted;
        if (caller.Permission >= requirement.Permission) return null;
        return requirement.Permission == Permission.Write ? ApiError.ReadOnly : ApiError.NoDirectMessages;
    }

    // A limit is told on every answer once the caller is known, refusals included. Whoever has not signed, or not well, is told with what (RFC 9110, section 11.6.1).
    private async Task RefuseAsync(HttpContext http, SignedCall call, SignatureRequirement requirement, ApiError error)
    {
        if (error.Status == 401 || error == ApiError.NoCredentials) http.Response.Headers.WWWAuthenticate = "OAuth realm=\"Afterword\"";
        if (requirement.CountsPrompts && call.Caller is { } sender) http.ShowLimit(await prompts.ReadAsync(sender, http.RequestAborted));
        if (requirement.CountsMessages && call.Caller is { } writer) http.ShowLimit(await messages.ReadAsync(writer, http.RequestAborted));
        await http.RefuseAsync(error);
    }

    private static async Task<bool> TryReadBodyAsync(HttpContext http, SignedCall call)
    {
        if (http.Request.ContentLength is > MaxBody) return false;

        // HTTP/2 may bring a body without a word about its length.
        if (http.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: false }) return true;

        var reader = http.Request.BodyReader;
        while (true)
        {
            var read = await reader.ReadAsync(http.RequestAborted);
            foreach (var piece in read.Buffer) call.Body.Write(piece.Span);
            reader.AdvanceTo(read.Buffer.End);
            if (call.Body.WrittenCount > MaxBody) return false;
            if (read.IsCompleted) return true;
        }
    }

    private static Content ContentOf(HttpRequest request, bool hasBody)
    {
        if (request.ContentType is not { Length: > 0 } text) return hasBody ? Content.Other : Content.None;
        if (!Microsoft.Net.Http.Headers.MediaTypeHeaderValue.TryParse(text, out var type)) return Content.Other;

        var isUtf8 = Charsets.IsUtf8(type);
        if (type.MediaType.Equals("application/x-www-form-urlencoded", StringComparison.OrdinalIgnoreCase)) return isUtf8 ? Content.Form : Content.ForeignForm;
        if (!hasBody) return Content.None;
        return isUtf8 && type.MediaType.Equals("application/json", StringComparison.OrdinalIgnoreCase) ? Content.Json : Content.Other;
    }

    private sealed class SignedCallPolicy : PooledObjectPolicy<SignedCall>
    {
        public override SignedCall Create() => new();

        public override bool Return(SignedCall obj)
        {
            obj.Reset();
            return true;
        }
    }

    private enum Content
    {
        None,
        Form,

        /// <summary>A form in another charset: signed as it is, and refused afterwards unless it is ASCII.</summary>
        ForeignForm,
        Json,
        Other,
    }
}
