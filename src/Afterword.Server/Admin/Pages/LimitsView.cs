namespace Afterword.Server.Admin.Pages;

/// <summary>The limits of a sender in a form, beside those of the settings. Null is that of the settings.</summary>
public sealed record LimitsView(
    string Handle, string? Creates, string? Interval, string? Shows, string? Events, string UsualCreates, string UsualInterval, string UsualShows, string UsualEvents);
