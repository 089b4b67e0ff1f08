namespace Afterword.Server.Webhooks;

/// <summary>Whether an owner of the sender must approve a new endpoint before anything is sent to it.</summary>
internal enum Approval
{
    /// <summary>Always: whoever adds it may not read answers.</summary>
    Needed,

    /// <summary>Where the sender has an owner. For the command line: whoever has a shell beside the store reads everything anyhow.</summary>
    NeededIfOwned,
}
