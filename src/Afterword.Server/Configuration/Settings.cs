using Afterword.Server.Backups;
using Afterword.Server.Channels;
using Afterword.Server.SignIn;
using MailKit.Security;

namespace Afterword.Server.Configuration;

/// <summary>Every setting of the server, checked when it starts. <c>docs/configuration.md</c> lists the keys.</summary>
internal sealed record Settings
{
    /// <summary><c>Data</c>: the folder of the embedded store.</summary>
    public required string Data { get; init; }

    /// <summary><c>Database</c>: a PostgreSQL URL; null means SQLite in <see cref="Data"/>.</summary>
    public string? Database { get; init; }

    /// <summary><c>PublicUrl</c>: how customers reach this server; null means the host they asked for.</summary>
    public Uri? PublicUrl { get; init; }

    /// <summary>What addresses begin with by <see cref="PublicUrl"/>, without a slash at the end; null without one.</summary>
    public string? PublicBase => PublicUrl?.GetLeftPart(UriPartial.Authority);

    /// <summary><c>Platform</c>: the name of this platform in questions.</summary>
    public required string Platform { get; init; }

    public required LimitSettings Limits { get; init; }

    /// <summary><c>Feedback:EventsDelay</c>: how far <c>to_time</c> of events.json must lie in the past.</summary>
    public required TimeSpan EventsDelay { get; init; }

    /// <summary><c>Cards:Lifetime</c>: how long a card can be answered.</summary>
    public required TimeSpan CardLifetime { get; init; }

    /// <summary><c>Cards:CallsPerLink</c>: opens and answers of one card's link in a minute, on each node; 300 by default, 0 is no limit.</summary>
    public required long CardCallsPerLink { get; init; }

    /// <summary><c>Cards:CallsPerAddress</c>: the same of all cards from one address (IPv6: a /64); 1,200 by default, 0 is no limit. This machine itself has none.</summary>
    public required long CardCallsPerAddress { get; init; }

    /// <summary><c>Connectors:CallsPerConnector</c>: deliveries to one connector's address in a minute, on each node; 120,000 by default, 0 is no limit.</summary>
    public required long ConnectorCalls { get; init; }

    /// <summary><c>Connectors:GuessesPerAddress</c>: calls in a minute from one address (IPv6: a /64) that open no connector, on each node; 600 by default, 0 is no limit. This machine itself has none.</summary>
    public required long ConnectorGuesses { get; init; }

    /// <summary><c>Questions:Nps</c>: whether the six published NPS texts replace the ten usual ones.</summary>
    public required bool PublishedNps { get; init; }

    /// <summary><c>Console:TimeZone</c>: where the days of metrics begin and end, an IANA name; UTC by default.</summary>
    public required string TimeZone { get; init; }

    public required SignInSettings SignIn { get; init; }

    public required ConsoleSettings Console { get; init; }

    public required StorageSettings Storage { get; init; }

    public required WebhookSettings Webhooks { get; init; }

    public required ChannelSettings Channels { get; init; }

    public required BackupSettings Backup { get; init; }

    /// <summary>Section <c>Mail</c>; null while no mail server is named, and then no email is sent.</summary>
    public MailSettings? Mail { get; init; }

    /// <summary><c>Security:Contact</c>: whom to tell of a hole, an address of email or web; null says nobody.</summary>
    public string? SecurityContact { get; init; }

    /// <summary><c>Secrets:KeyFile</c>: the file with the key that encrypts the key ring; null keeps the ring readable in the store.</summary>
    public string? KeyFile { get; init; }

    /// <summary><c>Proxies</c>: addresses or networks whose <c>X-Forwarded-*</c> headers are believed, separated by spaces.</summary>
    public required IReadOnlyList<System.Net.IPNetwork> Proxies { get; init; }

    /// <summary>Whether it is a sandbox: <c>serve --sandbox</c>, and no setting.</summary>
    public bool IsSandbox { get; init; }

    public required AutomationSettings Automation { get; init; }

    public required HttpSettings Http { get; init; }

    public required TelemetrySettings Telemetry { get; init; }

    /// <summary>Section <c>Kestrel</c>, handed on as it is: addresses and certificates are the web server's own settings.</summary>
    public required IReadOnlyList<KeyValuePair<string, string?>> Kestrel { get; init; }
}

/// <summary>Section <c>Limits</c>: the documented limits. An operator may raise each per sender.</summary>
internal sealed record LimitSettings
{
    /// <summary>Prompts per sender in 24 hours, 1 or more; 1,000 by default.</summary>
    public required long CreatesPerDay { get; init; }

    /// <summary>Time between two prompts of a sender to one recipient; 24 hours by default, zero is no limit.</summary>
    public required TimeSpan RecipientInterval { get; init; }

