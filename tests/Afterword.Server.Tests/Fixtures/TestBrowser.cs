using System.Net;
using System.Text.RegularExpressions;
using Afterword.Server.Console;
using Afterword.Server.Console.Authentication;

namespace Afterword.Server.Tests.Fixtures;

/// <summary>A browser without script: keeps cookies, reads pages, sends their forms.</summary>
internal sealed partial class TestBrowser(TestServer server)
{
    public Dictionary<string, string> Cookies { get; } = new(StringComparer.Ordinal);

    /// <summary>What the browser asks for by <c>Accept-Language</c>.</summary>
    public string? Reads { get; init; }

    /// <summary>Where it says it comes from, through a proxy that the server believes; null for loopback.</summary>
    public string? From { get; init; }

    /// <summary>The name by which it calls the server; null for that of loopback.</summary>
    public string? Host { get; init; }

    /// <summary>Whether a page's script asks, while nobody may be sitting there.</summary>
    public bool AsksByItself { get; set; }

    public Task<Page> GetAsync(string path) => SendAsync(HttpMethod.Get, path, null);

    public Task<Page> HeadAsync(string path) => SendAsync(HttpMethod.Head, path, null);

    /// <summary>Sends the page's form with this action, its hidden fields included.</summary>
    public Task<Page> SubmitAsync(Page page, string action, params (string Name, string Value)[] fields) =>
        SendAsync(HttpMethod.Post, action, [.. page.HiddenOf(action), .. fields]);

    public Task<Page> PostAsync(string path, params (string Name, string Value)[] fields) => SendAsync(HttpMethod.Post, path, fields);

    /// <summary>Sends the page's form with this action, says yes when that is asked, and follows to the page that tells what came of it.</summary>
    public async Task<Page> DoAsync(Page page, string action, params (string Name, string Value)[] fields) => await FinishAsync(await SubmitAsync(page, action, fields), action);

    /// <summary>Says yes to the question that a form was answered with, and follows to the page that tells what came of it.</summary>
    public async Task<Page> FinishAsync(Page answer, string action)
    {
        if (answer.Asks(action)) answer = await SubmitAsync(answer, action);
        return answer.Status == 303 ? await GetAsync(answer.Location) : answer;
    }

    /// <summary>Signs in by the form of <paramref name="page"/> and follows to where it leads.</summary>
    public async Task<Page> SignInAsync(Page page, string handle, string password)
    {
        var answer = await SubmitAsync(page, "/sign-in", ("screen_name", handle), ("password", password));
        return answer.Status == 303 ? await GetAsync(answer.Location) : answer;
    }

    /// <summary>Looks at the beginning of an answer: all of one with a length, the headers alone of one that may never end.</summary>
    public async Task<(int Status, string Body, string? Location)> PeekAsync(HttpMethod method, string path, (string Name, string Value)[]? fields)
    {
        using var request = RequestOf(method, path, fields);
        return await server.PeekAsync(request);
    }

    private HttpRequestMessage RequestOf(HttpMethod method, string path, (string Name, string Value)[]? fields)
    {
        var request = new HttpRequestMessage(method, new Uri(server.Url, path));
        if (Cookies.Count > 0) request.Headers.TryAddWithoutValidation("Cookie", string.Join("; ", Cookies.Select(pair => $"{pair.Key}={pair.Value}")));
        if (Reads is not null) request.Headers.TryAddWithoutValidation("Accept-Language", Reads);
        if (Host is not null) request.Headers.Host = Host;
        if (From is not null) request.Headers.TryAddWithoutValidation("X-Forwarded-For", From);
        if (AsksByItself) request.Headers.TryAddWithoutValidation(ConsoleSessions.ByItself, "1");
        if (fields is not null) request.Content = new FormUrlEncodedContent(fields.Select(field => new KeyValuePair<string, string>(field.Name, field.Value)));
        return request;
    }

    private async Task<Page> SendAsync(HttpMethod method, string path, (string Name, string Value)[]? fields)
    {
        using var request = RequestOf(method, path, fields);
        var answer = await server.SendAsync(request);
        foreach (Match cookie in SetCookie().Matches(answer.Headers.GetValueOrDefault("Set-Cookie") ?? ""))
        {
            if (cookie.Groups["value"].Length == 0) Cookies.Remove(cookie.Groups["name"].Value);
            else Cookies[cookie.Groups["name"].Value] = cookie.Groups["value"].Value;
        }

        return new(answer);
    }

    [GeneratedRegex(@"(?<name>__Host-[a-z-]+)=(?<value>[^;,]*)")]
    private static partial Regex SetCookie();
}

/// <summary>A page as a guest sees it.</summary>
internal sealed partial record Page(Answer Answer)
{
    public int Status => Answer.Status;

    public string Html => Answer.Body;

    public string Location => Answer.Headers["Location"];

    public Page Is(int status)
    {
        Assert.True(Status == status, $"{Status} instead of {status}: {Html}");
        return this;
    }

    /// <summary>Whether the page asks for a yes before it does something.</summary>
    public bool Asks(string action) => Status == 200 && Html.Contains($"action=\"{action}\"", StringComparison.Ordinal) && HiddenOf(action).Contains((Confirmation.Field, "yes"));

    /// <summary>The value of a parameter of the address that the answer leads to.</summary>
    public string? Led(string parameter) => System.Web.HttpUtility.ParseQueryString(new Uri(Location).Query)[parameter];

    public (string Name, string Value)[] HiddenOf(string action)
    {
        var form = Regex.Match(Html, $"<form[^>]*action=\"{Regex.Escape(action)}\".*?</form>", RegexOptions.Singleline);
        Assert.True(form.Success, $"There is no form for {action}: {Html}");
        return [.. Hidden().Matches(form.Value).Select(field => (field.Groups["name"].Value, WebUtility.HtmlDecode(field.Groups["value"].Value)))];
    }

    [GeneratedRegex("<input type=\"hidden\" name=\"(?<name>[^\"]*)\" value=\"(?<value>[^\"]*)\"")]
    private static partial Regex Hidden();
}
