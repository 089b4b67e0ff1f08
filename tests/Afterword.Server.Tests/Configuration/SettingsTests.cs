using Afterword.Server.Configuration;
using Afterword.Server.Storage.Postgres;
using Afterword.Support;
using MailKit.Security;
using Microsoft.Extensions.Configuration;

namespace Afterword.Server.Tests.Configuration;

/// <summary>Settings: sensible without any, and all errors at once.</summary>
public sealed class SettingsTests
{
    [Fact]
    public void A_public_host_stands_in_links_in_the_letters_of_DNS() =>
        Assert.Equal("https://xn--bcher-kva.example/", Read(("PublicUrl", "https://bücher.example")).Settings!.PublicUrl!.ToString());

    [Fact]
    public void Without_any_the_documented_defaults_hold()
    {
        var (settings, errors) = Read();

        Assert.Empty(errors);
        Assert.Equal((1_000, TimeSpan.FromHours(24), 180, 1_000), (settings!.Limits.CreatesPerDay, settings.Limits.RecipientInterval, settings.Limits.ShowPer15Minutes, settings.Limits.EventsPer15Minutes));
        Assert.Equal((300, 900, 900, 900), (settings.Limits.AnswersPer15Minutes, settings.Limits.UsersPer15Minutes, settings.Limits.MessagesPer15Minutes, settings.Limits.StatusPer15Minutes));
        Assert.Equal((1_000, 15_000, 5), (settings.Limits.MessagesPerDay, settings.Limits.AppMessagesPerDay, settings.Limits.FreeReplies));
        Assert.Equal((TimeSpan.FromHours(24), TimeSpan.FromDays(30), "data", "Afterword"), (settings.EventsDelay, settings.CardLifetime, settings.Data, settings.Platform));
        Assert.Equal("UTC", settings.TimeZone);
    }