    /// <summary>Calls of feedback/show per user and app in 15 minutes; 180 by default.</summary>
    public required long ShowPer15Minutes { get; init; }

    /// <summary>Calls of feedback/events per user and app in 15 minutes; 1,000 by default.</summary>
    public required long EventsPer15Minutes { get; init; }

    /// <summary>Calls of feedback/export per user and app in 15 minutes; 60 by default.</summary>
    public required long ExportsPer15Minutes { get; init; }

    /// <summary>Calls of feedback/metrics per user and app in 15 minutes; 180 by default.</summary>
    public required long MetricsPer15Minutes { get; init; }

    /// <summary>Calls of feedback/submit and of feedback/dismiss, each, per user and app in 15 minutes; 300 by default.</summary>
    public required long AnswersPer15Minutes { get; init; }

    /// <summary>Calls of conversations/close, of conversations/reopen and of can_prompt, each, per user and app in 15 minutes; 15,000 by default.</summary>
    public required long ClosesPer15Minutes { get; init; }

    /// <summary>Calls of conversations/show and of conversations/list, each, per user and app in 15 minutes; 900 by default.</summary>
    public required long ConversationsPer15Minutes { get; init; }

    /// <summary>Times that the rules are read, and changed, per user and app in 15 minutes; 180 by default.</summary>
    public required long RulesPer15Minutes { get; init; }

    /// <summary>Calls of rules/simulate per user and app in 15 minutes; 15 by default.</summary>
    public required long SimulationsPer15Minutes { get; init; }

    /// <summary>Calls of each route that reads users or what they are to each other, per user and app in 15 minutes; 900 by default.</summary>
    public required long UsersPer15Minutes { get; init; }

    /// <summary>Calls of each route that reads direct messages, per user and app in 15 minutes; 900 by default.</summary>
    public required long MessagesPer15Minutes { get; init; }

    /// <summary>Calls of rate_limit_status per user and app in 15 minutes; 900 by default.</summary>
    public required long StatusPer15Minutes { get; init; }

    /// <summary>Direct messages per user in 24 hours, 1 or more; 1,000 by default.</summary>
    public required long MessagesPerDay { get; init; }

    /// <summary>Direct messages per app in 24 hours, 1 or more; 15,000 by default.</summary>
    public required long AppMessagesPerDay { get; init; }

    /// <summary>Replies to a message that count against neither of both, within 24 hours of it; 5 by default, 0 is none.</summary>
    public required long FreeReplies { get; init; }
}

/// <summary>Section <c>SignIn</c>: what holds back those who guess passwords.</summary>
internal sealed record SignInSettings
{
    /// <summary>Wrong passwords in a row that lock an account, 1 to 100; 5 by default.</summary>
    public required int FailuresBeforeLock { get; init; }

    /// <summary>How long an account stays locked; 5 minutes by default.</summary>
    public required TimeSpan LockFor { get; init; }

    /// <summary>Wrong passwords from one address within a minute, for whatever accounts; then it has to wait. 1 to 10,000; 20 by default.</summary>
    public required int FailuresPerMinute { get; init; }

    /// <summary>Whether users who may ask customers need a second factor; they do not by default.</summary>
    public required bool SendersNeedFactor { get; init; }

    /// <summary>
    /// Rounds of PBKDF2-HMAC-SHA512. No key sets it: with hashes of different rounds, the time of a refusal would tell whether
    /// there is such an account. Tests take one.
    /// </summary>
    public int HashRounds { get; init; } = PasswordHashes.Rounds;
}

/// <summary>Section <c>Console</c>.</summary>
internal sealed record ConsoleSettings
{
    /// <summary>Whether owners, supervisors and operators need a second factor; they do by default.</summary>
    public required bool SecondFactorRequired { get; init; }
}

/// <summary>What owners of a sender may do about where its data goes.</summary>
internal enum OwnerPolicy
{
    /// <summary>Nothing: operators add addresses, and owners approve them.</summary>
    Off,

    /// <summary>They add webhooks, which an operator approves.</summary>
    Approve,

    /// <summary>They add addresses that take effect at once.</summary>
    On,
}

/// <summary>Section <c>Webhooks</c>.</summary>
internal sealed record WebhookSettings
{
    /// <summary>Whether owners add webhooks, and set the address for requests, in the console; with an operator's approval by default.</summary>
    public required OwnerPolicy OwnersMayAdd { get; init; }

    /// <summary>Lets webhooks go to http addresses, for development.</summary>
    public required bool AllowPlainHttp { get; init; }

    /// <summary>Lets webhooks reach every address, loopback and private networks included, for development.</summary>
    public required bool AllowPrivateAddresses { get; init; }

    /// <summary>Lets webhooks reach this machine and nothing else, in a sandbox.</summary>
    public bool LoopbackOnly { get; init; }

