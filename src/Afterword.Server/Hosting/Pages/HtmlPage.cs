namespace Afterword.Server.Hosting.Pages;

/// <summary>Marks a route that people see in a browser: its refusals and failures are pages too.</summary>
internal sealed record HtmlPage;
