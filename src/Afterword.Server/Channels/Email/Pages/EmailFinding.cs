namespace Afterword.Server.Channels.Email.Pages;

/// <summary>A setting that is missing, or that emails may fail by.</summary>
/// <param name="Setting">Its key.</param>
/// <param name="Example">A value that it could have.</param>
/// <param name="Why">What it is for, or what happens without it.</param>
/// <param name="IsNeeded">Whether no email is sent without it.</param>
public sealed record EmailFinding(string Setting, string Example, string Why, bool IsNeeded)
{
    /// <summary>How it is set in the environment.</summary>
    public string Variable => $"AFTERWORD_{Setting.Replace(":", "__", StringComparison.Ordinal)}={Example}";
}
