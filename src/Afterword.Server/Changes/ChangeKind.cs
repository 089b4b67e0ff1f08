namespace Afterword.Server.Changes;

/// <summary>What happened to a prompt. The numbers are stored.</summary>
internal enum ChangeKind
{
    Created = 1,
    Updated = 2,
}

internal static class ChangeKinds
{
    extension(ChangeKind kind)
    {
        public string Wire => kind == ChangeKind.Created ? "feedback.created" : "feedback.updated";
    }
}
