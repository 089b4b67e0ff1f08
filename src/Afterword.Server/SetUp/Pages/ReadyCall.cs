namespace Afterword.Server.SetUp.Pages;

/// <summary>A call that is complete, to be pasted.</summary>
/// <param name="Language">curl, C#, Python or JavaScript.</param>
/// <param name="Text">The program.</param>
public sealed record ReadyCall(string Language, string Text);

/// <summary>The keys of an app, as they are shown once, with the calls that they are in.</summary>
public sealed record ShownKeys(string Key, string Secret, string Token, string TokenSecret, IReadOnlyList<ReadyCall> Calls)
{
    internal static ShownKeys Of(AppKeys keys, IReadOnlyList<ReadyCall> calls) => new(keys.Key, keys.Secret, keys.Token, keys.TokenSecret, calls);
}
