using Afterword.Server.Configuration;
using Afterword.Server.Sandbox;
using Microsoft.Extensions.Configuration;

namespace Afterword.Server.Tests.Sandboxes;

/// <summary>Whatever the settings say, a sandbox keeps to a store that is thrown away, and to this machine.</summary>
public sealed class SandboxSettingsTests
{
    [Fact]
    public void What_the_settings_say_of_stores_and_of_backups_is_passed_over()
    {
        var sandbox = Read(("Data", "/srv/kept"), ("Database", "postgres://kept.example/kept"), ("PublicUrl", "https://feedback.example"), ("Webhooks:AllowPrivateAddresses", "true")).InSandbox("/tmp/thrown-away");

        Assert.Equal(("/tmp/thrown-away", null, null, null), (sandbox.Data, sandbox.Database, sandbox.PublicUrl, sandbox.Backup.Every));
        Assert.True(sandbox is { IsSandbox: true, Webhooks.LoopbackOnly: true });
    }

    [Theory]
    [InlineData("smtp.example.com", false)]
    [InlineData("192.0.2.7", false)]
    [InlineData("localhost", true)]
    [InlineData("127.0.0.1", true)]
    public void Email_is_sent_through_this_machine_alone(string host, bool isSent) =>
        Assert.Equal(isSent, Read(("Mail:Host", host), ("Mail:From", "feedback@example.com"), ("PublicUrl", "https://feedback.example"), ("Mail:Tls", "none")).InSandbox("/tmp/thrown-away").Mail is not null);

    private static Settings Read(params (string Name, string Value)[] settings)
    {
        var (read, errors) = SettingsReader.Read(new ConfigurationBuilder().AddInMemoryCollection(settings.Select(one => KeyValuePair.Create(one.Name, (string?)one.Value))).Build());
        Assert.Empty(errors);
        return read!;
    }
}
