namespace Afterword.Server.Console.Members;

/// <summary>What a person may do in the console. The numbers are stored.</summary>
public enum Role
{
    /// <summary>All of one sender: people, webhooks, rules, apps.</summary>
    Owner = 1,

    /// <summary>Metrics, answers, follow-up, export.</summary>
    Supervisor = 2,

    /// <summary>Metrics and answers without names; no export of texts.</summary>
    Analyst = 3,

    /// <summary>Whether and when a customer was asked; no score, no text, no metric of any kind.</summary>
    Agent = 4,

    /// <summary>The whole installation; no answers unless also given a role at a sender.</summary>
    Operator = 5,
}

internal static class Roles
{
    /// <summary>The roles that a sender's people have.</summary>
    public static IReadOnlyList<Role> OfSenders { get; } = [Role.Owner, Role.Supervisor, Role.Analyst, Role.Agent];

    extension(Role role)
    {
        /// <summary>As the command line and the pages write it.</summary>
        public string Word => role switch
        {
            Role.Owner => "owner",
            Role.Supervisor => "supervisor",
            Role.Analyst => "analyst",
            Role.Agent => "agent",
            _ => "operator",
        };

        /// <summary>What the role may, in a few words for whoever gives it.</summary>
        public string May => role switch
        {
            Role.Owner => "everything: people, webhooks, rules, metrics, answers, export",
            Role.Supervisor => "metrics, answers, follow-up, export",
            Role.Analyst => "metrics, and answers without names",
            Role.Agent => "whether and when a customer was asked",
            _ => "the whole installation, but no answers",
        };

        /// <summary>Whether a password alone does not let such a person in.</summary>
        public bool NeedsSecondFactor => role is Role.Owner or Role.Supervisor or Role.Operator;
    }

    /// <summary>Reads a role from the word for it; null for what is none.</summary>
    public static Role? Read(string? word)
    {
        foreach (var role in Enum.GetValues<Role>())
        {
            if (role.Word == word) return role;
        }

        return null;
    }
}
