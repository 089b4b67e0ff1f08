using System.Globalization;
using Afterword.Server.Access.SignIn;
using Afterword.Server.Channels;
using Afterword.Server.Languages;
using Afterword.Server.People;
using Afterword.Server.Prompts;
using CsvHelper;

namespace Afterword.Server.Cli;

/// <summary>A file of users: CSV by RFC 4180, with a header that names the columns handle, name and perhaps dms, password, language, channel and mail.</summary>
internal sealed class UserFile
{
    private static readonly string[] s_columns = ["handle", "name", "dms", "password", "language", "channel", "mail"];

    // Malformed lines are reported together with all other errors.
    private static readonly CsvReaderOptions s_form = new()
    {
        Separator = ',', HasHeader = false, SkipEmptyLines = true, DetectSeparatorHint = false, TrackLineNumbers = true,
        MalformedData = CsvMalformedDataHandling.Recover, FieldCountMismatch = CsvFieldCountHandling.Allow,
    };

    /// <summary>What the first line looks like.</summary>
    public const string Header = "handle,name[,dms][,password][,language][,channel][,mail]";

    private readonly Dictionary<string, int> _firstLines = new(StringComparer.OrdinalIgnoreCase);
    private readonly List<(int Line, NewAccount Account)> _good = [];
    private readonly List<(int Line, string Problem)> _bad = [];

    private UserFile()
    {
    }

    /// <summary>The users of the good lines.</summary>
    public IReadOnlyList<(int Line, NewAccount Account)> Good => _good;

    /// <summary>The bad lines and what is wrong with each, in the order of the file.</summary>
    public IReadOnlyList<(int Line, string Problem)> Bad => _bad;

    public static UserFile Read(TextReader content)
    {
        var file = new UserFile();
        using var records = CsvReader.Create(content, s_form);
        if (!records.Read())
        {
            file._bad.Add((1, $"the file is empty; its first line must be {Header}"));
            return file;
        }

        var header = FieldsOf(records);
        var columns = header.Select(name => Array.IndexOf(s_columns, name.Trim().ToLowerInvariant())).ToArray();
        if (columns.Contains(-1) || columns.Distinct().Count() < columns.Length || !columns.Contains(0) || !columns.Contains(1))
        {
            file._bad.Add((1, $"\"{string.Join(',', header)}\" is not a header such as {Header}"));
            return file;
        }

        while (records.Read()) file.Add((int)records.LineNumber, FieldsOf(records), columns);
        return file;
    }

    private void Add(int line, IReadOnlyList<string> record, int[] columns)
    {
        if (record.Count != columns.Length)
        {
            _bad.Add((line, string.Create(CultureInfo.InvariantCulture, $"{record.Count} fields instead of {columns.Length}")));
            return;
        }

        var fields = new string[s_columns.Length];
        for (var i = 0; i < columns.Length; i++) fields[columns[i]] = record[i];

        var handle = Accounts.Bare(fields[0].Trim());
        var dms = string.IsNullOrEmpty(fields[2]) ? Reach.Anyone : fields[2].Trim();
        var problems = _bad.Count;
        if (!Accounts.Handle.IsMatch(handle)) _bad.Add((line, Inputs.NotAHandle(fields[0])));
        else if (!_firstLines.TryAdd(handle, line)) _bad.Add((line, string.Create(CultureInfo.InvariantCulture, $"@{handle} stands in line {_firstLines[handle]} already")));
        if (TextRules.WrongWithName(fields[1]) is { } wrong) _bad.Add((line, $"the name is \"{fields[1]}\"; it must be {wrong}"));
        if (dms is not (Reach.Anyone or Reach.Following)) _bad.Add((line, $"dms is \"{dms}\"; it must be {Reach.Anyone} or {Reach.Following}"));
        var (by, unreachable) = Reachability.Read(Given(fields[5]), Given(fields[6]));
        if (unreachable is not null) _bad.Add((line, unreachable));

        var language = Given(fields[4]);
        if (language is not null && !Language.IsTag(language)) _bad.Add((line, Inputs.NotALanguage(language)));

        if (!string.IsNullOrEmpty(fields[3]) && Passwords.WrongWith(fields[3], handle, fields[1], by?.Mail?.Value) is { } weak) _bad.Add((line, $"the password is not taken: {weak}"));

        if (_bad.Count == problems)
        {
            _good.Add((line, new NewAccount(handle, fields[1], string.IsNullOrEmpty(fields[3]) ? null : fields[3], dms) { Language = language, Reachability = by! }));
        }
    }

    private static string[] FieldsOf(CsvReader records) => [.. Enumerable.Range(0, records.FieldCount).Select(records.GetString)];

    private static string? Given(string? field) => string.IsNullOrWhiteSpace(field) ? null : field.Trim();
}
