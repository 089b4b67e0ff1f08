using System.CommandLine;
using System.Globalization;
using Afterword.Server.Channels;
using Afterword.Server.Privacy;
using Afterword.Server.Users;

namespace Afterword.Server.Cli;

/// <summary>A person as a request under data-protection law names them: by handle, or by the email address that it came from.</summary>
internal static class NamedPerson
{
    public static Argument<string> Argument() => new("@handle|EMAIL")
    {
        Description = "The person's handle, such as @maja, or email address.",
        CustomParser = result =>
        {
            var text = result.Tokens[0].Value;
            if (EmailAddress.TryParse(text, out var address)) return address.Value;

            var handle = UserAccounts.Bare(text);
            if (!UserAccounts.Handle.IsMatch(handle)) result.AddError($"\"{text}\" is not a handle, such as @maja, and not an email address.");
            return handle;
        },
    };

    /// <returns>Null when nobody has this handle.</returns>
    /// <exception cref="CommandException">Nobody has this email address, or more than one.</exception>
    public static async Task<User?> FindAsync(OpenedStore store, string named, CancellationToken stop) => await store.UserAccounts.FindNamedAsync(named, stop) switch
    {
        [var one] => one,
        [] when UserAccounts.IsEmail(named) => throw new CommandException(ExitCode.Failed, $"There is no user with the email address {named}. Someone who was erased is found by their handle only. See: afterword user list"),
        [] => null,
        var several => throw new CommandException(ExitCode.Failed, $"Several users have the email address {named}: {string.Join(", ", several.Select(one => $"@{one.ScreenName}"))}. Name one by the handle."),
    };

    /// <summary>Who had the handle and was erased.</summary>
    public static async Task<Erasure?> EarlierAsync(OpenedStore store, string named, CancellationToken stop) => UserAccounts.IsEmail(named) ? null : await store.ErasePerson.EarlierAsync(named, stop);

    public static CommandException Unknown(string handle) => new(ExitCode.Failed, $"There is no user @{handle}. See: afterword user list");

    public static string Told(string handle, Erasure earlier) => $"A person with the handle @{handle} was erased at {Time(earlier)}. Receipt: {earlier.Receipt}";

    public static string Time(Erasure erasure) => erasure.At.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