    /// <summary>Networks that webhooks may reach although they are not public.</summary>
    public required IReadOnlyList<System.Net.IPNetwork> AllowedNetworks { get; init; }

    /// <summary>Requests under way to one endpoint at once, 1 to 256; 16 by default.</summary>
    public required int Concurrency { get; init; }

    /// <summary>How long an attempt may take, 1 to 60 s; 15 s by default.</summary>
    public required TimeSpan Timeout { get; init; }

    /// <summary>Waits after failed attempts; their number is the number of repetitions.</summary>
    public required IReadOnlyList<TimeSpan> RetrySchedule { get; init; }

    /// <summary>How long an endpoint may fail without one success before it is switched off; 5 days by default.</summary>
    public required TimeSpan DisableAfter { get; init; }

    /// <summary>How often a node looks for deliveries that it was not told of, and for those that fall due; 1 s by default.</summary>
    public required TimeSpan PollEvery { get; init; }

    /// <summary>How long a rotated-out secret still signs; 24 hours by default.</summary>
    public required TimeSpan SecretOverlap { get; init; }

    /// <summary>How long attempts are kept; 30 days by default.</summary>
    public required TimeSpan KeepAttempts { get; init; }

    /// <summary>How often a webhook may be polled in a minute, on each node; 120 by default, 0 is no limit.</summary>
    public required long PollsPerMinute { get; init; }
}

/// <summary>Section <c>Channels</c>.</summary>
internal sealed record ChannelSettings
{
    /// <summary>Under way at once to the mail server, to each sender's own means, and, of alerts, to each webhook; 1 to 256, 8 by default.</summary>
    public required int Concurrency { get; init; }

    /// <summary>Waits after failed attempts; their number is the number of repetitions.</summary>
    public required IReadOnlyList<TimeSpan> RetrySchedule { get; init; }

    /// <summary>How often a node looks for what falls due; 1 s by default.</summary>
    public required TimeSpan PollEvery { get; init; }

    /// <summary>How long attempts are kept; 30 days by default.</summary>
    public required TimeSpan KeepAttempts { get; init; }
}

/// <summary>Section <c>Automation</c>: how the rules ask.</summary>
internal sealed record AutomationSettings
{
    /// <summary>How often a node looks for what falls due; 1 s by default.</summary>
    public required TimeSpan PollEvery { get; init; }

    /// <summary>What is later than this is not asked any more; 24 hours by default.</summary>
    public required TimeSpan TooLate { get; init; }
}

/// <summary>Section <c>Mail</c>: the server that takes emails over.</summary>
internal sealed record MailSettings
{
    public required string Host { get; init; }

    /// <summary>1 to 65,535; 587 by default, and 465 for TLS from the first byte.</summary>
    public required int Port { get; init; }

    /// <summary>
    /// STARTTLS before anything else is said, TLS from the first byte, or neither. With either, the certificate must be one of
    /// <see cref="Host"/>.
    /// </summary>
    public required SecureSocketOptions Tls { get; init; }

    public string? User { get; init; }

    public string? Password { get; init; }

    /// <summary>How to sign in with access tokens instead of a password; null without.</summary>
    public MailOAuthSettings? OAuth { get; init; }

    /// <summary>What this server calls itself to the mail server: a name that leads to it, or an address.</summary>
    public required string HelloName { get; init; }

    /// <summary>Whom the emails come from.</summary>
    public required EmailAddress From { get; init; }

    /// <summary>The name beside it; null for the name of the sender that asks.</summary>
    public string? FromName { get; init; }

    /// <summary>How long one email may take, 1 to 60 s; 20 s by default, which is less than a server gets to stop.</summary>
    public required TimeSpan Timeout { get; init; }

    /// <summary>Never the password.</summary>
    public override string ToString() => $"{Host}:{Port}";
}

/// <summary>In section <c>Mail</c>: who gives out the access tokens for it.</summary>
internal sealed record MailOAuthSettings
{
    public required Uri TokenUrl { get; init; }

    public required string ClientId { get; init; }

    public string? ClientSecret { get; init; }

    public string? RefreshToken { get; init; }

    public string? Scope { get; init; }

    /// <summary>Never the secrets.</summary>
    public override string ToString() => TokenUrl.Host;
}

/// <summary>Section <c>Storage</c>.</summary>
internal sealed record StorageSettings
{
    /// <summary>Writes that may wait; when there are more, requests are refused with 503. 1 to 1,000,000; 4,096 by default.</summary>
    public required int WriteQueue { get; init; }

    /// <summary>Batches that PostgreSQL is given at once by this node. 1 to 64; half the processors by default.</summary>
    public required int Lanes { get; init; }

    /// <summary>How long a write may wait for PostgreSQL until those behind it, and those that come, are refused with 503. 100 ms to 5 min; 5 s by default.</summary>
    public required TimeSpan CommitWait { get; init; }
}
