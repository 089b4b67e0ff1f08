using Afterword.Server.Access;

namespace Afterword.Server.Errors;

/// <summary>Reads parameters one by one and notes each that is missing, given twice or not text, so that one answer names them all.</summary>
internal sealed class Reader(RequestParameters parameters)
{
    public ApiErrors Errors { get; } = new();

    /// <summary>Gives the text, or null after noting why there is none. Empty counts as missing.</summary>
    public string? Required(string name)
    {
        var given = parameters.Read(name, out var text);
        if (given == Given.Nothing) Errors.Add(ApiError.Missing(name));
        return Text(name, given, text);
    }

    /// <summary>Gives the text, or null when it was left out or left empty, or after noting what is wrong.</summary>
    public string? Optional(string name)
    {
        var given = parameters.Read(name, out var text);
        return Text(name, given, text);
    }

    private string? Text(string name, Given given, string text)
    {
        if (given == Given.Repeatedly) Errors.Add(ApiError.Invalid(name, "given more than once"));
        if (given == Given.Unreadably) Errors.Add(ApiError.Invalid(name, "text in UTF-8"));
        return given == Given.Once ? text : null;
    }
}
