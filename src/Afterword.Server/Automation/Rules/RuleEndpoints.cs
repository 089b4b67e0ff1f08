using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Afterword.Client.Wire;
using Afterword.Server.Console.Members;
using Afterword.Server.Errors;
using Afterword.Server.Hosting;
using Afterword.Server.Hosting.Transport;
using Afterword.Server.Limits;
using Afterword.Server.OAuth;
using Afterword.Server.Parsing;
using Afterword.Server.Prompts;
using Afterword.Server.Reference;

namespace Afterword.Server.Automation.Rules;

/// <summary>A sender reads its rules and changes them.</summary>
internal static class RuleEndpoints
{
    private static readonly ApiError s_versionMissing = new(400, 38, "If-Match parameter is missing. Send that header, or version in the document.");

    public static void MapRules(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/1.1/feedback/rules.json", Read)
            .WithMetadata(new SignatureRequirement(AppAllowed: true, SenderAllowed: true, Limit: LimitedEndpoint.RulesRead)).Describe(RuleReference.Read);
        routes.MapPut("/1.1/feedback/rules.json", Change)
            .WithMetadata(new SignatureRequirement(Permission.DirectMessages, AppAllowed: true, SenderAllowed: true, Limit: LimitedEndpoint.RulesWrite, NestedJson: true)).Describe(RuleReference.Change);
    }

    private static async Task Read(HttpContext http, SignedCall call, ChangeRules rules, TimeProvider clock)
    {
        if (await http.RefusedByLimitAsync(call, clock)) return;

        await AnswerAsync(http, await rules.FindAsync(call.Caller.UserId, http.RequestAborted));
    }

    private static async Task Change(HttpContext http, SignedCall call, ChangeRules rules, Questions questions, TimeProvider clock)
    {
        var document = RulesDocument.Parse(call.Body.WrittenMemory, questions, out var errors);
        var seen = ReadSeen(http, document, errors);
        if (errors.Any)
        {
            await http.RefuseAsync(errors);
            return;
        }

        if (await http.RefusedByLimitAsync(call, clock)) return;

        switch (await rules.RunAsync(call.Caller.UserId, Member.OfUser(call.Caller.ScreenName), seen, document!.Text, http.RequestAborted))
        {
            case ChangeRulesOutcome.Saved(var saved):
                await AnswerAsync(http, saved);
                break;
            case ChangeRulesOutcome.Conflict:
                await http.RefuseAsync(ApiError.RulesMovedOn);
                break;
        }
    }

    /// <summary>The version that the caller has read: by the header, or in the document itself.</summary>
    private static long? ReadSeen(HttpContext http, RulesDocument? document, ApiErrors errors)
    {
        var header = http.Request.Headers.IfMatch;
        if (header.Count == 0)
        {
            if (document is { Version: null }) errors.Add(s_versionMissing);
            return document?.Version;
        }

        var text = header.ToString();
        if (header.Count == 1 && WholeNumber.TryRead(text.Length > 2 && text[0] == '"' && text[^1] == '"' ? text[1..^1] : text, out var seen) && (document?.Version ?? seen) == seen) return seen;

        errors.Add(ApiError.Invalid("If-Match", "the version that you have read, and that of the document if it names one"));
        return null;
    }

    private static Task AnswerAsync(HttpContext http, RulesVersion? saved)
    {
        http.Response.Headers.ETag = string.Create(CultureInfo.InvariantCulture, $"\"{saved?.Version ?? 0}\"");
        var buffer = Buffers.Rent();
        Write(buffer, saved);
        return http.AnswerAsync(200, "application/json; charset=utf-8", buffer);
    }

    // The document as it was sent, and what the server knows of it in front.
    private static void Write(ArrayBufferWriter<byte> buffer, RulesVersion? saved)
    {
        using var writer = new Utf8JsonWriter(buffer, WireJson.WriterOptions);
        writer.WriteStartObject();
        writer.WriteNumber("version"u8, saved?.Version ?? 0);
        if (saved is null)
        {
            writer.WriteNumber("recipient_interval_days"u8, RuleSet.DefaultInterval);
            writer.WriteNumber("after_dismissal_days"u8, RuleSet.DefaultAfterDismissal);
            writer.WriteBoolean("paused"u8, false);
            writer.WriteStartArray("rules"u8);
            writer.WriteEndArray();
        }
        else
        {
            writer.WriteString("changed_at"u8, Prompt.Date(saved.ChangedAt));
            writer.WriteString("changed_by"u8, saved.ChangedBy);
            using var document = JsonDocument.Parse(Encoding.UTF8.GetBytes(saved.Document));
            foreach (var member in document.RootElement.EnumerateObject()) member.WriteTo(writer);
        }

        writer.WriteEndObject();
    }
}
