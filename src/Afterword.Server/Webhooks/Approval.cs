namespace Afterword.Server.Webhooks;

/// <summary>Whether someone must approve a new endpoint before anything is sent to it, and who.</summary>
internal enum Approval
{
    /// <summary>An owner of the sender: whoever adds it may not read answers.</summary>
    Needed,

    /// <summary>An owner, where the sender has one. For the command line: whoever has a shell beside the store reads everything anyhow.</summary>
    NeededIfOwned,

    /// <summary>An operator: an owner adds it, and the installation sends to addresses that its operators know.</summary>
    NeededByOperator,

    /// <summary>Nobody: an owner adds it where the operator's policy lets owners do so.</summary>
    NotNeeded,
}

/// <summary>Who approves an endpoint.</summary>
internal enum Approver
{
    /// <summary>An owner of the sender: what an operator has added.</summary>
    Owner,

    /// <summary>An operator: what an owner has added.</summary>
    Operator,

    /// <summary>Someone with a shell beside the store, in anybody's place.</summary>
    Shell,
}
