using System.Diagnostics;
using System.Globalization;
using Afterword.EndToEnd.Tests.Commands;
using Afterword.EndToEnd.Tests.Interop;
using Afterword.EndToEnd.Tests.Servers;
using Afterword.Support;

namespace Afterword.EndToEnd.Tests.Channels;

/// <summary>An email to a real mail server over TLS, from a process that trusts one authority and no other.</summary>
public sealed class EmailServerTests
{
    private const string Password = "mail-password-kept-secret";

    [Theory]
    [InlineData("starttls", "PLAIN")]
    [InlineData("starttls", "LOGIN")]
    [InlineData("implicit", "PLAIN")]
    [InlineData("implicit", "LOGIN")]
    public async Task A_test_email_goes_over_TLS_with_the_password(string tls, string mechanism)
    {
        using var folder = TestFolder.Create("mail");
        var authority = await TestAuthority.IssueAsync(folder.Path, "localhost");
        await using var office = await StartAsync(authority, tls, mechanism);

        (await SendAsync(office.Port, tls, authority.RootFile)).Is(0);

        var email = (await office.WaitAsync(1))[0];
        Assert.Equal((true, "postmaster", mechanism), (email.Json.GetProperty("tls").GetBoolean(), email.Json.GetProperty("user").GetString(), email.Json.GetProperty("mechanism").GetString()));
        Assert.Equal(("ada@example.com", "feedback.example"), (email.To, email.Json.GetProperty("hello").GetString()));
        Assert.EndsWith("@feedback.example>", email.MessageId, StringComparison.Ordinal);
        Assert.Empty(email.Json.GetProperty("defects").EnumerateArray());
    }

    [Theory]
    [InlineData("starttls")]
    [InlineData("implicit")]
    public async Task Nothing_is_sent_to_a_server_that_is_not_trusted_or_is_another(string tls)
    {
        using var folder = TestFolder.Create("mail");
        var authority = await TestAuthority.IssueAsync(folder.Path, "localhost");
        await using var office = await StartAsync(authority, tls, "PLAIN");

        foreach (var (root, host) in ((string, string)[])[("/dev/null", "localhost"), (authority.RootFile, "127.0.0.1")])
        {
            Assert.Contains("TLS failed: ", (await SendAsync(office.Port, tls, root, host)).Is(1).Output, StringComparison.Ordinal);
        }

        Assert.Empty(office.All);
    }

    [Fact]
    public async Task A_wrong_password_is_told_and_nothing_is_sent()
    {
        using var folder = TestFolder.Create("mail");
        var authority = await TestAuthority.IssueAsync(folder.Path, "localhost");
        await using var office = await StartAsync(authority, "implicit", "PLAIN LOGIN");

        Assert.Contains("Signing in failed: ", (await SendAsync(office.Port, "implicit", authority.RootFile, password: "wrong")).Is(1).Output, StringComparison.Ordinal);
        Assert.Empty(office.All);
    }

    private static Task<PostOffice> StartAsync(TestAuthority authority, string tls, string mechanisms) =>
        PostOffice.StartAsync("postmaster", Password, (authority.CertificateFile, authority.KeyFile), tls == "implicit", mechanisms);

    private static async Task<Command> SendAsync(int port, string tls, string root, string host = "localhost", string password = Password)
    {
        var store = await SqliteStore.NewAsync();
        string[] settings =
        [
            "PublicUrl=https://feedback.example", $"Mail:Host={host}", string.Create(CultureInfo.InvariantCulture, $"Mail:Port={port}"), $"Mail:Tls={tls}", "Mail:From=f@mail.example",
            "Mail:User=postmaster", $"Mail:Password={password}",
        ];
        var start = new ProcessStartInfo(
            Path.Combine(AppContext.BaseDirectory, "afterword"),
            ["channel", "test", "mail", "--to", "ada@example.com", "--data", store.Place.Value, .. settings.SelectMany(setting => (string[])["--set", setting])])
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        };
        start.Environment["SSL_CERT_FILE"] = root;
        using var process = Process.Start(start)!;
        var output = await Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        Assert.DoesNotContain(password, string.Concat(output), StringComparison.Ordinal);
        return new(process.ExitCode, output[0], output[1]);
    }
}
