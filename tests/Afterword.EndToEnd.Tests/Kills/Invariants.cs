using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;

namespace Afterword.EndToEnd.Tests.Kills;

/// <summary>The law that nothing is lost: compares what clients know with what a store holds.</summary>
internal sealed class Invariants
{
    private const int SecretLength = 20;

    private readonly StoreImage _image;
    private readonly Ledger _ledger;
    private readonly bool _silenceIsSuccess;
    private readonly List<string> _broken = [];

    private Invariants(StoreImage image, Ledger ledger, bool silenceIsSuccess) => (_image, _ledger, _silenceIsSuccess) = (image, ledger, silenceIsSuccess);

    /// <summary>Gives one line for each way in which the store breaks the law; none is how it must be.</summary>
    /// <param name="image">The store.</param>
    /// <param name="ledger">The clients.</param>
    /// <param name="silenceIsSuccess">Believes, wrongly, that a request without an answer was done: a control that must find faults.</param>
    public static IReadOnlyList<string> Check(StoreImage image, Ledger ledger, bool silenceIsSuccess = false)
    {
        var invariants = new Invariants(image, ledger, silenceIsSuccess);
        invariants.CheckIds();
        invariants.CheckPrompts();
        invariants.CheckCaps();
        invariants.CheckRequests();
        return invariants._broken;
    }

    private void CheckIds()
    {
        var seen = new HashSet<long>();
        foreach (var (kind, id) in _image.Prompts.Select(row => ("prompt", row.Id))
            .Concat(_image.Messages.Select(row => ("message", row.Id))).Concat(_image.Changes.Select(row => ("change", row.Id))))
        {
            if (!seen.Add(id)) Break($"{kind} {id} has an id that was given out before");
        }
    }

    private void CheckPrompts()
    {
        var messages = _image.Messages.ToLookup(row => (row.SenderId, row.PromptId));
        var changes = _image.Changes.ToLookup(row => (row.SenderId, row.PromptId));
        foreach (var prompt in _image.Prompts)
        {
            var sent = messages[(prompt.SenderId, prompt.Id)].ToArray();
            if (sent.Length != 1) Break($"prompt {prompt.Id} has {sent.Length} messages");
            else if (sent[0].Id != prompt.MessageId || sent[0].RecipientId != prompt.RecipientId || sent[0].CreatedAt != prompt.CreatedAt) Break($"prompt {prompt.Id} has another prompt's message {sent[0]}");

            CheckChanges(prompt, [.. changes[(prompt.SenderId, prompt.Id)]]);
            if (prompt.Score is null != prompt.ScoreAt is null || prompt.Comment is null != prompt.CommentAt is null) Break($"prompt {prompt.Id} has half an answer: {prompt}");
            if (prompt.UpdatedAt != Math.Max(prompt.CreatedAt, Math.Max(prompt.ScoreAt ?? 0, prompt.CommentAt ?? 0))) Break($"prompt {prompt.Id} says it was updated at {prompt.UpdatedAt}: {prompt}");
        }

        var prompts = _image.Prompts.Select(row => (row.SenderId, row.Id)).ToHashSet();
        foreach (var message in _image.Messages.Where(row => row.PromptId is { } id && !prompts.Contains((row.SenderId, id)))) Break($"message {message.Id} has no prompt");
        foreach (var change in _image.Changes.Where(row => !prompts.Contains((row.SenderId, row.PromptId)))) Break($"change {change.Id} has no prompt");
    }

    private void CheckChanges(PromptRow prompt, ChangeRow[] changes)
    {
        var created = changes.Where(change => change.Kind == 1).ToArray();
        if (created.Length != 1) Break($"prompt {prompt.Id} was created {created.Length} times");
        else if (created[0].ChangedAt != prompt.CreatedAt) Break($"prompt {prompt.Id} was created at {prompt.CreatedAt}, and its change says {created[0].ChangedAt}");

        var parts = ((long?[])[prompt.ScoreAt, prompt.CommentAt]).OfType<long>().Order();
        var updated = changes.Where(change => change.Kind == 2).Select(change => change.ChangedAt).Order().ToArray();
        if (!updated.SequenceEqual(parts)) Break($"prompt {prompt.Id} was answered at {string.Join(" and ", parts)}, and was updated {updated.Length} times: at {string.Join(" and ", updated)}");
        if (created.Length + updated.Length != changes.Length) Break($"prompt {prompt.Id} has changes of an unknown kind");
    }

    private void CheckCaps()
    {
        var bySender = _image.Prompts.GroupBy(row => row.SenderId).ToDictionary(group => group.Key, group => group.ToArray());
        var lastChange = _image.Changes.GroupBy(row => row.SenderId).ToDictionary(group => group.Key, group => group.Max(row => row.ChangedAt));
        foreach (var state in _image.States)
        {
            var prompts = bySender.GetValueOrDefault(state.SenderId, []);
            if (state.WindowUsed != prompts.Length) Break($"sender {state.SenderId} has {prompts.Length} prompts, and {state.WindowUsed} are counted");
            if (prompts.Any(row => row.CreatedAt < state.WindowStartedAt)) Break($"sender {state.SenderId} has prompts from before its window");
            if (lastChange.GetValueOrDefault(state.SenderId) > state.ChangedAt) Break($"sender {state.SenderId} has changes later than its stamp");
        }

        foreach (var sender in bySender.Keys.Except(_image.States.Select(row => row.SenderId))) Break($"sender {sender} has prompts and no state");

        var prompted = _image.Prompts.GroupBy(row => (row.SenderId, row.RecipientId)).ToDictionary(group => group.Key, group => group.ToArray());
        foreach (var (pair, prompts) in prompted.Where(pair => pair.Value.Length > 1)) Break($"{pair} was asked {prompts.Length} times within a day");

        var contacts = _image.Contacts.ToDictionary(row => (row.SenderId, row.UserId), row => row.PromptedAt);
        foreach (var (pair, prompts) in prompted.Where(pair => contacts.GetValueOrDefault(pair.Key) != pair.Value.Max(row => row.CreatedAt))) Break($"{pair} was asked, and the contact does not say when: {prompts[0]}");
        foreach (var pair in contacts.Where(pair => pair.Value is not null && !prompted.ContainsKey(pair.Key))) Break($"{pair.Key} has the cap of a prompt that is not there");
    }

