using Afterword.EndToEnd.Tests.Commands;
using Afterword.EndToEnd.Tests.Interop;
using Afterword.EndToEnd.Tests.Servers;
using Afterword.Support;

namespace Afterword.EndToEnd.Tests.Channels;

/// <summary>Mail over TLS, from processes that trust different authorities.</summary>
public sealed class MailTlsTests
{
    private const string Password = "mail-password-kept-secret";

    [Fact]
    public async Task A_test_mail_goes_over_TLS_with_the_password_and_to_no_server_that_is_not_trusted()
    {
        using var folder = TestFolder.Create("mail");
        var authority = await TestAuthority.IssueAsync(folder.Path, "localhost");
        await using var office = await PostOffice.StartAsync("postmaster", Password, (authority.CertificateFile, authority.KeyFile));
        var store = await SqliteStore.NewAsync();
        string[] test = ["channel", "test", "mail", "--to", "ada@example.com", "--data", store.Place.Value, .. Set("PublicUrl=https://feedback.example", "Mail:Host=localhost", $"Mail:Port={office.Port}", "Mail:From=f@mail.example", "Mail:User=postmaster")];

        (await RunTrustingAsync(authority.RootFile, [.. test, .. Set($"Mail:Password={Password}")])).Is(0);
        var mail = (await office.WaitAsync(1))[0].Json;
        Assert.Equal((true, "postmaster", "ada@example.com"), (mail.GetProperty("tls").GetBoolean(), mail.GetProperty("user").GetString(), mail.GetProperty("to")[0].GetString()));

        Assert.Contains("not authenticated", (await RunTrustingAsync(authority.RootFile, [.. test, .. Set("Mail:Password=wrong")])).Is(1).Output, StringComparison.Ordinal);
        Assert.Contains("TLS failed", (await RunTrustingAsync("/dev/null", [.. test, .. Set($"Mail:Password={Password}")])).Is(1).Output, StringComparison.Ordinal);
        Assert.Single(office.All);
    }

    private static string[] Set(params string[] settings) => [.. settings.SelectMany(setting => (string[])["--set", setting])];

    private static async Task<Command> RunTrustingAsync(string root, string[] arguments)
    {
        var told = await Command.RunProcessAsync(arguments, new Dictionary<string, string> { ["SSL_CERT_FILE"] = root });
        Assert.DoesNotContain(Password, told.Output + told.Errors, StringComparison.Ordinal);
        return told;
    }
}
