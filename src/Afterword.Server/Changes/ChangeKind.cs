namespace Afterword.Server.Changes;

/// <summary>What happened to a prompt. The numbers are stored.</summary>
internal enum ChangeKind
{
    Created = 1,
    Updated = 2,

    /// <summary>The person who was asked has been erased; score and times stay.</summary>
    Erased = 3,
}

internal static class ChangeKinds
{
    extension(ChangeKind kind)
    {
        /// <summary>The type of its event on the wire.</summary>
        public string EventType => kind switch
        {
            ChangeKind.Created => "feedback.created",
            ChangeKind.Updated => "feedback.updated",
            _ => "feedback.erased",
        };
    }
}