    private void CheckRequests()
    {
        var keys = _image.Keys.ToLookup(row => (row.SenderId, row.Key));
        var known = new HashSet<string>();
        foreach (var sentRequest in _ledger.All)
        {
            known.Add(sentRequest.ExternalId);
            var prompt = _image.Find(sentRequest);
            if (sentRequest.Key is not null && keys[(sentRequest.Sender.Id, sentRequest.Key)].Count() != (prompt is null ? 0 : 1)) Break($"{sentRequest.ExternalId} and its key do not agree");

            switch (Believed(sentRequest.Fate))
            {
                case Fate.Stored when prompt is null: Break($"{sentRequest.ExternalId} was acknowledged and is not there"); break;
                case Fate.Absent when prompt is not null: Break($"{sentRequest.ExternalId} was refused and is there"); break;
            }

            if (prompt is not null) CheckRequest(sentRequest, prompt);
        }

        foreach (var group in _image.Prompts.GroupBy(row => row.ExternalId ?? "").Where(group => group.Count() > 1 || !known.Contains(group.Key))) Break($"{group.Key} is there {group.Count()} times");
    }

    private void CheckRequest(SentRequest sentRequest, PromptRow prompt)
    {
        var message = _image.Find(prompt);
        if ((prompt.SenderId, prompt.RecipientId, prompt.PrivacyUrl, prompt.DisplayName) != (sentRequest.Sender.Id, sentRequest.RecipientId, sentRequest.PrivacyUrl, sentRequest.DisplayName)
            || (prompt.Type, prompt.Test, prompt.Variant) != (sentRequest.Type == "csat" ? 1 : 2, sentRequest.Test ? 1 : 0, sentRequest.Variant)
            || prompt.Question.Length == 0 || prompt.CardHash is not null != sentRequest.HasCard
            || (message is not null && message.Body != sentRequest.Message))
        {
            Break($"{sentRequest.ExternalId} is stored otherwise than it was asked: {prompt} {message}");
        }

        if (sentRequest.Feedback is { } told)
        {
            if (told.Id != Text(prompt.Id) || told.DmId != Text(prompt.MessageId) || told.FromUserId != Text(prompt.SenderId) || told.CreatedAt != Date(prompt.CreatedAt)) Break($"{sentRequest.ExternalId} was acknowledged as {told} and is {prompt}");
            if (told.CardToken is { } token && !SHA256.HashData(Base64Url.DecodeFromChars(token).AsSpan()[^SecretLength..]).AsSpan().SequenceEqual(prompt.CardHash)) Break($"{sentRequest.ExternalId} was given a card that does not open");
        }

        if (Believed(sentRequest.Dismissed) is var dismissed && dismissed != Fate.InDoubt && prompt.DismissedAt is not null != (dismissed == Fate.Stored)) Break($"{sentRequest.ExternalId} was dismissed: {dismissed}, and is dismissed at {prompt.DismissedAt}");
        CheckPart(sentRequest, "score", sentRequest.Score, prompt.Score?.ToString(CultureInfo.InvariantCulture), prompt.ScoreAt);
        CheckPart(sentRequest, "text", sentRequest.Text, prompt.Comment, prompt.CommentAt);
        if (sentRequest.Together && prompt.Score is null != prompt.Comment is null) Break($"{sentRequest.ExternalId} was answered by half");
    }

    private void CheckPart(SentRequest sentRequest, string name, Part part, string? value, long? at)
    {
        switch (Believed(part.Fate))
        {
            case Fate.Stored when value is null: Break($"{sentRequest.ExternalId} has lost its {name}"); break;
            case Fate.Absent when value is not null: Break($"{sentRequest.ExternalId} has a {name} that was never accepted"); break;
            case not Fate.Absent when value is not null && value != part.Value: Break($"{sentRequest.ExternalId} has another {name} than was sent"); break;
            case Fate.Stored when part.At is { } told && told != Date(at!.Value): Break($"{sentRequest.ExternalId} has a {name} of another time"); break;
        }
    }

    private Fate Believed(Fate fate) => fate == Fate.InDoubt && _silenceIsSuccess ? Fate.Stored : fate;

    private void Break(string line) => _broken.Add(line);

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    // Written out here, so that the client's formatter is checked too.
    private static string Date(long millis) =>
        DateTimeOffset.FromUnixTimeMilliseconds(millis).ToString("ddd MMM dd HH:mm:ss '+0000' yyyy", CultureInfo.InvariantCulture);
}
