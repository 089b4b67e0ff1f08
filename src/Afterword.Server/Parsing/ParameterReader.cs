using System.Globalization;
using Afterword.Server.Configuration;
using Afterword.Server.Errors;

namespace Afterword.Server.Parsing;

/// <summary>Reads parameters one by one and notes each that is missing, given twice or not text, so that one answer names them all.</summary>
internal sealed class ParameterReader(RequestParameters parameters)
{
    // So many of them are named in an answer, and so much of each name.
    private const int MostUnknown = 5;
    private const int LongestName = 40;

    // Of every call; only those that refuse unknown names look into it.
    private readonly List<string> _read = [];

    public ApiErrors Errors { get; } = new();

    /// <summary>Notes each parameter that was given and not read. For calls that Twitter never had: there, a filter with a wrong name would answer another question.</summary>
    /// <param name="alsoKnown">What may be given without being read.</param>
    public void RefuseUnknown(params ReadOnlySpan<string> alsoKnown)
    {
        var known = new SortedSet<string>([.. _read, .. alsoKnown], StringComparer.Ordinal);
        foreach (var name in parameters.Names().Where(name => !known.Contains(name)).Take(MostUnknown))
        {
            var parts = name.Split('_');
            var meant = NearestName.Of(name, known) ?? known.FirstOrDefault(parts.Contains);
            Errors.Add(ApiError.Invalid(
                name.Length <= LongestName ? name : name[..LongestName], meant is null ? $"unknown here; there are {string.Join(", ", known)}" : $"unknown here; {meant} is meant, or another of {string.Join(", ", known)}"));
        }
    }

    /// <summary>Gives the text, or null after noting why there is none. Empty counts as missing.</summary>
    public string? Required(string name)
    {
        _read.Add(name);
        var parameterSource = parameters.Read(name, out var text);
        if (parameterSource == ParameterSource.Nothing) Errors.Add(ApiError.Missing(name));
        return Text(name, parameterSource, text);
    }

    /// <summary>Gives the text, or null when it was left out or left empty, or after noting what is wrong.</summary>
    public string? Optional(string name)
    {
        _read.Add(name);
        var parameterSource = parameters.Read(name, out var text);
        return Text(name, parameterSource, text);
    }

    /// <summary>Gives the id, or null after noting why there is none.</summary>
    public long? RequiredId(string name) => Id(name, Required(name));

    /// <summary>Gives the id, or null when it was left out, or after noting what is wrong.</summary>
    public long? OptionalId(string name) => Id(name, Optional(name));

    /// <summary>Gives the whole number, or <paramref name="otherwise"/> when it was left out, or after noting what is wrong.</summary>
    /// <param name="name">The parameter's name on the wire.</param>
    /// <param name="least">The smallest that is allowed, 0 or more.</param>
    /// <param name="most">The largest that is allowed.</param>
    /// <param name="otherwise">The default.</param>
    public int Whole(string name, int least, int most, int otherwise) => OptionalWhole(name, least, most) ?? otherwise;

    /// <summary>Gives the whole number, or null when it was left out, or after noting what is wrong.</summary>
    /// <param name="name">The parameter's name on the wire.</param>
    /// <param name="least">The smallest that is allowed, 0 or more.</param>
    /// <param name="most">The largest that is allowed.</param>
    public int? OptionalWhole(string name, int least, int most)
    {
        if (Optional(name) is not { } text) return null;
        if (WholeNumber.TryRead(text, out var number) && number >= least && number <= most) return (int)number;

        Errors.Add(ApiError.Invalid(name, string.Create(CultureInfo.InvariantCulture, $"a whole number from {least} to {most}")));
        return null;
    }

    /// <summary>Gives the truth value; false when it was left out, or after noting what is wrong.</summary>
    public bool Truth(string name) => OptionalTruth(name) ?? false;

    /// <summary>Gives the truth value, or null when it was left out, or after noting what is wrong.</summary>
    public bool? OptionalTruth(string name)
    {
        switch (Optional(name))
        {
            case null: return null;
            case "false" or "0" or "f": return false;
            case "true" or "1" or "t": return true;
            default:
                Errors.Add(ApiError.Invalid(name, "true or false"));
                return null;
        }
    }

    /// <summary>Gives the instant in Unix milliseconds, or null after noting why there is none, unless it may be left out.</summary>
    public long? Millis(string name, bool required = false)
    {
        if ((required ? Required(name) : Optional(name)) is not { } text) return null;
        if (WholeNumber.TryRead(text, out var millis)) return millis;

        Errors.Add(ApiError.Invalid(name, "milliseconds since 1970, as a whole number"));
        return null;
    }

    private long? Id(string name, string? text)
    {
        if (text is null) return null;
        if (WholeNumber.TryRead(text, out var id)) return id;

        Errors.Add(ApiError.Invalid(name, "a decimal id"));
        return null;
    }

    private string? Text(string name, ParameterSource parameterSource, string text)
    {
        if (parameterSource == ParameterSource.Repeatedly) Errors.Add(ApiError.Invalid(name, "given more than once"));
        if (parameterSource == ParameterSource.Unreadably) Errors.Add(ApiError.Invalid(name, "text in UTF-8"));
        return parameterSource == ParameterSource.Once ? text : null;
    }
}
