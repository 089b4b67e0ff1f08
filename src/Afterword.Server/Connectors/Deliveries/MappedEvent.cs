using System.Globalization;
using Afterword.Client.OAuth;
using Afterword.Server.Automation.Conversations;
using Afterword.Server.Channels;
using Afterword.Server.Connectors.Definitions;
using Afterword.Server.Languages;
using Afterword.Server.Parsing;
using Afterword.Server.Prompts;

namespace Afterword.Server.Connectors.Deliveries;

/// <summary>What an event means. The numbers are stored.</summary>
internal enum EventAction
{
    None = 0,
    Close = 1,
    Reopen = 2,
}

/// <summary>Whom an event is about, as the other side says it.</summary>
/// <param name="UserId">Of the user; null when it is not told.</param>
/// <param name="Ref">The business's own number of the customer.</param>
/// <param name="Contact">The number that the other side gave the customer. Nobody but it can choose one, so that it can be learned.</param>
/// <param name="Name">Fit for a profile; null when there is none.</param>
internal sealed record EventCustomer(long? UserId, string? Ref, string? Contact, EmailAddress? Email, string? Name, string? Language);

/// <summary>What a delivery becomes by a definition.</summary>
internal abstract record MappedEvent
{
    private MappedEvent()
    {
    }

    /// <summary>It says nothing of an end.</summary>
    /// <param name="Reason">A word, such as <c>no_condition</c>.</param>
    /// <param name="Detail">What is wrong with it, for people; null when nothing is.</param>
    internal sealed record Ignored(string Reason, string? Detail = null) : MappedEvent;

    /// <summary>A conversation ended or goes on.</summary>
    /// <param name="Draft">Checked, but for the customer, who is yet to be found.</param>
    /// <param name="HappenedAt">When it did by the clock of the other side, Unix milliseconds.</param>
    internal sealed record ConversationEvent(EventAction Action, CloseDraft Draft, EventCustomer Customer, long? HappenedAt) : MappedEvent;

    /// <summary>The other side has deleted a customer.</summary>
    internal sealed record Deleted(EventCustomer Customer) : MappedEvent;

    /// <summary>Whom it is about; null when it is about nobody.</summary>
    public EventCustomer? About => this switch
    {
        ConversationEvent conversationEvent => conversationEvent.Customer,
        Deleted deleted => deleted.Customer,
        _ => null,
    };

    /// <param name="connector">Whose event it is.</param>
    /// <param name="definition">How it understands what comes.</param>
    /// <param name="fields">What the delivery says.</param>
    /// <param name="now">The present.</param>
    /// <param name="test">Marks a test, whatever the delivery says.</param>
    public static MappedEvent Of(Connector connector, Definition definition, DeliveryFields fields, DateTimeOffset now, bool test)
    {
        foreach (var shape in definition.Shapes)
        {
            var action = shape.IsClose(fields) ? EventAction.Close : shape.IsReopening(fields) ? EventAction.Reopen : EventAction.None;
            if (action != EventAction.None) return Of(connector, shape.Map, action, fields, now, test);
            if (shape.IsDeletion(fields)) return test ? new Ignored("customer_deleted") : new Deleted(CustomerOf(name => shape.Map.GetValueOrDefault(name)?.Text(fields)));
        }

        return new Ignored("no_condition");
    }

    private static MappedEvent Of(Connector connector, IReadOnlyDictionary<string, FieldValue> map, EventAction action, DeliveryFields fields, DateTimeOffset now, bool test)
    {
        string? Text(string name) => map.GetValueOrDefault(name)?.Text(fields);

        if (Text(MappedFields.ExternalId) is not { } externalId) return new Ignored("no_external_id");

        // What a wrong clock puts into a time to come must not overtake all that follows.
        var happened = Text(MappedFields.ClosedAt) is { } time && EventTimes.Read(time) is { } at ? Math.Min(at, (now + CloseDraft.Ahead).ToUnixTimeMilliseconds()) : (long?)null;
        var parameters = new ParameterList();

        // The customer is found later. What rules look at must not keep an event from being decided: what does not fit is left out.
        parameters.Add(MappedFields.UserId, "0");
        parameters.Add(MappedFields.ExternalId, connector.ConversationOf(externalId));
        foreach (var name in map.Keys)
        {
            if (ValueOf(name, map[name], fields, now) is { } value) parameters.Add(name, value);
        }

        if (test || Text("test") is "true" or "1") parameters.Add("test", "true");
        var draft = CloseDraft.Parse(new RequestParameters(parameters), now, out var errors);
        if (draft is null) return new Ignored("invalid", string.Join(' ', errors.All.Select(error => error.Message)));

        return new ConversationEvent(action, draft with { Connector = connector.Name, ConnectorKind = connector.Kind }, CustomerOf(Text), happened);
    }

    private static string? ValueOf(string name, FieldValue value, DeliveryFields fields, DateTimeOffset now) => name switch
    {
        MappedFields.Tags => TagsOf(value.List(fields)),
        MappedFields.Language => value.Text(fields)?.Replace('_', '-') is { } tag && Language.IsTag(tag) ? tag : null,
        MappedFields.ClosedAt => value.Text(fields) is { } time && EventTimes.Read(time) is { } at ? Within(at, now) : null,
        "agent" or "team" => value.Text(fields) is { } label ? Cut(label, CloseDraft.LabelLength) : null,
        "messages" or "agent_messages" => value.Text(fields) is { } many && WholeNumber.TryRead(many, out var number) && number <= CloseDraft.MostMessages ? many : null,
        "display_name" => value.Text(fields) is { } shown ? Cut(shown, PromptDraft.DisplayNameLength) : null,
        "privacy_url" => value.Text(fields) is { } url && PromptDraft.WrongWithPrivacyUrl(url) is null ? url : null,
        _ => null,
    };

    private static EventCustomer CustomerOf(Func<string, string?> text)
    {
        var email = EmailAddress.TryParse(text(MappedFields.Email), out var address) ? address : null;
        var name = text(MappedFields.Name) is { } given ? Cut(given, TextRules.NameLength) : null;
        var language = text(MappedFields.Language)?.Replace('_', '-');
        return new(
            WholeNumber.TryRead(text(MappedFields.UserId) ?? "", out var id) ? id : null, text(MappedFields.Ref) is { } known ? CustomerRef.Normalised(known) : null, text(MappedFields.Contact) is { } contact ? CustomerRef.Normalised(contact) : null,
            email,
            name is not null && TextRules.WrongWithName(name) is null ? name : null, language is not null && Language.IsTag(language) ? language : null);
    }

    // The first that fit; a comma within one would make two.
    private static string? TagsOf(IReadOnlyList<string> tags) =>
        tags.Select(tag => tag.Replace(',', ' ').Trim()).Where(tag => TextRules.IsLabel(tag, Tags.TagLength)).Distinct(StringComparer.Ordinal).Take(Tags.Most).ToArray() is { Length: > 0 } fit ? string.Join(',', fit) : null;

    // An old end stays old for the rules, and one that a wrong clock tells is one of now.
    private static string Within(long at, DateTimeOffset now) =>
        Math.Clamp(at, (now - CloseDraft.Oldest).ToUnixTimeMilliseconds(), now.ToUnixTimeMilliseconds()).ToString(CultureInfo.InvariantCulture);

    private static string Cut(string text, int most) => TextRules.Normalise(TextRules.Cut(text, most), most).Trim();
}
