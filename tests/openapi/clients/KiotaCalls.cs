using System.Collections.Generic;
using System.Linq;
using System.Net.Http;
using System.Threading.Tasks;
using Feedback.Kiota;
using Feedback.Kiota.Models;
using Microsoft.Kiota.Abstractions.Authentication;
using Microsoft.Kiota.Http.HttpClientLibrary;

/// <summary>A client that Kiota generated, as its users call it.</summary>
public static class KiotaCalls
{
    /// <param name="http">Signs what it sends.</param>
    /// <param name="server">Where the API is.</param>
    /// <param name="customer">Who is asked, by id.</param>
    /// <returns>What was found, line by line.</returns>
    public static async Task<IReadOnlyList<string>> RunAsync(HttpClient http, string server, string customer)
    {
        using var adapter = new HttpClientRequestAdapter(new AnonymousAuthenticationProvider(), httpClient: http) { BaseUrl = server };
        var api = new FeedbackApi(adapter).OneOne;
        var me = await api.Account.Verify_credentialsJson.GetAsync();
        var asked = await api.Feedback.CreateJson.PostAsync(
            new()
            {
                Type = FeedbackCreateRequest_type.Nps, ToUserId = customer, Message = "Thank you & goodbye! 100 % ✓", PrivacyUrl = "https://furni.example/privacy", QuestionVariantId = 3,
            },
            request => request.Headers.Add("Idempotency-Key", "kiota"));
        var shown = await api.Feedback.Show[asked.Id].GetAsync();
        var users = await api.Users.LookupJson.PostAsync(new() { UserId = $"{me.Id},{customer}" });
        var list = await api.Friends.IdsJson.GetAsync();
        var refusal = await RefusalAsync(api);
        return [$"{me.Id}", $"{me.Url}", shown.Id == asked.Id ? shown.Type : "another", shown.QuestionVariantId, string.Join(' ', users.Select(user => user.Id)), $"{list.Ids.Count} {list.NextCursor}", refusal];
    }

    private static async Task<string> RefusalAsync(Feedback.Kiota.OneOne.OneOneRequestBuilder api)
    {
        try
        {
            await api.Users.ShowJson.GetAsync(request => request.QueryParameters.ScreenName = "nobody");
            return "";
        }
        catch (Errors refused)
        {
            return $"{refused.ResponseStatusCode} {refused.ErrorsProp[0].Code}";
        }
    }
}