    [Fact]
    public void Everything_wrong_is_told_at_once_with_what_it_must_be()
    {
        var (settings, errors) = Read(
            ("Limits:CreatesPerDay", "0"), ("Limits:RecipientInterval", "24"), ("Feedback:EventsDelay", "-01:00:00"), ("Questions:Nps", "best"),
            ("Storage:WriteQueue", "many"), ("PublicUrl", "ftp://x"), ("Proxies", "10.0.0.0/99"), ("Limits:CreatsPerDay", "5"), ("Database", "postgres//oops"));

        Assert.Null(settings);
        Assert.Equal(9, errors.Count);
        Assert.Contains(errors, error => error.Contains("Limits:CreatsPerDay is not a setting", StringComparison.Ordinal) && error.Contains("Limits:CreatesPerDay", StringComparison.Ordinal));
        Assert.Contains(errors, error => error.Contains("Limits:RecipientInterval is \"24\"", StringComparison.Ordinal) && error.Contains("00:15:00", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("Europe/Berlin", true)]
    [InlineData("America/Argentina/Buenos_Aires", true)]
    [InlineData("Etc/GMT+5", true)]
    [InlineData("Mitteleuropa", false)]
    [InlineData("W. Europe Standard Time", false)]
    [InlineData("../../etc/passwd", false)]
    public void A_time_zone_has_a_name_of_the_iana_list(string zone, bool isKnown)
    {
        var (settings, errors) = Read(("Console:TimeZone", zone));

        Assert.Equal(isKnown ? zone : null, settings?.TimeZone);
        if (!isKnown) Assert.Contains("Europe/Berlin", Assert.Single(errors), StringComparison.Ordinal);
    }

    [Fact]
    public void An_email_server_has_the_documented_defaults()
    {
        var (settings, errors) = Read(("PublicUrl", "https://feedback.example"), ("Mail:Host", "smtp.example"), ("Mail:From", "f@example.com"), ("Mail:User", "u"), ("Mail:Password", "hunter2"));

        Assert.Empty(errors);
        var email = settings!.Mail!;
        Assert.Equal((587, SecureSocketOptions.StartTls, TimeSpan.FromSeconds(20), null), (email.Port, email.Tls, email.Timeout, email.FromName));
        Assert.DoesNotContain("hunter2", settings.ToString(), StringComparison.Ordinal);
        Assert.Null(Read().Settings!.Mail);
        Assert.Equal((8, 7), (settings.Channels.Concurrency, settings.Channels.RetrySchedule.Count));
    }

    [Theory]
    [InlineData(465, SecureSocketOptions.SslOnConnect, "Mail:Port=465")]
    [InlineData(465, SecureSocketOptions.SslOnConnect, "Mail:Tls=implicit")]
    [InlineData(465, SecureSocketOptions.StartTls, "Mail:Port=465", "Mail:Tls=starttls")]
    [InlineData(2525, SecureSocketOptions.SslOnConnect, "Mail:Port=2525", "Mail:Tls=implicit")]
    [InlineData(2525, SecureSocketOptions.StartTls, "Mail:Port=2525")]
    [InlineData(587, SecureSocketOptions.None, "Mail:Tls=none")]
    public void Port_and_TLS_of_an_email_server_go_together_where_only_one_is_given(int port, SecureSocketOptions tls, params string[] given)
    {
        var (settings, errors) = Read(
            [("PublicUrl", "https://feedback.example"), ("Mail:Host", "smtp.example"), ("Mail:From", "f@example.com"), .. given.Select(pair => (pair.Split('=')[0], pair.Split('=')[1]))]);

        Assert.Empty(errors);
        Assert.Equal((port, tls), (settings!.Mail!.Port, settings.Mail.Tls));
    }

    [Theory]
    [InlineData("Mail:Host is not set", "Mail:Host=")]
    [InlineData("Mail:Host is \"a b\"", "Mail:Host=a b")]
    [InlineData("Mail:From is not set", "Mail:From=")]
    [InlineData("Mail:From is \"Furni <f@example.com>\"", "Mail:From=Furni <f@example.com>")]
    [InlineData("PublicUrl is not set", "PublicUrl=")]
    [InlineData("Mail:User is not set", "Mail:User=")]
    [InlineData("Mail:Password is not set", "Mail:Password=")]
    [InlineData("Mail:Tls is \"none\"", "Mail:Tls=none")]
    [InlineData("Mail:Tls is \"ssl\"", "Mail:Tls=ssl")]
    [InlineData("Mail:Port is \"0\"", "Mail:Port=0")]
    [InlineData("Mail:FromName is", "Mail:FromName=A\nB")]
    [InlineData("Mail:Timeout is", "Mail:Timeout=01:00:00")]
    [InlineData("Mail:Passwort is not a setting", "Mail:Passwort=x")]
    public void What_is_wrong_with_an_email_server_is_told_without_its_password(string told, string changed)
    {
        var given = new Dictionary<string, string>
        {
            ["PublicUrl"] = "https://feedback.example", ["Mail:Host"] = "smtp.example", ["Mail:From"] = "f@example.com", ["Mail:User"] = "u", ["Mail:Password"] = "hunter2",
        };
        given[changed.Split('=')[0]] = changed.Split('=')[1];

        var error = Assert.Single(Read([.. given.Select(pair => (pair.Key, pair.Value))]).Errors);

        Assert.StartsWith(told, error, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", error, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_wrong_is_blamed_on_where_it_was_given()
    {
        using var folder = TestFolder.Create("settings");
        var file = Path.Combine(folder.Path, "appsettings.json");
        File.WriteAllText(file, """{ "Limits": { "ShowPer15Minutes": "many" }, "Cards": { "Lifetime": "long" } }""");
        Environment.SetEnvironmentVariable("AFTERWORD_TEST_ORIGIN_Cards__Lifetime", "longer");
        var errors = SettingsReader.Read(
            new ConfigurationBuilder().AddJsonFile(file).AddEnvironmentVariables("AFTERWORD_TEST_ORIGIN_")
                .AddInMemoryCollection([new("Questions:Nps", "best"), new("Mail:Host", "smtp.example")]).Build()).Errors;
        Environment.SetEnvironmentVariable("AFTERWORD_TEST_ORIGIN_Cards__Lifetime", null);

        string[] expected =
        [
            "Limits:ShowPer15Minutes is \"many\"|(appsettings.json)", "Cards:Lifetime is \"longer\"|(environment variable AFTERWORD_Cards__Lifetime)", "Questions:Nps is \"best\"|(command line)",
            "Mail:From is not set|(set it with --set Mail:From=… or the environment variable AFTERWORD_Mail__From)",
        ];
        foreach (var parts in expected.Select(pair => pair.Split('|')))
        {
            Assert.Contains(errors, error => error.StartsWith(parts[0], StringComparison.Ordinal) && error.EndsWith(parts[1], StringComparison.Ordinal));
        }
    }

    [Fact]
    public void Access_tokens_take_the_place_of_a_password()
    {
        (string, string)[] email = [("PublicUrl", "https://feedback.example"), ("Mail:Host", "smtp.example"), ("Mail:From", "f@example.com"), ("Mail:User", "u")];
        (string, string)[] oauth = [("Mail:TokenUrl", "https://issuer.example/token"), ("Mail:ClientId", "id"), ("Mail:ClientSecret", "hunter2")];

        var settings = Read([.. email, .. oauth]).Settings!;
        Assert.Equal(("id", "feedback.example"), (settings.Mail!.OAuth!.ClientId, settings.Mail.HelloName));
        Assert.DoesNotContain("hunter2", settings.ToString(), StringComparison.Ordinal);
        Assert.Equal("mail.furni.example", Read([.. email, .. oauth, ("Mail:HelloName", "mail.furni.example")]).Settings!.Mail!.HelloName);
        foreach (var (told, changed) in new (string, (string, string)[])[]
        {
            ("Mail:Password is \"…\"; it must be left out", [.. email, .. oauth, ("Mail:Password", "hunter3")]), ("Mail:User is not set", [.. email[..3], .. oauth]), ("Mail:ClientId is not set", [.. email, oauth[0]]),
            ("Mail:TokenUrl is \"http://issuer.example/token\"", [.. email, ("Mail:TokenUrl", "http://issuer.example/token"), oauth[1]]), ("Mail:Tls is \"none\"", [.. email, .. oauth, ("Mail:Tls", "none")]),
            ("Mail:HelloName is \"a b\"", [.. email, .. oauth, ("Mail:HelloName", "a b")]),
        })
        {
            Assert.Contains(Read(changed).Errors, error => error.StartsWith(told, StringComparison.Ordinal) && !error.Contains("hunter", StringComparison.Ordinal));
        }
    }

    [Fact]
    public void A_section_or_a_named_key_that_nobody_reads_is_refused()
    {
        Assert.Contains(Read(("Limit:CreatesPerDay", "5")).Errors, error => error.StartsWith("Limit is not a section", StringComparison.Ordinal));
        Assert.Empty(Read(("Kestrel:Endpoints:Http:Url", "http://*:1")).Errors);
        Assert.Contains(
            SettingsReader.Read(new ConfigurationBuilder().AddInMemoryCollection([new("Platfrom", "X")]).Build(), "Platfrom").Errors,
            error => error.StartsWith("Platfrom is not a setting", StringComparison.Ordinal));
    }

    [Fact]
    public void An_unknown_option_of_a_database_url_is_named() =>
        Assert.Contains("Database", Assert.Single(Read(("Database", "postgres://u@h/d?foo=bar")).Errors), StringComparison.Ordinal);

    [Fact]
    public void A_password_in_a_wrong_database_url_is_not_repeated() =>
        Assert.DoesNotContain("hunter2", string.Join('\n', Read(("Database", "mysql://a:hunter2@b/c")).Errors), StringComparison.Ordinal);

    [Theory]
    [InlineData("postgres://a%40b:p%3Aw@db.example:5433/after?sslmode=Require", "Host=db.example;Port=5433;Database=after;Username=a@b;Password=p:w;SSL Mode=Require")]
    [InlineData("postgresql://u@localhost/x?host=/var/run/postgresql", "Host=/var/run/postgresql;Port=5432;Database=x;Username=u")]
    [InlineData("Host=h;Username=u;Database=d", "Host=h;Username=u;Database=d")]
    public void A_database_is_named_by_url_or_by_key_and_value(string url, string expected) =>
        Assert.StartsWith(expected, PostgresUrl.ConnectionText(url), StringComparison.Ordinal);

    private static (Settings? Settings, IReadOnlyList<string> Errors) Read(params (string Key, string Value)[] given) =>
        SettingsReader.Read(new ConfigurationBuilder().AddInMemoryCollection(given.ToDictionary(pair => pair.Key, pair => (string?)pair.Value)).Build());
}
