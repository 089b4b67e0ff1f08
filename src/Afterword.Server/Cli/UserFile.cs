using System.Globalization;
using System.Text;
using Afterword.Server.Channels;
using Afterword.Server.Connectors;
using Afterword.Server.Languages;
using Afterword.Server.Parsing;
using Afterword.Server.SignIn;
using Afterword.Server.Users;

namespace Afterword.Server.Cli;

/// <summary>A user of a file, and which of its cells say something: an update leaves the rest as it is.</summary>
/// <param name="Ref">The number that a sender's own programs know the user by; null when there is none.</param>
internal sealed record UserLine(int Line, NewUser Account, bool SaysReach, bool SaysChannel, string? Ref);

/// <summary>A file of users: CSV with a header that names the columns handle, name and perhaps dms, password, language, channel, email, x_user_id and ref.</summary>
internal sealed class UserFile
{
    private static readonly string[] s_columns = ["handle", "name", "dms", "password", "language", "channel", "email", "x_user_id", "ref"];
    private static readonly string[] s_email = ["mail", "e-mail"];

    // A cell below a column without a name says nothing, and must be empty.
    private const int NoColumn = -1;
    private const int Password = 3;

    /// <summary>What the first line looks like.</summary>
    public const string Header = "handle,name[,dms][,password][,language][,channel][,email][,x_user_id][,ref]";

    private readonly Dictionary<string, int> _firstLines = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, int> _firstRefs = new(StringComparer.Ordinal);
    private readonly List<UserLine> _good = [];
    private readonly List<(int Line, string Problem)> _bad = [];

    private UserFile()
    {
    }

    /// <summary>The users of the good lines.</summary>
    public IReadOnlyList<UserLine> Good => _good;

    /// <summary>The bad lines and what is wrong with each, in the order of the file.</summary>
    public IReadOnlyList<(int Line, string Problem)> Bad => _bad;

    /// <param name="content">The file as it lies on the disk.</param>
    /// <param name="encoding">See <see cref="CsvText.Read"/>.</param>
    public static UserFile Read(byte[] content, Encoding? encoding = null)
    {
        var file = new UserFile();
        var (text, wrong) = CsvText.Read(content, encoding, [.. s_columns, .. s_email]);
        if (wrong is { } problem)
        {
            file._bad.Add(problem);
            return file;
        }

        int[]? columns = null;
        foreach (var (line, fields) in text!.Records())
        {
            if (fields is null)
            {
                file._bad.Add((line, "its quotation marks are not in pairs. Put a cell with one between quotation marks, and write it twice: \"Bo \"\"B\"\" Berg\""));
                if (columns is null) return file;
            }
            else if (columns is not null) file.Add(line, fields, columns);
            else if ((columns = file.ReadHeader(line, fields)) is null) return file;
        }

        if (columns is null) file._bad.Add((1, $"the file is empty; its first line must be {Header}"));
        return file;
    }

    /// <summary>Gives for each column of the file which one it is; null when something is wrong.</summary>
    private int[]? ReadHeader(int line, IReadOnlyList<string> header)
    {
        string[] names = [.. header.Select(name => name.Trim().ToLowerInvariant()).Select(name => s_email.Contains(name) ? "email" : name)];
        var unknown = names.Where(name => name.Length > 0 && !s_columns.Contains(name)).ToArray();
        if (unknown.Length > 0) _bad.Add((line, $"\"{string.Join("\", \"", unknown)}\" is no column of a file of users. There are {string.Join(", ", s_columns)}. Take the others out"));
        foreach (var twice in names.Where(name => name.Length > 0).GroupBy(name => name).Where(name => name.Count() > 1)) _bad.Add((line, $"the column \"{twice.Key}\" stands there twice"));
        foreach (var missing in s_columns[..2].Where(name => !names.Contains(name))) _bad.Add((line, $"there is no column \"{missing}\"; the first line must be {Header}"));
        return _bad.Count > 0 ? null : [.. names.Select(name => Array.IndexOf(s_columns, name))];
    }

    private void Add(int line, IReadOnlyList<string> record, int[] columns)
    {
        if (record.Count < columns.Length)
        {
            _bad.Add((line, string.Create(CultureInfo.InvariantCulture, $"{record.Count} fields instead of {columns.Length}")));
            return;
        }

        var fields = new string[s_columns.Length];
        for (var i = 0; i < record.Count; i++)
        {
            var column = i < columns.Length ? columns[i] : NoColumn;
            if (column >= 0) fields[column] = column == Password ? record[i] : record[i].Trim();
            else if (!string.IsNullOrWhiteSpace(record[i]))
            {
                _bad.Add((line, string.Create(CultureInfo.InvariantCulture, $"\"{record[i].Trim()}\" stands in field {i + 1}, which has no name in the first line")));
                return;
            }
        }

        Add(line, fields);
    }

    private void Add(int line, string[] fields)
    {
        var problems = _bad.Count;
        var handle = UserAccounts.Bare(fields[0]);
        fields[1] = TextRules.Normalise(fields[1], TextRules.NameLength);
        var dms = Given(fields[2]) ?? MessagingPermission.Anyone;
        if (!UserAccounts.Handle.IsMatch(handle)) _bad.Add((line, Inputs.NotAHandle(fields[0])));
        else if (!_firstLines.TryAdd(handle, line)) _bad.Add((line, string.Create(CultureInfo.InvariantCulture, $"@{handle} stands in line {_firstLines[handle]} already")));
        if (TextRules.WrongWithName(fields[1]) is { } wrong) _bad.Add((line, $"the name is \"{fields[1]}\"; it must be {wrong}"));
        if (dms is not (MessagingPermission.Anyone or MessagingPermission.Following)) _bad.Add((line, $"dms is \"{dms}\"; it must be {MessagingPermission.Anyone} or {MessagingPermission.Following}"));
        var (by, unreachable) = ChannelAvailability.Read(Given(fields[5]), Given(fields[6]), Given(fields[7]));
        if (unreachable is not null) _bad.Add((line, unreachable));

        var reference = Given(fields[8]) is { } given ? CustomerRef.Normalised(given) : null;
        if (reference is null && Given(fields[8]) is not null) _bad.Add((line, string.Create(CultureInfo.InvariantCulture, $"the ref has more than {CustomerRef.Length} characters")));
        else if (reference is not null && !_firstRefs.TryAdd(reference, line)) _bad.Add((line, string.Create(CultureInfo.InvariantCulture, $"the ref \"{reference}\" stands in line {_firstRefs[reference]} already")));

        var language = Given(fields[4]);
        if (language is not null && !Language.IsTag(language)) _bad.Add((line, Inputs.NotALanguage(language)));
        if (_bad.Count > problems) return;

        var password = string.IsNullOrEmpty(fields[Password]) ? null : fields[Password];
        if (password is not null && (!TextRules.IsOfCharacters(password) || password.Any(char.IsControl)))
        {
            _bad.Add((line, "the password has a control character, such as the end of a line"));
            return;
        }

        if (password is not null && PasswordRules.WrongWith(password, handle, fields[1], by?.Email?.Value) is { } weak)
        {
            _bad.Add((line, $"the password is not taken: {weak}"));
            return;
        }

        var account = new NewUser(handle, fields[1], password, dms) { Language = language, ChannelAvailability = by! };
        _good.Add(new(line, account, SaysReach: Given(fields[2]) is not null, SaysChannel: Given(fields[5]) is not null, reference));
    }

    private static string? Given(string? field) => string.IsNullOrEmpty(field) ? null : field;
}
