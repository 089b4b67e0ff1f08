namespace Afterword.Server.Console;

/// <summary>What someone entered in a form that was refused, and what is wrong with which field, so that the page shows both again.</summary>
public sealed class SubmittedForm
{
    private readonly Dictionary<string, string> _values = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _problems = new(StringComparer.Ordinal);

    /// <summary>A form that nobody has sent yet.</summary>
    public static SubmittedForm Nothing { get; } = new();

    /// <summary>Whether anything is wrong.</summary>
    public bool IsWrong => _problems.Count > 0;

    /// <summary>Keeps what was entered, passwords and other secrets excepted.</summary>
    internal static SubmittedForm Of(IFormCollection form, params string[] secrets)
    {
        var submittedForm = new SubmittedForm();
        foreach (var (name, values) in form)
        {
            if (!secrets.Contains(name)) submittedForm._values[name] = values.ToString();
        }

        return submittedForm;
    }

    /// <summary>Notes what is wrong with a field, as a whole sentence; the first thing counts.</summary>
    internal SubmittedForm Refuse(string field, string problem)
    {
        _problems.TryAdd(field, problem);
        return this;
    }

    /// <summary>What was entered in a field; <paramref name="otherwise"/> when the form was not sent.</summary>
    public string? Value(string field, string? otherwise = null) => _values.GetValueOrDefault(field) ?? otherwise;

    /// <summary>Whether an option is chosen: the one that was sent, or the one that a fresh form has.</summary>
    public bool Chose(string field, string option, bool otherwise = false) => _values.Count == 0 ? otherwise : _values.GetValueOrDefault(field) == option;

    /// <summary>What is wrong with a field; null for nothing.</summary>
    public string? ProblemWith(string field) => _problems.GetValueOrDefault(field);
}
