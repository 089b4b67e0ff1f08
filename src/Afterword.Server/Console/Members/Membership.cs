using System.Reflection;
using Afterword.Server.OAuth;

namespace Afterword.Server.Console.Members;

/// <summary>A person who is signed in to the console.</summary>
/// <param name="Id">The person's id.</param>
/// <param name="Email">The email address that the person signs in with.</param>
/// <param name="Name">What others read.</param>
/// <param name="SessionId">The browser that the person sits at.</param>
/// <param name="Workspaces">Where the person has a role, by name.</param>
public sealed record Member(long Id, string Email, string Name, long SessionId, IReadOnlyList<Workspace> Workspaces)
{
    /// <summary>The time zone in which the person reads times, by its IANA name; null for the console's.</summary>
    public string? TimeZone { get; init; }

    /// <summary>Stands for whoever has a shell beside the store.</summary>
    internal static Member CommandLine { get; } = new(0, "command line", "Command line", 0, []);

    /// <summary>Stands for the server itself.</summary>
    internal static Member Server { get; } = new(0, "server", "Server", 0, []);

    /// <summary>Stands for an app that acts for a sender. No email address begins like its name.</summary>
    internal static Member Of(App app) => OfApp(app.Name);

    /// <inheritdoc cref="Of"/>
    internal static Member OfApp(string name) => new(0, $"app {name}", name, 0, []);

    /// <summary>Stands for a user who does something about their own account.</summary>
    internal static Member OfUser(string screenName) => new(0, $"@{screenName}", screenName, 0, []);

    /// <summary>Stands for a program that calls with an operator key.</summary>
    internal static Member OfOperatorKey(string name) => new(0, $"operator key {name}", name, 0, []);

    public bool IsOperator => Workspaces.Any(workspace => workspace.Role == Role.Operator);

    /// <summary>Why a password alone is not enough, in words of what the person may.</summary>
    public string WhySecondFactor => Workspaces.Any(workspace => workspace.Role is Role.Owner or Role.Supervisor) ? "You can read what customers wrote" : "You can change who may do what on this server";

    /// <summary>Hands a handler the person whom the access check let in.</summary>
    public static ValueTask<Member?> BindAsync(HttpContext http, ParameterInfo parameter) => ValueTask.FromResult(http.Features.Get<Member>());
}

/// <summary>Where a person has a role.</summary>
/// <param name="SenderId">The sender; <see cref="Installation"/> for operators.</param>
/// <param name="Handle">The sender's handle without @; empty for the installation.</param>
/// <param name="SenderName">The sender's profile name; empty for the installation.</param>
/// <param name="Role">What the person may there.</param>
public sealed record Workspace(long SenderId, string Handle, string SenderName, Role Role)
{
    /// <summary>Stands for the installation where a sender's id would stand.</summary>
    public const long Installation = 0;

    /// <summary>What people call it.</summary>
    public string Title => SenderId == Installation ? "Installation" : SenderName;

    /// <summary>Where its pages begin.</summary>
    public string Address => SenderId == Installation ? "/console/admin" : $"/console/@{Handle}";
}

/// <summary>A person in one sender's console, or at the installation. Only the access check makes one, after it asked the store.</summary>
/// <param name="Member">Who.</param>
/// <param name="Workspace">Where, and with which role.</param>
public sealed record Membership(Member Member, Workspace Workspace)
{
    public Role Role => Workspace.Role;

    public long SenderId => Workspace.SenderId;

    /// <summary>The sender's handle without @, in its own letter case.</summary>
    public string Handle => Workspace.Handle;

    public string SenderName => Workspace.SenderName;

    /// <summary>An address within this sender's console: <c>overview</c> becomes <c>/console/@furni/overview</c>.</summary>
    public string AddressOf(string page) => $"{Workspace.Address}/{page}";

    /// <summary>Hands a handler the membership that the access check found.</summary>
    public static ValueTask<Membership?> BindAsync(HttpContext http, ParameterInfo parameter) => ValueTask.FromResult(http.Features.Get<Membership>());
}
