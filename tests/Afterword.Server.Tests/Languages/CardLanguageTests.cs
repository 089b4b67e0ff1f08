using System.Globalization;
using System.Net;
using System.Text;
using Afterword.Server.Languages;
using Afterword.Server.Prompts;
using Afterword.Server.Tests.Fixtures;
using Afterword.Server.Users;
using Afterword.Support;

namespace Afterword.Server.Tests.Languages;

/// <summary>In which language someone is asked, reads the card, and is remembered to have answered.</summary>
public abstract class CardLanguageTests(Engine engine) : IAsyncLifetime
{
    private FeedbackFixture _fixture = null!;

    public async ValueTask InitializeAsync() => _fixture = await FeedbackFixture.StartAsync(engine);

    [Theory]
    [InlineData("de-AT", "Wie zufrieden sind Sie insgesamt mit FURNI?", "de")]
    [InlineData("zh-CN", "您对FURNI的整体满意度如何？", "zh-Hans")]
    [InlineData("sv", "What is your overall satisfaction with FURNI?", "en")]
    [InlineData(null, "What is your overall satisfaction with FURNI?", "en")]
    public async Task A_recipient_is_asked_in_the_own_language(string? reads, string question, string language)
    {
        await AskAsync(await ReaderAsync(reads));

        Assert.Equal((question, language), await StoredAsync());
    }

    [Fact]
    public async Task Recipients_of_one_batch_are_each_asked_in_their_own_language()
    {
        var readers = new List<User>();
        foreach (var language in new[] { "fr", "pl", "ko", "he" }) readers.Add(await ReaderAsync(language));

        await Task.WhenAll(readers.Select(reader => AskAsync(reader)));

        foreach (var reader in readers) Assert.Equal(1, await _fixture.Server.CountAsync("prompt", $"recipient_id = {reader.Id} and language = '{reader.Language}'"));
    }

