using System.Text.Json;
using System.Web;

namespace Afterword.EndToEnd.Tests.Interop;

/// <summary>A client library and how it names things.</summary>
/// <param name="Command">Runs our script for it.</param>
/// <param name="LinksTo">The host to which it sends users.</param>
/// <param name="LegError">Its own type for a refusal of one of the legs.</param>
/// <param name="ErrorOf">Its own type for a refusal of a call with this status.</param>
internal sealed record Library(IReadOnlyList<string> Command, string LinksTo, string LegError, Func<int, string> ErrorOf);

/// <summary>What a client must find, step by step: the same for every library.</summary>
internal sealed class Run(InteropServer site, Library library, ClientScript client, BrowserUser person)
{
    public async Task AllAsync()
    {
        await TheLegsAsync();
        await PeopleAsync();
        await MessagesAsync();
        await FeedbackAsync();
        await RefusalsAsync();
        await TheEndAsync();
    }

    private async Task TheLegsAsync()
    {
        var token = await GrantedAsync("callback", AllowAsync);
        Assert.Equal(token, await GrantedAsync("pin", person.AllowByPinAsync));

        // Once allowed, authenticate leads back without a question; authorize never does.
        var link = await LinkAsync("link without question");
        Assert.Contains("/oauth/authenticate?", link, StringComparison.Ordinal);
        await client.TellAsync(await person.FollowAsync(link));
        Assert.Equal(token, (await client.StepAsync("granted without question")).GetProperty("token").GetString());

        link = await LinkAsync("link to cancel");
        var led = await person.CancelAsync(link);
        Assert.Equal($"{site.Receiver.Callback}&denied={HttpUtility.ParseQueryString(new Uri(link).Query)["oauth_token"]}", led);
        await client.TellAsync(led);
        await RefusedAsync(library.LegError, "denied", 401, 89);

        await client.TellAsync(await AllowAsync(await LinkAsync("link for reading")));
        Assert.NotEqual(token, (await client.StepAsync("granted for reading")).GetProperty("token").GetString());
    }

    private async Task PeopleAsync()
    {
        var me = (await client.StepAsync("verified")).GetProperty("user");
        Assert.Equal($"{site.Furni.Id}", me.GetProperty("id_str").GetString());
        Assert.Equal("Furni Möbel", me.GetProperty("name").GetString());

        var user = (await client.StepAsync("user")).GetProperty("user");
        Assert.Equal("ana", user.GetProperty("screen_name").GetString());
        Assert.True(user.GetProperty("can_dm").GetBoolean());
        Assert.False(user.GetProperty("following").GetBoolean());
        Assert.Equal(["ana", "furni"], TextsOf((await client.StepAsync("users")).GetProperty("users")).Order());
        await RefusedAsync("nobody", 404, 50);

        Assert.Equal(1, (await client.StepAsync("followed")).GetProperty("user").GetProperty("followers_count").GetInt32());
        var friendship = await client.StepAsync("friendship");
        Assert.True(friendship.GetProperty("source").GetProperty("following").GetBoolean());
        Assert.True(friendship.GetProperty("source").GetProperty("can_dm").GetBoolean());
        Assert.True(friendship.GetProperty("target").GetProperty("followed_by").GetBoolean());
        Assert.Equal($"{site.Ana.Id}", Assert.Single(TextsOf((await client.StepAsync("friends")).GetProperty("ids"))));
        Assert.Equal("following", Assert.Single(TextsOf((await client.StepAsync("connections")).GetProperty("connections"))));
        Assert.Equal("en", (await client.StepAsync("settings")).GetProperty("language").GetString());
        Assert.Equal(0, (await client.StepAsync("unfollowed")).GetProperty("user").GetProperty("followers_count").GetInt32());
    }

    private async Task MessagesAsync()
    {
        var sent = await client.StepAsync("sent");
        var ids = TextsOf(sent.GetProperty("ids"));
        Assert.Equal("Bis bald 👋", TextOf(sent));
        Assert.Equal($"{site.Ana.Id}", sent.GetProperty("event").GetProperty("message_create").GetProperty("target").GetProperty("recipient_id").GetString());
        Assert.Equal("Guten Tag", TextOf(await client.StepAsync("read")));

        // Newest first, and an end.
        var listed = await client.StepAsync("listed");
        Assert.Equal(2, listed.GetProperty("first").GetInt32());
        Assert.True(listed.GetProperty("done").GetBoolean());
        Assert.Equal(ids.Reverse(), TextsOf(listed.GetProperty("ids")));
        await RefusedAsync("may not message", 403, 93);

        var resources = (await client.StepAsync("limits")).GetProperty("resources");
        Assert.Equal(InteropServer.ShowsPer15Minutes, resources.GetProperty("feedback").GetProperty("/feedback/show/:id").GetProperty("limit").GetInt32());
        Assert.Equal(900, resources.GetProperty("users").GetProperty("/users/show/:id").GetProperty("limit").GetInt32());

        static string? TextOf(JsonElement step) =>
            step.GetProperty("event").GetProperty("message_create").GetProperty("message_data").GetProperty("text").GetString();
    }

