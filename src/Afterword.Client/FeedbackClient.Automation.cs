using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using Afterword.Client.Wire;

namespace Afterword.Client;

/// <content>Conversations that end, and the rules that decide who is asked about them.</content>
public sealed partial class FeedbackClient
{
    /// <summary>Tells that a conversation has ended. The sender's rules decide whether its customer is asked, and when.</summary>
    /// <returns>The conversation with what was decided, which is stored.</returns>
    /// <remarks>Repeating is safe: what is scheduled, or skipped for the same reason, is only counted.</remarks>
    /// <param name="close">The conversation.</param>
    /// <param name="cancellationToken">Gives up the call.</param>
    /// <exception cref="FeedbackApiException">The server refused. That nobody is asked is no refusal, but a decision with its reason.</exception>
    /// <exception cref="HttpRequestException">There was no answer.</exception>
    public async Task<ConversationJson> CloseConversationAsync(ConversationClose close, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(close);

        using var request = Post("conversations/close.json", close.ToForm());
        return await SendAsync(request, WireJson.Default.ConversationJson, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Tells that a conversation goes on: a request that is scheduled for it is withdrawn.</summary>
    /// <param name="externalId">The reference that it was closed with, 1 to 256 characters.</param>
    /// <param name="cancellationToken">Gives up the call.</param>
    /// <returns>The conversation as it is now.</returns>
    /// <exception cref="FeedbackApiException">The server refused; 404, code 34, for one that was never closed.</exception>
    /// <exception cref="HttpRequestException">There was no answer. Repeating is safe.</exception>
    public async Task<ConversationJson> ReopenConversationAsync(string externalId, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(externalId);

        using var request = Post("conversations/reopen.json", [new("external_id", externalId)]);
        return await SendAsync(request, WireJson.Default.ConversationJson, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Reads one conversation with what was decided, as it is now.</summary>
    /// <param name="id">The conversation's <see cref="ConversationJson.Id"/>, decimal; not the reference.</param>
    /// <param name="cancellationToken">Gives up the call.</param>
    /// <exception cref="ArgumentException">The id is not decimal.</exception>
    /// <exception cref="FeedbackApiException">The server refused; 404, code 34, for an unknown one or another sender's.</exception>
    /// <exception cref="HttpRequestException">There was no answer.</exception>
    public async Task<ConversationJson> ShowConversationAsync(string id, CancellationToken cancellationToken = default)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"conversations/show/{Decimal(id)}.json");
        return await SendAsync(request, WireJson.Default.ConversationJson, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Walks every conversation in the order in which its close was received, each once, fetching pages as they are needed.</summary>
    /// <remarks>A reached limit is waited for, at most an hour at a time, and then the page is asked for again.</remarks>
    /// <param name="filter">Which of them; all by default.</param>
    /// <param name="cancellationToken">Ends the walk, also while it waits.</param>
    /// <exception cref="FeedbackApiException">The server refused for another reason than a limit.</exception>
    /// <exception cref="HttpRequestException">There was no answer.</exception>
    public async IAsyncEnumerable<ConversationJson> ConversationsAsync(
        ConversationFilter? filter = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var wanted = (filter ?? new()).ToQuery().ToArray();
        var cursor = "";
        do
        {
            var address = Address("conversations/list.json", cursor.Length == 0 ? wanted : [.. wanted, new("cursor", cursor)]);
            var page = await PageAsync(address, WireJson.Default.ConversationPageJson, cancellationToken).ConfigureAwait(false);
            foreach (var conversation in page.Conversations) yield return conversation;

            // Only an empty cursor ends the walk, as for events.
            cursor = page.NextCursor;
        }
        while (cursor.Length > 0);
    }

    /// <summary>Says whether a customer may be asked at all, with every check; nothing is written.</summary>
    /// <param name="toUserId">The customer; decimal.</param>
    /// <param name="cancellationToken">Gives up the call.</param>
    /// <exception cref="FeedbackApiException">The server refused.</exception>
    /// <exception cref="HttpRequestException">There was no answer.</exception>
    public Task<CanPromptJson> CanPromptAsync(string toUserId, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(toUserId);

        return CanPromptAsync([new("to_user_id", toUserId)], cancellationToken);
    }

    /// <summary>Says what <see cref="CloseConversationAsync"/> would decide at this moment, with every check, the rules' too; nothing is written.</summary>
    /// <param name="close">The conversation. Its display name and privacy policy decide nothing and are not sent.</param>
    /// <param name="cancellationToken">Gives up the call.</param>
    /// <exception cref="FeedbackApiException">The server refused.</exception>
    /// <exception cref="HttpRequestException">There was no answer.</exception>
    public Task<CanPromptJson> CanPromptAsync(ConversationClose close, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(close);

        return CanPromptAsync(close.ToQuery(), cancellationToken);
    }

    /// <summary>Reads the rules that hold for the sender; before the first were saved it is version 0, which asks nobody.</summary>
    /// <param name="cancellationToken">Gives up the call.</param>
    /// <exception cref="FeedbackApiException">The server refused.</exception>
    /// <exception cref="HttpRequestException">There was no answer.</exception>
    public async Task<RulesJson> GetRulesAsync(CancellationToken cancellationToken = default)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "rules.json");
        return await SendAsync(request, WireJson.Default.RulesJson, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Puts rules in the place of those that hold, as a whole. Every version is kept.</summary>
    /// <param name="rules">With the <see cref="RulesJson.Version"/> that was read, which may be 0: change what <see cref="GetRulesAsync"/> gave, with <c>with</c>.</param>
    /// <param name="cancellationToken">Gives up the call.</param>
    /// <returns>The rules with their new version.</returns>
    /// <exception cref="FeedbackApiException">
    /// The server refused: 400 with every error and its place, such as <c>rules[1].ask.message.de</c>; 409, code 355, when someone else
    /// has changed the rules since they were read.
    /// </exception>
    /// <exception cref="HttpRequestException">There was no answer. A repetition is refused with 409 if the rules were saved.</exception>
    public async Task<RulesJson> PutRulesAsync(RulesJson rules, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(rules);

        using var request = new HttpRequestMessage(HttpMethod.Put, "rules.json") { Content = Json(JsonSerializer.SerializeToUtf8Bytes(rules, WireJson.Default.RulesJson)) };
        return await SendAsync(request, WireJson.Default.RulesJson, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Runs a draft of rules over the closes of the last days and says what would have happened, beside what did; nothing is written.</summary>
    /// <param name="draft">The rules to try; their version does not matter.</param>
    /// <param name="days">The closes of so many days, 1 to 90.</param>
    /// <param name="cancellationToken">Gives up the call.</param>
    /// <exception cref="FeedbackApiException">The server refused: 400 with every error and its place; 429, code 88, after 15 in 15 minutes.</exception>
    /// <exception cref="HttpRequestException">There was no answer.</exception>
    public async Task<SimulationJson> SimulateRulesAsync(RulesJson draft, int days = 30, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(draft);

        var body = JsonSerializer.SerializeToNode(draft, WireJson.Default.RulesJson)!.AsObject();
        body["days"] = days;
        using var request = new HttpRequestMessage(HttpMethod.Post, "rules/simulate.json") { Content = Json(Encoding.UTF8.GetBytes(body.ToJsonString())) };
        return await SendAsync(request, WireJson.Default.SimulationJson, cancellationToken).ConfigureAwait(false);
    }

    private async Task<CanPromptJson> CanPromptAsync(IEnumerable<KeyValuePair<string, string>> query, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, Address("can_prompt.json", query));
        return await SendAsync(request, WireJson.Default.CanPromptJson, cancellationToken).ConfigureAwait(false);
    }

    private static string Address(string path, IEnumerable<KeyValuePair<string, string>> query)
    {
        var text = string.Join('&', query.Select(pair => $"{pair.Key}={Uri.EscapeDataString(pair.Value)}"));
        return text.Length == 0 ? path : $"{path}?{text}";
    }

    private static ByteArrayContent Json(byte[] body) => new(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
}
