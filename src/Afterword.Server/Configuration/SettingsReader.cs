using System.Globalization;
using System.Net;
using Afterword.Server.Backups;
using Afterword.Server.Channels;
using Afterword.Server.Storage.Postgres;
using Microsoft.Extensions.Configuration.EnvironmentVariables;
using Microsoft.Extensions.Configuration.Memory;

namespace Afterword.Server.Configuration;

/// <summary>Reads the settings and collects everything that is wrong with them, so that one start shows all of it.</summary>
internal sealed partial class SettingsReader
{
    private static readonly string[] s_sections = ["Limits", "Feedback", "Cards", "Questions", "Console", "SignIn", "Storage", "Webhooks", "Channels", "Automation", "Connectors", "Mail", "Security", "Secrets", "Http", "Backup", "Telemetry"];

    // Sections of the same file that the framework reads.
    private static readonly string[] s_frameworks = ["Kestrel", "Logging"];

    // The one part of Kestrel's section that is read here, so the one where a wrong name can be told.
    private const string KestrelLimits = "Kestrel:Limits";

    private readonly IConfiguration _configuration;
    private readonly List<string> _errors = [];
    private readonly HashSet<string> _known = new(StringComparer.OrdinalIgnoreCase);

    private SettingsReader(IConfiguration configuration) => _configuration = configuration;

    /// <summary>Gives the settings, or the list of what is wrong: each line names the key, the value and what is allowed.</summary>
    /// <param name="configuration">File, environment and command line.</param>
    /// <param name="named">Keys that someone wrote out on the command line, and that must mean something.</param>
    public static (Settings? Settings, IReadOnlyList<string> Errors) Read(IConfiguration configuration, params IEnumerable<string> named)
    {
        var read = new SettingsReader(configuration);
        var settings = new Settings
        {
            Data = read.Folder("Data", "data"),
            Database = read.DatabaseUrl("Database"),
            PublicUrl = read.Url("PublicUrl"),
            Platform = read.Text("Platform", "Afterword"),
            Limits = new LimitSettings
            {
                CreatesPerDay = read.Whole("Limits:CreatesPerDay", 1_000, 1, long.MaxValue / 2),
                RecipientInterval = read.Duration("Limits:RecipientInterval", TimeSpan.FromHours(24)),
                ShowPer15Minutes = read.Whole("Limits:ShowPer15Minutes", 180, 1, long.MaxValue / 2),
                EventsPer15Minutes = read.Whole("Limits:EventsPer15Minutes", 1_000, 1, long.MaxValue / 2),
                ExportsPer15Minutes = read.Whole("Limits:ExportsPer15Minutes", 60, 1, long.MaxValue / 2),
                MetricsPer15Minutes = read.Whole("Limits:MetricsPer15Minutes", 180, 1, long.MaxValue / 2),
                AnswersPer15Minutes = read.Whole("Limits:AnswersPer15Minutes", 300, 1, long.MaxValue / 2),
                ClosesPer15Minutes = read.Whole("Limits:ClosesPer15Minutes", 15_000, 1, long.MaxValue / 2),
                ConversationsPer15Minutes = read.Whole("Limits:ConversationsPer15Minutes", 900, 1, long.MaxValue / 2),
                RulesPer15Minutes = read.Whole("Limits:RulesPer15Minutes", 180, 1, long.MaxValue / 2),
                SimulationsPer15Minutes = read.Whole("Limits:SimulationsPer15Minutes", 15, 1, long.MaxValue / 2),
                UsersPer15Minutes = read.Whole("Limits:UsersPer15Minutes", 900, 1, long.MaxValue / 2),
                MessagesPer15Minutes = read.Whole("Limits:MessagesPer15Minutes", 900, 1, long.MaxValue / 2),
                StatusPer15Minutes = read.Whole("Limits:StatusPer15Minutes", 900, 1, long.MaxValue / 2),
                MessagesPerDay = read.Whole("Limits:MessagesPerDay", 1_000, 1, long.MaxValue / 2),
                AppMessagesPerDay = read.Whole("Limits:AppMessagesPerDay", 15_000, 1, long.MaxValue / 2),
                FreeReplies = read.Whole("Limits:FreeReplies", 5, 0, long.MaxValue / 2),
            },
            EventsDelay = read.Duration("Feedback:EventsDelay", TimeSpan.FromHours(24)),
            CardLifetime = read.Duration("Cards:Lifetime", TimeSpan.FromDays(30)),
            CardCallsPerLink = read.Whole("Cards:CallsPerLink", 300, 0, 1_000_000),
            CardCallsPerAddress = read.Whole("Cards:CallsPerAddress", 1_200, 0, 1_000_000),
            ConnectorCalls = read.Whole("Connectors:CallsPerConnector", 120_000, 0, 1_000_000),
            ConnectorGuesses = read.Whole("Connectors:GuessesPerAddress", 600, 0, 1_000_000),
            PublishedNps = read.OneOf("Questions:Nps", "likely", "published") == "published",
            TimeZone = read.TimeZone("Console:TimeZone", "UTC"),
            SignIn = new SignInSettings
            {
                FailuresBeforeLock = (int)read.Whole("SignIn:FailuresBeforeLock", 5, 1, 100),
                LockFor = read.Duration("SignIn:LockFor", TimeSpan.FromMinutes(5)),
                FailuresPerMinute = (int)read.Whole("SignIn:FailuresPerMinute", 20, 1, 10_000),
                SendersNeedFactor = read.OneOf("SignIn:SecondFactor", "optional", "senders") == "senders",
            },
            Console = new ConsoleSettings { SecondFactorRequired = read.OneOf("Console:SecondFactor", "required", "optional") == "required" },
            Storage = new StorageSettings
            {
                WriteQueue = (int)read.Whole("Storage:WriteQueue", 4_096, 1, 1_000_000),
                Lanes = (int)read.Whole("Storage:Lanes", Math.Max(1, Environment.ProcessorCount / 2), 1, 64),
                CommitWait = read.Duration("Storage:CommitWait", TimeSpan.FromSeconds(5), TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(5)),
            },
            Webhooks = read.Webhooks(),
            Channels = read.Channels(),
            Automation = read.Automation(),
            Backup = read.Backup(),
            Mail = read.Email(),
            SecurityContact = read.Contact("Security:Contact"),
            KeyFile = read.Raw("Secrets:KeyFile"),
            Proxies = read.Networks("Proxies"),
            Http = read.Http(),
            Telemetry = read.Telemetry(),
            Kestrel = [.. configuration.GetSection("Kestrel").AsEnumerable().Where(pair => pair.Value is not null)],
        };
        read.RefuseUnknown(named);
        return read._errors.Count == 0 ? (settings, []) : (null, read._errors);
    }

