using System.Data;
using Afterword.EndToEnd.Tests.Servers;
using static Afterword.EndToEnd.Tests.Kills.StoredRows;

namespace Afterword.EndToEnd.Tests.Kills;

internal sealed record PromptRow(
    long SenderId, long Id, long RecipientId, long MessageId, long Type, long Test, long Variant, string Question, string PrivacyUrl,
    string? ExternalId, string? DisplayName, byte[]? CardHash, long CreatedAt, long UpdatedAt, long? DismissedAt,
    long? Score, long? ScoreAt, string? Comment, long? CommentAt);

internal sealed record MessageRow(long SenderId, long Id, long RecipientId, long? PromptId, string Body, long CreatedAt);

internal sealed record ChangeRow(long SenderId, long ChangedAt, long Id, long Kind, long PromptId);

internal sealed record StateRow(long SenderId, long ChangedAt, long WindowStartedAt, long WindowUsed);

internal sealed record ContactRow(long SenderId, long UserId, long? PromptedAt);

internal sealed record KeyRow(long SenderId, string Key, long CreatedAt);

/// <summary>What a store holds, read by plain SQL in one snapshot and by none of the server's code.</summary>
internal sealed class StoreImage
{
    private readonly Dictionary<string, PromptRow> _byExternalId = [];
    private readonly Dictionary<(long, long?), MessageRow> _byPrompt = [];

    private StoreImage()
    {
    }

    public required IReadOnlyList<PromptRow> Prompts { get; init; }

    public required IReadOnlyList<MessageRow> Messages { get; init; }

    public required IReadOnlyList<ChangeRow> Changes { get; init; }

    public required IReadOnlyList<StateRow> States { get; init; }

    public required IReadOnlyList<ContactRow> Contacts { get; init; }

    public required IReadOnlyList<KeyRow> Keys { get; init; }

    public static async Task<StoreImage> ReadAsync(TestStore store)
    {
        await using var connection = await store.ConnectAsync();
        await using var snapshot = await connection.BeginTransactionAsync(store is PostgresStore ? IsolationLevel.RepeatableRead : IsolationLevel.Serializable);
        var image = new StoreImage
        {
            Prompts = await ListAsync(
                connection,
                """
                select sender_id, id, recipient_id, message_id, type, test, question_variant, question, privacy_url, external_id,
                    display_name, card_hash, created_at, updated_at, dismissed_at, score, score_at, comment, comment_at
                from prompt
                """,
                row => new PromptRow(
                    Long(row, 0), Long(row, 1), Long(row, 2), Long(row, 3), Long(row, 4), Long(row, 5), Long(row, 6), row.GetString(7), row.GetString(8), TextOrNull(row, 9),
                    TextOrNull(row, 10), row.IsDBNull(11) ? null : row.GetFieldValue<byte[]>(11), Long(row, 12), Long(row, 13), LongOrNull(row, 14),
                    LongOrNull(row, 15), LongOrNull(row, 16), TextOrNull(row, 17), LongOrNull(row, 18))),
            Messages = await ListAsync(
                connection, "select sender_id, id, recipient_id, prompt_id, body, created_at from message",
                row => new MessageRow(Long(row, 0), Long(row, 1), Long(row, 2), LongOrNull(row, 3), row.GetString(4), Long(row, 5))),
            Changes = await ListAsync(
                connection, "select sender_id, changed_at, id, kind, prompt_id from change",
                row => new ChangeRow(Long(row, 0), Long(row, 1), Long(row, 2), Long(row, 3), Long(row, 4))),
            States = await ListAsync(
                connection, "select sender_id, changed_at, window_started_at, window_used from sender_state",
                row => new StateRow(Long(row, 0), Long(row, 1), Long(row, 2), Long(row, 3))),
            Contacts = await ListAsync(
                connection, "select sender_id, user_id, prompted_at from contact",
                row => new ContactRow(Long(row, 0), Long(row, 1), LongOrNull(row, 2))),
            Keys = await ListAsync(
                connection, "select sender_id, idempotency_key, created_at from idempotency",
                row => new KeyRow(Long(row, 0), row.GetString(1), Long(row, 2))),
        };
        foreach (var prompt in image.Prompts) image._byExternalId.TryAdd(prompt.ExternalId ?? "", prompt);
        foreach (var message in image.Messages) image._byPrompt.TryAdd((message.SenderId, message.PromptId), message);
        return image;
    }

    /// <summary>The prompt that a create call led to, or null.</summary>
    public PromptRow? Find(SentRequest sentRequest) => _byExternalId.GetValueOrDefault(sentRequest.ExternalId);

    /// <summary>The message that a prompt went with, or null.</summary>
    public MessageRow? Find(PromptRow prompt) => _byPrompt.GetValueOrDefault((prompt.SenderId, prompt.Id));
}
