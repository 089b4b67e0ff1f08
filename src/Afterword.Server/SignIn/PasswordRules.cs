using Afterword.Server.Parsing;

namespace Afterword.Server.SignIn;

/// <summary>Why a new password is not taken.</summary>
internal enum PasswordProblem
{
    TooShort,
    TooLong,

    /// <summary>It is one of those that are tried first.</summary>
    TooCommon,

    /// <summary>It has a name, a handle or an address in it that belongs to its owner or to this place.</summary>
    TooPersonal,
}

/// <summary>What a new password must be, for users and for people of the console alike.</summary>
internal static class PasswordRules
{
    /// <summary>The fewest characters of a password.</summary>
    public const int Least = 12;

    /// <summary>The most.</summary>
    public const int Most = 1_000;

    // A shorter word stands in many passwords by chance.
    private const int LeastOfWord = 4;
    private const int LeastDistinct = 5;

    private static readonly Lazy<HashSet<string>> s_common = new(ReadCommon);

    /// <summary>What is wrong with a new password; null when nothing is.</summary>
    /// <param name="password">As it was typed.</param>
    /// <param name="about">Names, handles and addresses of its owner, and the name of this place.</param>
    public static PasswordProblem? FlawOf(string password, params IEnumerable<string?> about) => password switch
    {
        _ when TextRules.LengthOf(password) < Least => PasswordProblem.TooShort,
        { Length: > Most } => PasswordProblem.TooLong,
        _ when IsCommon(password.ToLowerInvariant()) => PasswordProblem.TooCommon,
        _ when WordsOf([.. about, "afterword"]).Any(word => password.Contains(word, StringComparison.OrdinalIgnoreCase)) => PasswordProblem.TooPersonal,
        _ => null,
    };

    /// <summary>The same in English, for the console and the command line.</summary>
    public static string? WrongWith(string password, params IEnumerable<string?> about) => FlawOf(password, about) switch
    {
        null => null,
        PasswordProblem.TooShort => "Choose a password of 12 characters or more.",
        PasswordProblem.TooLong => "Choose a password of at most 1,000 characters.",
        PasswordProblem.TooCommon => "This password is one of the first that others would try. Choose another one.",
        _ => "Choose a password without names, handles or addresses in it.",
    };

    private static bool IsCommon(string password)
    {
        // "!Password123456" is as common as "password", and so is "passwordpassword".
        var core = password.AsSpan().Trim("0123456789 !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~").ToString();
        return password.Distinct().Count() < LeastDistinct || s_common.Value.Contains(password) || s_common.Value.Contains(core)
            || UnitOf(password).Length < Least / 2 || s_common.Value.Contains(UnitOf(password)) || IsRun(password);
    }

    // The shortest piece that the password is a repetition of; itself, if it is none.
    private static string UnitOf(string password)
    {
        for (var length = 1; length <= password.Length / 2; length++)
        {
            var unit = password.AsSpan(0, length);
            var fits = true;
            for (var at = length; at < password.Length && fits; at += length) fits = unit.StartsWith(password.AsSpan(at, Math.Min(length, password.Length - at)));
            if (fits) return unit.ToString();
        }

        return password;
    }

    // abcdefghijkl, 9876543210987: nearly every character follows the one before it.
    private static bool IsRun(string password)
    {
        var steps = password.Zip(password.Skip(1), (one, next) => next - one).ToArray();
        return Math.Max(steps.Count(step => step == 1), steps.Count(step => step == -1)) >= steps.Length * 3 / 4;
    }

    private static IEnumerable<string> WordsOf(IEnumerable<string?> about)
    {
        foreach (var text in about.OfType<string>())
        {
            // Of an address, the host's last part stands for nobody.
            var at = text.IndexOf('@', StringComparison.Ordinal);
            var words = at > 0 ? $"{text[..at]} {text[(at + 1)..].Split('.')[0]}" : text;
            foreach (var word in words.Split([' ', '.', '_', '-', '+', '@'], StringSplitOptions.RemoveEmptyEntries))
            {
                if (word.Length >= LeastOfWord) yield return word;
            }
        }
    }

    private static HashSet<string> ReadCommon()
    {
        using var list = new StreamReader(typeof(PasswordRules).Assembly.GetManifestResourceStream("common-passwords.txt")!);
        return [.. list.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(line => line[0] != '#')];
    }
}
