using System.Collections.Generic;
using System.Linq;
using System.Net.Http;
using System.Threading.Tasks;
using Feedback.NSwag;

/// <summary>A client that NSwag generated, as its users call it.</summary>
public static class NSwagCalls
{
    /// <param name="http">Signs what it sends.</param>
    /// <param name="server">Where the API is.</param>
    /// <param name="customer">Who is asked, by id.</param>
    /// <returns>What was found, line by line.</returns>
    public static async Task<IReadOnlyList<string>> RunAsync(HttpClient http, string server, string customer)
    {
        var client = new FeedbackApi(http) { BaseUrl = server };
        var me = await client.GetAccountVerifyCredentialsAsync();
        var asked = await client.PostFeedbackCreateAsync("nswag", new()
        {
            Type = FeedbackCreateRequestType.Nps, To_user_id = customer, Message = "Thank you & goodbye! 100 % ✓", Privacy_url = new("https://furni.example/privacy"), Question_variant_id = 3,
        });
        var shown = await client.GetFeedbackShowIdAsync(asked.Id);
        var users = await client.PostUsersLookupAsync(new() { User_id = $"{me.Id},{customer}" });
        var list = await client.GetFriendsIdsAsync(null, null, null, null, null);
        var refusal = await RefusalAsync(client);
        return [$"{me.Id}", $"{me.Url}", shown.Id == asked.Id ? shown.Type : "another", shown.Question_variant_id, string.Join(' ', users.Select(user => user.Id)), $"{list.Ids.Count} {list.Next_cursor}", refusal];
    }

    private static async Task<string> RefusalAsync(FeedbackApi client)
    {
        try
        {
            await client.GetUsersShowAsync(null, "nobody");
            return "";
        }
        catch (ApiException<Errors> refused)
        {
            return $"{refused.StatusCode} {refused.Result.Errors1.First().Code}";
        }
    }
}