    private WebhookSettings Webhooks() => new()
    {
        OwnersMayAdd = Enum.Parse<OwnerPolicy>(OneOf("Webhooks:OwnersMayAdd", "approve", "off", "on"), ignoreCase: true),
        AllowPlainHttp = OneOf("Webhooks:AllowPlainHttp", "false", "true") == "true",
        AllowPrivateAddresses = OneOf("Webhooks:AllowPrivateAddresses", "false", "true") == "true",
        AllowedNetworks = Networks("Webhooks:AllowedNetworks"),
        Concurrency = (int)Whole("Webhooks:Concurrency", 16, 1, 256),
        Timeout = Duration("Webhooks:Timeout", TimeSpan.FromSeconds(15), TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1)),
        RetrySchedule = Schedule("Webhooks:RetrySchedule", "5s 5m 30m 2h 5h 10h 14h 20h 24h"),
        DisableAfter = Duration("Webhooks:DisableAfter", TimeSpan.FromDays(5)),
        PollEvery = Duration("Webhooks:PollEvery", TimeSpan.FromSeconds(1), TimeSpan.FromMilliseconds(50), TimeSpan.FromMinutes(1)),
        SecretOverlap = Duration("Webhooks:SecretOverlap", TimeSpan.FromHours(24)),
        KeepAttempts = Duration("Webhooks:KeepAttempts", TimeSpan.FromDays(30)),
        PollsPerMinute = Whole("Webhooks:PollsPerMinute", 120, 0, 1_000_000),
    };

    private AutomationSettings Automation() => new()
    {
        PollEvery = Duration("Automation:PollEvery", TimeSpan.FromSeconds(1), TimeSpan.FromMilliseconds(50), TimeSpan.FromMinutes(1)),
        TooLate = Duration("Automation:TooLate", TimeSpan.FromHours(24), TimeSpan.FromMinutes(1), TimeSpan.FromDays(14)),
    };

    private BackupSettings Backup()
    {
        var every = Duration("Backup:Every", TimeSpan.Zero);
        if (every > TimeSpan.FromDays(366) || (every > TimeSpan.Zero && every < TimeSpan.FromMinutes(10))) every = Wrong("Backup:Every", Raw("Backup:Every")!, "a duration of 10 minutes to 366 days, or 00:00:00 for none", TimeSpan.Zero);
        var (directory, passphrase, file) = (Raw("Backup:Directory"), Raw("Backup:Passphrase"), Raw("Backup:PassphraseFile"));
        if (every > TimeSpan.Zero && directory is null) Missing("Backup:Directory", "the folder that backups go to, because Backup:Every is set");
        if (passphrase is not null && file is not null) Wrong("Backup:Passphrase", "…", "left out, because Backup:PassphraseFile is set", passphrase);
        return new BackupSettings
        {
            Every = every == TimeSpan.Zero ? null : every, Directory = directory, Keep = (int)Whole("Backup:Keep", 14, 1, 100_000), Passphrase = passphrase, PassphraseFile = file,
        };
    }

    private string? Raw(string key)
    {
        _known.Add(key);
        return _configuration[key] is { } value && !string.IsNullOrWhiteSpace(value) ? value.Trim() : null;
    }

    private string Text(string key, string otherwise) => Raw(key) ?? otherwise;

    // Where a database is named, nobody looks at the folder.
    private string Folder(string key, string otherwise)
    {
        var folder = Text(key, otherwise);
        return Raw("Database") is not null || !File.Exists(folder)
            ? folder
            : Wrong(key, folder, $"the folder of the store, but this is a file; its folder is {Path.GetDirectoryName(Path.GetFullPath(folder))}", otherwise);
    }

    private long Whole(string key, long otherwise, long least, long most)
    {
        if (Raw(key) is not { } text) return otherwise;
        if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most) return number;

        return Wrong(key, text, string.Create(CultureInfo.InvariantCulture, $"a whole number from {least}{(most < long.MaxValue / 2 ? $" to {most}" : "")}"), otherwise);
    }

    private TimeSpan Duration(string key, TimeSpan otherwise)
    {
        if (Raw(key) is not { } text) return otherwise;
        if (DurationText.TryParse(text, out var time)) return time;

        return Wrong(key, text, "a duration as [days.]hours:minutes:seconds, such as 1.00:00:00 or 00:15:00", otherwise);
    }

    private TimeSpan Duration(string key, TimeSpan otherwise, TimeSpan least, TimeSpan most)
    {
        var time = Duration(key, otherwise);
        return time >= least && time <= most ? time : Wrong(key, Raw(key)!, $"a duration from {least:c} to {most:c}", otherwise);
    }

    private List<TimeSpan> Schedule(string key, string otherwise)
    {
        var waits = new List<TimeSpan>();
        foreach (var word in (Raw(key) ?? otherwise).Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            var unit = word[^1] switch { 's' => 1, 'm' => 60, 'h' => 3_600, 'd' => 86_400, _ => 0 };
            if (unit > 0 && int.TryParse(word.AsSpan(..^1), NumberStyles.None, CultureInfo.InvariantCulture, out var amount) && amount is > 0 and <= 100_000) waits.Add(TimeSpan.FromSeconds((double)amount * unit));
            else return Wrong(key, Raw(key)!, $"waits such as {otherwise}", waits);
        }

        return waits;
    }

    private string TimeZone(string key, string otherwise)
    {
        var zone = Text(key, otherwise);
        if (TimeZones.Knows(zone)) return zone;

        return Wrong(
            key, zone,
            TimeZones.Knows("Europe/Berlin")
                ? "a time zone of the IANA list, such as Europe/Berlin or UTC"
                : "UTC, for this system has no time zones: install them (package tzdata) and start again",
            otherwise);
    }

    private string OneOf(string key, params string[] allowed)
    {
        if (Raw(key) is not { } text) return allowed[0];

        return Array.Find(allowed, value => value.Equals(text, StringComparison.OrdinalIgnoreCase))
            ?? Wrong(key, text, $"one of {string.Join(", ", allowed)}", allowed[0]);
    }

    private Uri? Url(string key)
    {
        if (Raw(key) is not { } text) return null;
        if (Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" && url is { PathAndQuery: "/", UserInfo: "" })
        {
            // In the letters of DNS: links to it stand in headers of emails and are compared with the Host that clients send.
            return new UriBuilder(url) { Host = url.IdnHost }.Uri;
        }

        return Wrong<Uri?>(key, text, "an http or https address without a path, such as https://feedback.example.com", null);
    }

    // RFC 9116, section 2.5.3: a URI. A bare email address is what most will type.
    private string? Contact(string key)
    {
        if (Raw(key) is not { } text) return null;
        if (EmailAddress.TryParse(text, out var email)) return $"mailto:{email.Value}";
        if (Uri.TryCreate(text, UriKind.Absolute, out var url) && (url.Scheme is "https" || (url.Scheme is "mailto" && EmailAddress.TryParse(text["mailto:".Length..], out _)))) return url.AbsoluteUri;

        return Wrong<string?>(key, text, "an email address, or an https address of a page", null);
    }

    private string? DatabaseUrl(string key)
    {
        if (Raw(key) is not { } text) return null;
        try
        {
            PostgresUrl.ConnectionText(text);
            return text;
        }
        catch (FormatException error)
        {
            // The value may hold a password: it is not repeated, and the reason has none.
            return Wrong<string?>(key, "…", $"a PostgreSQL URL, such as postgres://user:password@host:5432/afterword, but {error.Message}", null);
        }
    }

    private List<IPNetwork> Networks(string key)
    {
        var networks = new List<IPNetwork>();
        foreach (var text in (Raw(key) ?? "").Split([' ', ','], StringSplitOptions.RemoveEmptyEntries))
        {
            if (IPNetwork.TryParse(text, out var network)) networks.Add(network);
            else if (IPAddress.TryParse(text, out var address)) networks.Add(new IPNetwork(address, address.GetAddressBytes().Length * 8));
            else Wrong(key, text, "addresses or networks separated by spaces, such as 10.0.0.7 or 10.0.0.0/8", networks);
        }

        return networks;
    }

    private T Wrong<T>(string key, string value, string allowed, T otherwise)
    {
        _errors.Add($"{key} is \"{value}\"; it must be {allowed}. ({Origin(key)})");
        return otherwise;
    }

    // A key that nobody reads is a slip of the pen, and its writer believes that it holds.
    private void RefuseUnknown(IEnumerable<string> named)
    {
        foreach (var key in named.Where(key => !key.Contains(':', StringComparison.Ordinal)).Concat(OfFiles()).Distinct(StringComparer.OrdinalIgnoreCase).Where(key => !_known.Contains(key)))
        {
            _errors.Add($"{key} is not a setting. {Instead(key)} ({Origin(key)})");
        }

        foreach (var section in _configuration.GetChildren().Where(child => child.GetChildren().Any()).Select(child => child.Key))
        {
            if (s_sections.Concat(s_frameworks).Contains(section, StringComparer.OrdinalIgnoreCase)) continue;
            _errors.Add($"{section} is not a section of the settings. There are: {string.Join(", ", s_sections)}. ({Origin(section)})");
        }

        foreach (var section in s_sections.Append(KestrelLimits))
        {
            foreach (var child in _configuration.GetSection(section).GetChildren())
            {
                var key = $"{section}:{child.Key}";
                if (_known.Contains(key)) continue;

                var nearest = string.Join(", ", _known.Where(known => known.StartsWith(section + ":", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
                var meant = NearestName.Of(key, _known) is { } near ? $"Did you mean {near}? " : "";
                _errors.Add($"{key} is not a setting. {meant}In {section} there are: {nearest}. ({Origin(key)})");
            }
        }
    }

    // What has no section in a file. Variables of the environment may be other programs'; in a file are only ours, and the mark of editors.
    private IEnumerable<string> OfFiles() => _configuration.GetChildren().Select(child => child.Key).Where(
        key => key != "$schema" && (_configuration as IConfigurationRoot)?.Providers.OfType<FileConfigurationProvider>().Any(file => file.TryGet(key, out var value) && value is not null) == true);

    private string Instead(string key)
    {
        if (key.Equals("Urls", StringComparison.OrdinalIgnoreCase)) return "Say where to listen with serve --urls, or ASPNETCORE_URLS.";

        var isSection = s_sections.Concat(s_frameworks).Contains(key, StringComparer.OrdinalIgnoreCase);
        return $"{(isSection ? "It is the name of a section, which holds settings. " : "")}There are: {string.Join(", ", _known.Where(known => !known.Contains(':', StringComparison.Ordinal)).Order(StringComparer.Ordinal))}; and the sections {string.Join(", ", s_sections)}.";
    }

    /// <summary>Where a value was given, so that it can be mended there; for one that is missing, where it could be.</summary>
    private string Origin(string key)
    {
        var variable = $"AFTERWORD_{(key.Contains(':', StringComparison.Ordinal) ? key.Replace(":", "__", StringComparison.Ordinal) : key.ToUpperInvariant())}";

        // What stands higher wins, and was added last.
        return (_configuration as IConfigurationRoot)?.Providers.LastOrDefault(provider => provider.TryGet(key, out _) || provider.GetChildKeys([], key).Any()) switch
        {
            EnvironmentVariablesConfigurationProvider => $"environment variable {variable}{(_configuration.GetSection(key).GetChildren().Any() ? "__…" : "")}",
            FileConfigurationProvider file => Path.GetFileName(file.Source.Path)!,
            MemoryConfigurationProvider => "command line",
            _ => $"set it with --set {key}=… or the environment variable {variable}",
        };
    }
}