    [Fact]
    public async Task The_recipients_language_comes_before_the_browsers()
    {
        var path = await AskAsync(await ReaderAsync("ar"));

        var page = await GetAsync(path, "fr");

        Assert.Equal("ar", page.Headers["Content-Language"]);
        Assert.Contains("<html lang=\"ar\" dir=\"rtl\">", page.Body, StringComparison.Ordinal);
        Assert.Contains("<bdi lang=\"ar\">ما مدى رضاك بشكل عام عن FURNI؟</bdi>", page.Body, StringComparison.Ordinal);
        Assert.Contains("راضٍ جدًا", page.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_browsers_language_comes_before_English()
    {
        var path = await AskAsync(_fixture.Ana);

        var page = await GetAsync(path, "sv, fr-CH;q=0.8, en;q=0.5");

        Assert.Equal("fr", page.Headers["Content-Language"]);
        Assert.Contains("Quel est votre niveau de satisfaction global avec FURNI\u202f?", WebUtility.HtmlDecode(page.Body), StringComparison.Ordinal);
        Assert.Equal("en", (await GetAsync(path, "sv, xx;q=0.8")).Headers["Content-Language"]);
        Assert.Equal("en", (await GetAsync(path, null)).Headers["Content-Language"]);

        // Reading, in whatever language, changes nothing.
        Assert.Equal(("What is your overall satisfaction with FURNI?", "en"), await StoredAsync());
    }

    [Fact]
    public async Task The_questions_language_comes_when_nobody_names_another()
    {
        var reader = await ReaderAsync("pl");
        var path = await AskAsync(reader);
        await SetLanguageAsync(reader, null);

        Assert.Equal("pl", (await GetAsync(path, "sv")).Headers["Content-Language"]);
        Assert.Equal("it", (await GetAsync(path, "it")).Headers["Content-Language"]);
    }

    [Fact]
    public async Task A_score_is_kept_with_the_question_as_it_was_read()
    {
        var path = await AskAsync(_fixture.Ana);

        var page = (await PostAsync(path, "score=4&language=ja", "de")).Is(200);

        Assert.Equal(("FURNIに総合的にどの程度満足していますか？", "ja"), await StoredAsync());
        Assert.Equal("ja", page.Headers["Content-Language"]);
        Assert.Contains("FURNIに総合的にどの程度満足していますか？", WebUtility.HtmlDecode(page.Body), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_word_from_the_form_the_browsers_language_counts()
    {
        var path = await AskAsync(_fixture.Ana);

        (await PostAsync(path, "score=4&language=&language=klingon", "nl")).Is(200);

        Assert.Equal(("Hoe tevreden ben je over het geheel genomen over FURNI?", "nl"), await StoredAsync());
    }

    [Fact]
    public async Task What_comes_after_the_first_score_changes_the_question_no_more()
    {
        var path = await AskAsync(_fixture.Ana);
        (await PostAsync(path, "score=4&language=de", null)).Is(200);

        (await PostAsync(path, "score=1&language=fr", null)).Is(303);
        (await PostAsync(path, "text=Bien", "fr")).Is(303);
        (await PostAsync(path, "dismiss=1", "fr")).Is(303);

        Assert.Equal(("Wie zufrieden sind Sie insgesamt mit FURNI?", "de"), await StoredAsync());
    }

    [Fact]
    public async Task A_text_or_a_dismissal_alone_leaves_the_question_as_it_was_asked()
    {
        var path = await AskAsync(_fixture.Ana);

        (await PostAsync(path, "text=Bien&language=fr", "fr")).Is(303);
        (await PostAsync(path, "dismiss=1&language=fr", "fr")).Is(303);

        Assert.Equal(("What is your overall satisfaction with FURNI?", "en"), await StoredAsync());
    }

    [Fact]
    public async Task A_score_by_token_keeps_the_question_as_it_was_asked()
    {
        var asked = await _fixture.AskAsync();

        (await _fixture.SubmitAsync(asked.Text("id"), ("score", "5"))).Is(200);

        Assert.Equal(("What is your overall satisfaction with FURNI?", "en"), await StoredAsync());
    }

    [Fact]
    public async Task A_question_that_the_catalogue_cannot_give_is_shown_and_kept_as_stored()
    {
        var path = await AskAsync(_fixture.Ana);
        await _fixture.Server.Server.Store.Main.WriteAsync(session => session.Sql("update prompt set question = 'An older question, FURNI?'").RunAsync(default), default);

        Assert.Contains("<bdi lang=\"en\">An older question, FURNI?</bdi>", (await GetAsync(path, "de")).Body, StringComparison.Ordinal);
        (await PostAsync(path, "score=4&language=de", "de")).Is(200);

        Assert.Equal(("An older question, FURNI?", "en"), await StoredAsync());
    }

    [Fact]
    public async Task A_refused_form_is_shown_again_in_its_own_language()
    {
        var path = await AskAsync(_fixture.Ana);

        var page = await PostAsync(path, "score=9&language=tr", "it");

        Assert.Equal(400, page.Status);
        Assert.Contains("Hiçbir şey seçilmedi.", WebUtility.HtmlDecode(page.Body), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unknown_link_is_told_in_the_browsers_language()
    {
        var page = await GetAsync("/f/unknown", "he");

        Assert.Contains("<html lang=\"he\" dir=\"rtl\">", page.Is(404).Body, StringComparison.Ordinal);
        Assert.Equal("he", page.Headers["Content-Language"]);
    }

    [Fact]
    public async Task A_huge_or_broken_wish_is_answered_all_the_same()
    {
        var path = await AskAsync(_fixture.Ana);

        foreach (var wish in new[] { string.Concat(Enumerable.Repeat("x;q=9,", 2_500)), "de-" + new string('a', 15_000), ";;;,,,q=" })
        {
            Assert.Equal("en", (await GetAsync(path, wish)).Is(200).Headers["Content-Language"]);
        }
    }

    [Fact]
    public async Task Every_language_shows_every_step_and_stays_small()
    {
        foreach (var language in Language.All)
        {
            var path = await AskAsync(_fixture.Ana, "nps");
            var question = (await GetAsync(path, language.Tag)).Is(200);
            Assert.Equal(language.Tag, question.Headers["Content-Language"]);
            Assert.DoesNotContain("{", question.Body, StringComparison.Ordinal);
            (await PostAsync(path, $"score=9&language={language}", language.Tag)).Is(200);
            Assert.DoesNotContain("{", (await GetAsync(path, language.Tag)).Is(200).Body, StringComparison.Ordinal);
            (await PostAsync(path, "text=x", language.Tag)).Is(303);
            Assert.DoesNotContain("{", (await GetAsync(path, language.Tag)).Is(200).Body, StringComparison.Ordinal);

            // The style sheet is about 4 KB compressed; the page travels as it is.
            Assert.InRange(Encoding.UTF8.GetByteCount(question.Body), 1_000, 11_000);
        }
    }

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    private async Task<User> ReaderAsync(string? language)
    {
        var handle = "reader" + (language ?? "none").Replace("-", "", StringComparison.Ordinal);
        return (await _fixture.Server.Get<UserAccounts>().AddAsync(new NewUser(handle, "Reader", null, MessagingPermission.Anyone) { Language = language }, default))!;
    }

    private Task SetLanguageAsync(User reader, string? language) => _fixture.Server.Server.Store.Main.WriteAsync(
        session => session.Sql("update account set language = @language where id = @id").Bind("language", language).Bind("id", reader.Id).RunAsync(default), default);

    private async Task<string> AskAsync(User recipient, string type = "csat")
    {
        var asked = (await _fixture.Server.PostAsync(
            _fixture.Sender, "/1.1/feedback/create.json", ("type", type), ("to_user_id", recipient.Id.ToString(CultureInfo.InvariantCulture)), ("message", "Hello"),
            ("privacy_url", "https://furni.example/privacy"), ("include_card", "true"))).Is(200);
        return new Uri(asked.Text("card_url")).AbsolutePath;
    }

    /// <summary>The question of the only prompt there is.</summary>
    private async Task<(string Question, string? Language)> StoredAsync()
    {
        var prompt = await _fixture.Server.Server.Store.Main.ReadAsync(session => session.Sql($"select {Prompt.Columns} from prompt p").FirstAsync(Prompt.Read, default), default);
        return (prompt!.Question, prompt.Language);
    }

    private Task<Answer> GetAsync(string path, string? accept) => SendAsync(HttpMethod.Get, path, null, accept);

    private Task<Answer> PostAsync(string path, string form, string? accept) => SendAsync(HttpMethod.Post, path, Encoding.ASCII.GetBytes(form), accept);

    private Task<Answer> SendAsync(HttpMethod method, string path, byte[]? form, string? accept) => _fixture.Server.SendAsync(null, method, path, form, request =>
    {
        if (accept is not null) request.Headers.TryAddWithoutValidation("Accept-Language", accept);
    });
}

public sealed class SqliteCardLanguageTests() : CardLanguageTests(Engine.Sqlite);

[LongForm]
public sealed class PostgresCardLanguageTests() : CardLanguageTests(Engine.Postgres);
