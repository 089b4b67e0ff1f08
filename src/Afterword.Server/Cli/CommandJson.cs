using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Afterword.Server.Cli.Demo;
using Afterword.Server.Cli.Operations;
using Afterword.Server.Cli.Senders;
using Afterword.Server.Privacy;
using Afterword.Server.Webhooks;

namespace Afterword.Server.Cli;

/// <param name="SetUp">Where the first operator chooses a password, once and within a week; absent when there are people.</param>
internal sealed record ServeJson(IReadOnlyList<string> Urls, string Store, string? SetUp, SandboxJson? Sandbox = null);

/// <summary>What is there in a sandbox to begin with. All keys and tokens end with it.</summary>
/// <param name="OperatorKey">For <c>/operator/clock.json</c> and the other routes for operators.</param>
/// <param name="App">Allowed to ask.</param>
/// <param name="Sender">Allowed to ask, with its token.</param>
/// <param name="Customers">Users who can be asked, with their tokens.</param>
internal sealed record SandboxJson(string OperatorKey, AppJson App, TokenJson Sender, IReadOnlyList<TokenJson> Customers);

internal sealed record UserJson(
    string Id, string ScreenName, string Name, string Dms, bool Suspended, string? Language = null, string Channel = "built-in", string? Mail = null, string? XUserId = null);

internal sealed record ImportJson(int Imported, int Updated);

/// <param name="ConsumerSecret">Told once, when the app is made.</param>
internal sealed record AppJson(string ConsumerKey, string? ConsumerSecret, string Name, IReadOnlyList<string> Callbacks, bool Allowed, bool Suspended);

internal sealed record AppsJson(IReadOnlyList<AppJson> Apps);

/// <summary>A sender on the allowlist; a limit that is absent is that of the settings.</summary>
internal sealed record SenderJson(
    string UserId, string ScreenName, long? CreatesPerDay = null, string? RecipientInterval = null, long? Shows = null, long? Events = null);

internal sealed record AllowedJson(
    IReadOnlyList<AppJson> Apps, IReadOnlyList<SenderJson> Senders, IReadOnlyList<string> Exempt, IReadOnlyList<WebhookJson> Webhooks,
    IReadOnlyList<ChannelAllowedJson> Channels, IReadOnlyList<EmbedJson> Embeds);

/// <summary>A site whose pages may show a sender's cards.</summary>
internal sealed record EmbedJson(string ScreenName, string Origin, bool Allowed);

internal sealed record SenderDeniedJson(string UserId, string ScreenName, bool Allowed);

internal sealed record ExemptJson(string UserId, string ScreenName, bool Exempt);

internal sealed record ExemptListJson(IReadOnlyList<string> Exempt);

internal sealed record TokenJson(string OauthToken, string OauthTokenSecret, string UserId, string ScreenName, string Permission);

internal sealed record TokenRevokedJson(string OauthToken, bool Revoked);

/// <summary>What commands write with <c>--json</c>.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, WriteIndented = true)]
[JsonSerializable(typeof(ServeJson))]
[JsonSerializable(typeof(UserJson))]
[JsonSerializable(typeof(UsersJson))]
[JsonSerializable(typeof(ImportJson))]
[JsonSerializable(typeof(AppJson))]
[JsonSerializable(typeof(AppsJson))]
[JsonSerializable(typeof(SenderJson))]
[JsonSerializable(typeof(AllowedJson))]
[JsonSerializable(typeof(SenderDeniedJson))]
[JsonSerializable(typeof(ExemptJson))]
[JsonSerializable(typeof(ExemptListJson))]
[JsonSerializable(typeof(TokenJson))]
[JsonSerializable(typeof(TokenRevokedJson))]
[JsonSerializable(typeof(WebhookJson))]
[JsonSerializable(typeof(WebhooksJson))]
[JsonSerializable(typeof(WebhookDeniedJson))]
[JsonSerializable(typeof(WebhookReplayJson))]
[JsonSerializable(typeof(AttemptJson))]
[JsonSerializable(typeof(OperatorKeyJson))]
[JsonSerializable(typeof(OperatorKeysJson))]
[JsonSerializable(typeof(OperatorKeyRevokedJson))]
[JsonSerializable(typeof(PersonJson))]
[JsonSerializable(typeof(PersonsJson))]
[JsonSerializable(typeof(PersonRemovedJson))]
[JsonSerializable(typeof(PersonResetJson))]
[JsonSerializable(typeof(PersonSignedOutJson))]
[JsonSerializable(typeof(UserPasswordJson))]
[JsonSerializable(typeof(ChannelAllowedJson))]
[JsonSerializable(typeof(ChannelDeniedJson))]
[JsonSerializable(typeof(ChannelsJson))]
[JsonSerializable(typeof(DispatchesJson))]
[JsonSerializable(typeof(DispatchesRetriedJson))]
[JsonSerializable(typeof(DispatchAttemptJson))]
[JsonSerializable(typeof(EmbedJson))]
[JsonSerializable(typeof(ExportJson))]
[JsonSerializable(typeof(MigrationsJson))]
[JsonSerializable(typeof(DoctorJson))]
[JsonSerializable(typeof(DemoJson))]
[JsonSerializable(typeof(BackupJson))]
[JsonSerializable(typeof(RestoredJson))]
[JsonSerializable(typeof(ResumedJson))]
[JsonSerializable(typeof(ErasedJson))]
[JsonSerializable(typeof(PersonDataJson))]
[JsonSerializable(typeof(string))]
internal sealed partial class CommandJson : JsonSerializerContext
{
    // The default encoder is made for JSON inside HTML and would write a name like Zoë in escapes.
    static CommandJson() => Default = new CommandJson(new JsonSerializerOptions(Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
}