    private async Task FeedbackAsync()
    {
        var asked = (await client.StepAsync("asked")).GetProperty("feedback");
        Assert.Equal($"{site.Furni.Id}", asked.GetProperty("from_user_id").GetString());
        Assert.Equal($"{site.Ana.Id}", asked.GetProperty("to_user_id").GetString());
        Assert.Equal("nps", asked.GetProperty("type").GetString());
        Assert.Equal("ticket 5555", asked.GetProperty("external_id").GetString());
        Assert.Equal("3", asked.GetProperty("question_variant_id").GetString());
        Assert.Equal("https://furni.example/privacy?a=b&c=%20", asked.GetProperty("privacy_url").GetString());
        Assert.Equal(asked.GetRawText(), (await client.StepAsync("shown")).GetProperty("feedback").GetRawText());
        Assert.Equal("csat", (await client.StepAsync("asked with json")).GetProperty("feedback").GetProperty("type").GetString());

        var pages = (await client.StepAsync("events")).GetProperty("pages").EnumerateArray().Select(TextsOf).ToArray();
        Assert.Equal([2, 2, 1], pages.Select(page => page.Length));
        Assert.Equal(5, pages.SelectMany(page => page).Distinct().Count());
        Assert.Equal(asked.GetProperty("id").GetString(), pages[0][0]);
    }

    private async Task RefusalsAsync()
    {
        await RefusedAsync("nothing given", 400, 44, 38, 38, 38);
        await RefusedAsync("may not write", 403, 93);
        await RefusedAsync("not there", 404, 34);
        await RefusedAsync("no such user", 404, 50);
        Assert.True((await RefusedAsync("too often", 429, 88)).GetProperty("limited").GetBoolean());
    }

    private async Task TheEndAsync()
    {
        Assert.StartsWith($"{site.Furni.Id}-", (await client.StepAsync("ended")).GetProperty("token").GetString(), StringComparison.Ordinal);
        await RefusedAsync("after the end", 401, 89);
    }

    private async Task<string> AllowAsync(string link)
    {
        var led = await person.AllowAsync(link);
        Assert.StartsWith(site.Receiver.Callback + "&oauth_token=", led, StringComparison.Ordinal);
        return led;
    }

    private async Task<string?> GrantedAsync(string way, Func<string, Task<string>> allow)
    {
        await client.TellAsync(await allow(await LinkAsync($"link with {way}")));
        var granted = await client.StepAsync($"granted by {way}");
        var token = granted.GetProperty("token").GetString();
        Assert.StartsWith($"{site.Furni.Id}-", token, StringComparison.Ordinal);

        // Not every library hands on who the user is.
        if (granted.TryGetProperty("user_id", out var id)) Assert.Equal($"{site.Furni.Id}", id.GetString());
        if (granted.TryGetProperty("screen_name", out var name)) Assert.Equal("furni", name.GetString());
        return token;
    }

    private async Task<string> LinkAsync(string step)
    {
        var link = (await client.StepAsync(step)).GetProperty("url").GetString()!;
        Assert.Equal(library.LinksTo, new Uri(link).Host);
        return link;
    }

    private Task<JsonElement> RefusedAsync(string step, int status, params int[] codes) => RefusedAsync(library.ErrorOf(status), step, status, codes);

    private async Task<JsonElement> RefusedAsync(string error, string step, int status, params int[] codes)
    {
        var refused = await client.StepAsync(step);
        Assert.Equal(error, refused.GetProperty("error").GetString());
        Assert.Equal(status, refused.GetProperty("status").GetInt32());
        Assert.Equal(codes, refused.GetProperty("codes").EnumerateArray().Select(code => code.GetInt32()));
        return refused;
    }

    private static string?[] TextsOf(JsonElement list) => [.. list.EnumerateArray().Select(text => text.GetString())];
}
