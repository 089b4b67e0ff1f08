using Afterword.Server.Console.Members;
using Afterword.Server.SignIn;

namespace Afterword.Server.Console.Pages;

/// <summary>What stands around every page of the console.</summary>
/// <param name="Member">Who looks.</param>
/// <param name="Membership">Where; null for pages that belong to no sender.</param>
/// <param name="Menu">The pages there that the role may open.</param>
/// <param name="Token">The hidden field of every form.</param>
/// <param name="When">Shows instants in the time zone of the person, or else of the console.</param>
/// <param name="DayZone">The console's time zone: that of the days in metrics and filters, whoever looks.</param>
/// <param name="Now">The time.</param>
/// <param name="Paused">Why nothing is sent just now; null on pages that are about something else.</param>
public sealed record ConsoleFrame(Member Member, Membership? Membership, IReadOnlyList<MenuItem> Menu, FormToken Token, ConsoleTimes When, string DayZone, DateTimeOffset Now, string? Paused = null);

/// <summary>A page about what is sent by itself: it says when that is paused.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class OutboundPageAttribute : Attribute;

/// <summary>A page in the navigation.</summary>
/// <param name="Page">Names it: <c>overview</c>.</param>
/// <param name="Name">What people read.</param>
/// <param name="Address">Where it is.</param>
public sealed record MenuItem(string Page, string Name, string Address);
