using System.Text.Json;

namespace Afterword.EndToEnd.Tests.Commands;

/// <summary>The demo, as a newcomer meets it.</summary>
public sealed class DemoTests
{
    [Fact]
    public async Task The_demo_prints_links_and_calls_that_work()
    {
        using var demo = Command.Start(["demo", "--urls", "http://127.0.0.1:0", "--json"]);
        try
        {
            var text = new System.Text.StringBuilder();
            JsonDocument? told = null;
            while (told is null && await demo.StandardOutput.ReadLineAsync() is { } line)
            {
                text.Append(line);
                try
                {
                    told = JsonDocument.Parse(text.ToString());
                }
                catch (JsonException)
                {
                    // Not all of it is there yet.
                }
            }

            Assert.NotNull(told);
            var json = told.RootElement.ToString();
            var card = System.Text.RegularExpressions.Regex.Match(json, "http://127\\.0\\.0\\.1:\\d+/f/[A-Za-z0-9_-]+").Value;
            using var http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false });
            Assert.Contains("Furni", await http.GetStringAsync(new Uri(card)), StringComparison.Ordinal);
            using var score = new FormUrlEncodedContent([new("score", "5")]);
            Assert.Equal(200, (int)(await http.PostAsync(new Uri(card), score)).StatusCode);

            // The connector that the sample of a helpdesk posts to.
            var connector = System.Text.RegularExpressions.Regex.Match(json, "http://127\\.0\\.0\\.1:\\d+/in/[A-Za-z0-9_-]+").Value;
            using var close = new StringContent("""{"event":"conversation_status_changed","id":482,"status":"resolved","meta":{"sender":{"id":1,"name":"Mia","email":"mia@example.com"}}}""");
            using var closed = await http.PostAsync(new Uri(connector), close);
            Assert.Contains("\"decision\":\"scheduled\"", await closed.Content.ReadAsStringAsync(), StringComparison.Ordinal);
            Assert.Equal(303, await SignInAsync(http, new Uri(new Uri(card), "/sign-in"), told.RootElement.GetProperty("password").GetString()!));
            Assert.Equal(403, await SignInAsync(http, new Uri(new Uri(card), "/sign-in"), "another"));
        }
        finally
        {
            demo.Kill();
            await demo.WaitForExitAsync();
        }
    }

    private static async Task<int> SignInAsync(HttpClient http, Uri address, string password)
    {
        using var page = await http.GetAsync(address);
        var token = System.Text.RegularExpressions.Regex.Match(await page.Content.ReadAsStringAsync(), "name=\"form\" value=\"([^\"]+)\"").Groups[1].Value;
        using var form = new HttpRequestMessage(HttpMethod.Post, address)
        {
            Content = new FormUrlEncodedContent([new("form", token), new("screen_name", "majalindqvist"), new("password", password)]),
        };
        form.Headers.Add("Cookie", page.Headers.GetValues("Set-Cookie").Single().Split(';')[0]);
        using var answer = await http.SendAsync(form);
        return (int)answer.StatusCode;
    }
}
