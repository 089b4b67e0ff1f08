namespace Afterword.Server.SetUp.Pages;

/// <summary>The latest request that someone sent to themselves.</summary>
/// <param name="Score">What they gave, such as <c>4 of 5</c>; null while they have given none.</param>
/// <param name="Comment">What they wrote, or null.</param>
/// <param name="IsDismissed">They closed the card.</param>
public sealed record OwnRequest(string? Score, string? Comment, bool IsDismissed);
