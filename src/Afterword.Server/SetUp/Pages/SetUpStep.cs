namespace Afterword.Server.SetUp.Pages;

/// <summary>A line of a checklist.</summary>
/// <param name="Text">What is to be done.</param>
/// <param name="Detail">A few words about it.</param>
/// <param name="Address">Where it is done.</param>
/// <param name="IsDone">Whether the store shows that it is.</param>
public sealed record SetUpStep(string Text, string Detail, string Address, bool IsDone);
