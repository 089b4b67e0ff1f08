namespace Afterword.Server.Changes;

/// <summary>What happened to a prompt. The numbers are stored.</summary>
internal enum ChangeKind
{
    Created = 1,
    Updated = 2,
}
