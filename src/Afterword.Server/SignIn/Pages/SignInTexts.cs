using System.Text.Json.Serialization;
using Afterword.Server.Languages;

namespace Afterword.Server.SignIn.Pages;

/// <summary>The words of the page to sign in on. A word may hold <c>{platform}</c>, <c>{app}</c>, <c>{http}</c> or <c>{https}</c>.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record SignInTexts : Texts
{
    internal static readonly Section<SignInTexts> All = new("sign_in", SignInTextsJson.Default.SignInTexts);

    public required string Title { get; init; }
    public required string TitleForApp { get; init; }
    public required string Heading { get; init; }
    public required string HeadingForApp { get; init; }
    public required string DetailForApp { get; init; }
    public required string Handle { get; init; }
    public required string Password { get; init; }
    public required string SignIn { get; init; }
    public required string Help { get; init; }

    /// <summary>By the minutes that an account stays locked.</summary>
    public required Counted Wrong { get; init; }

    public required string TooMany { get; init; }
    public required string Suspended { get; init; }
    public required string NeedsHttps { get; init; }

    /// <summary>What is said where no browser would keep the session.</summary>
    internal string OverPlainHttp => NeedsHttps.Replace("{https}", "https", StringComparison.Ordinal).Replace("{http}", "http", StringComparison.Ordinal);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(SignInTexts))]
internal sealed partial class SignInTextsJson : JsonSerializerContext;
