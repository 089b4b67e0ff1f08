using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Afterword.Server.Automation.Funnels;
using Afterword.Server.Automation.Simulation;
using Afterword.Server.Channels;
using Afterword.Server.Configuration;
using Afterword.Server.Console;
using Afterword.Server.Console.Members;
using Afterword.Server.Errors;
using Afterword.Server.Languages;
using Afterword.Server.Limits;
using Afterword.Server.OAuth;
using Afterword.Server.Parsing;
using Afterword.Server.Prompts;
using Afterword.Server.Reports.FollowUps;
using Afterword.Server.Reports.Pages;
using Afterword.Server.Storage;

namespace Afterword.Server.Automation.Rules.Pages;

/// <summary>Reads, checks, tries and saves rules for their page.</summary>
internal sealed class RulePages(Store store, ChangeRules change, SimulateRules simulate, Questions questions, Settings settings)
{
    private static readonly JsonSerializerOptions s_indented = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private const string NoRule = "no rule";

    private static readonly JsonSerializerOptions s_compact = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The rules that hold, ready to be shown and changed.</summary>
    public async Task<Opened> OpenAsync(Membership membership, CancellationToken stop) => new(this, membership, await change.FindAsync(membership.SenderId, stop), await PrivacyUrlAsync(membership.SenderId, stop));

    private Task<string?> PrivacyUrlAsync(long sender, CancellationToken stop) => store.Main.ReadAsync(
        session => session.Sql("select privacy_url from account where id = @sender").Bind("sender", sender).FirstAsync(row => row.TextOrNull(0), stop), stop);

    /// <summary>Checks a document.</summary>
    /// <returns>The document, or null and all that is wrong, each with its place.</returns>
    public (RulesDocument? Document, IReadOnlyList<RuleProblem> Faults) Check(string text)
    {
        var utf8 = Encoding.UTF8.GetBytes(text);
        if (WrongWithJson(utf8) is { } wrong) return (null, [new("", wrong)]);

        var document = RulesDocument.Parse(utf8, questions, out var errors);

        // Without the spaces of the page, as the API counts it.
        return document is not null && Encoding.UTF8.GetByteCount(document.Text) > SignatureMiddleware.MaxBody
            ? (null, [new("", "The document is too long: at most 64 KiB.")])
            : (document, [.. errors.All.Select(FaultOf)]);
    }

    /// <summary>Saves, unless someone else was faster.</summary>
    public async Task<bool> SaveAsync(Membership membership, long seen, RulesDocument document, CancellationToken stop) =>
        await change.RunAsync(membership.SenderId, membership.Member, seen, document.Text, stop) is ChangeRulesOutcome.Saved;

    /// <summary>Tries rules out on what was closed.</summary>
    /// <param name="membership">Whose closes.</param>
    /// <param name="rules">The draft.</param>
    /// <param name="days">Over how many days, as it was typed.</param>
    /// <param name="stop">Gives up.</param>
    /// <returns>Null while another simulation runs.</returns>
    public async Task<SimulationView?> SimulateAsync(Membership membership, RuleSet rules, string days, CancellationToken stop)
    {
        var many = WholeNumber.TryRead(days, out var number) && number is >= 1 and <= SimulateRules.MostDays ? (int)number : SimulateRules.UsualDays;
        var interval = await store.Main.ReadAsync(
            session => session.Sql("select recipient_interval from sender where user_id = @sender").Bind("sender", membership.SenderId).FirstAsync(row => row.LongOrNull(0), stop), stop);
        return await simulate.RunAsync(membership.SenderId, rules, many, settings.Limits.IntervalFor(new SenderGrant(null, interval, null, null)), stop) is { } simulated ? ViewOf(membership, rules, simulated, many) : null;
    }

    private static SimulationView ViewOf(Membership membership, RuleSet rules, SimulatedCloses simulated, int days)
    {
        var rows = new Dictionary<(string Rule, string What), (long Would, long Did)>();
        foreach (var ((rule, reason), count) in simulated.Would) Add(rule, reason == Reason.None ? "Asked" : DecisionText.Of(reason), count, 0);
        foreach (var rule in rules.Rules.Where(rule => simulated.Closes > 0 && !simulated.Would.Keys.Any(one => one.Rule == rule.Name))) Add(rule.Name, "Fits no conversation", 0, 0);
        foreach (var ((rule, decision, reason), count) in simulated.Did) Add(rule, decision is Decision.Asked or Decision.Scheduled ? "Asked" : DecisionText.Of(reason), 0, count);
        return new(
            days, MetricTexts.Number(simulated.Closes), MetricTexts.Number(simulated.DifferentCount),
            [.. rows.OrderBy(row => PlaceOf(row.Key.Rule)).ThenBy(row => row.Key.Rule, StringComparer.Ordinal).ThenByDescending(row => row.Value.Would + row.Value.Did).ThenBy(row => row.Key.What, StringComparer.Ordinal).Select(row => new SimulatedRow(row.Key.Rule, row.Key.What, MetricTexts.Number(row.Value.Would), MetricTexts.Number(row.Value.Did)))],
            [.. simulated.Examples.Select(example => new SimulatedExample(
                membership.AddressOf(string.Create(CultureInfo.InvariantCulture, $"automation/{example.Conversation.Id}")), DecisionText.TicketOf(example.Conversation.ExternalId),
                example.Conversation.Decision is Decision.Asked or Decision.Scheduled ? "Asked" : DecisionText.Of(example.Conversation.Reason), example.Reason == Reason.None ? "asked" : DecisionText.Of(example.Reason)))],
            [.. rules.Unreached.Select(rules.WhyUnreached)]);

        // As the document has them; then those that only the rules of then had, and last what no rule fits.
        int PlaceOf(string rule)
        {
            for (var at = 0; at < rules.Rules.Count; at++)
            {
                if (rules.Rules[at].Name == rule) return at;
            }

            return rule == NoRule ? int.MaxValue : rules.Rules.Count;
        }

        void Add(string? rule, string what, long would, long did)
        {
            var key = (rule ?? NoRule, what);
            var before = rows.GetValueOrDefault(key);
            rows[key] = (before.Would + would, before.Did + did);
        }
    }

    // The reader of rules says only that it is no JSON; whoever types wants to know where.
    private static string? WrongWithJson(byte[] utf8)
    {
        try
        {
            using var document = JsonDocument.Parse(utf8);
            return document.RootElement.ValueKind == JsonValueKind.Object ? null : "The document must be a JSON object: { … }.";
        }
        catch (JsonException error)
        {
            return JsonMistake.IsEmpty(error) ? "The document is empty." : $"This is not JSON: {JsonMistake.PlaceOf(error)}. {JsonMistake.WhatOf(error)}";
        }
    }

    private static RuleProblem FaultOf(ApiError error)
    {
        const string Invalid = " parameter is invalid: ";
        const string Missing = " parameter is missing.";
        return error.Message.IndexOf(Invalid, StringComparison.Ordinal) is > 0 and var at ? new(error.Message[..at], char.ToUpperInvariant(error.Message[at + Invalid.Length]) + error.Message[(at + Invalid.Length + 1)..])
            : error.Message.IndexOf(Missing, StringComparison.Ordinal) is > 0 and var lacks ? new(error.Message[..lacks], "This is required." + error.Message[(lacks + Missing.Length)..])
            : new("", error.Message);
    }

    /// <summary>A sender's rules while someone looks at them.</summary>
    internal sealed class Opened
    {
        private readonly RulePages _pages;
        private readonly Membership _membership;
        private readonly RulesVersion? _saved;
        private readonly JsonObject _document;
        private readonly RuleSet _rules;

        private readonly string? _privacyUrl;

        public Opened(RulePages pages, Membership membership, RulesVersion? saved, string? privacyUrl)
        {
            (_pages, _membership, _saved, _privacyUrl) = (pages, membership, saved, privacyUrl);
            _document = saved is null ? new JsonObject { ["rules"] = new JsonArray() } : JsonNode.Parse(saved.Document)!.AsObject();
            _rules = saved is null ? RuleSet.None : RulesDocument.OfStored(saved.Document);
        }

        public bool MayEdit => _membership.Role == Role.Owner;

        public long Version => _saved?.Version ?? 0;

        public int Count => (_document["rules"] as JsonArray)?.Count ?? 0;

        /// <summary>The document with a change, as text.</summary>
        public string With(Action<JsonObject> change)
        {
            var document = _document.DeepClone().AsObject();
            change(document);
            return document.ToJsonString(s_compact);
        }

        public RuleFields FieldsOf(int at) => RuleFields.Of(_document["rules"]!.AsArray()[at]!.AsObject());

        /// <summary>A new rule has the policy of those that are there, or else of the business.</summary>
        public RuleFields NewFields() => new() { PrivacyUrl = Enumerable.Range(0, Count).Select(FieldsOf).Select(rule => rule.PrivacyUrl).LastOrDefault(url => url.Length > 0) ?? _privacyUrl ?? "" };

        public RuleEdit Edit(int? at, RuleFields fields) => new(at ?? Count, at is null, fields, [.. Enum.GetValues<PromptType>().Select(Group)], ChannelNames.All);

        // Whoever reads rules that ask nobody at the moment must not miss it.
        private string Silence => RulesSilence.TextOf(_rules) is { } silence ? $"{silence}. " : "";

        /// <summary>What to say to someone who read another version.</summary>
        public string Meanwhile => _saved is null
            ? FollowUpEndpoints.Elsewhere
            : $"{_saved.ChangedBy} saved version {_saved.Version} meanwhile, so nothing of yours was saved. It stands below, as the rules do now. Save again to put yours in their place.";

        public RulesView View() => new(
            Version, _saved is null ? null : $"{Silence}Version {_saved.Version}, saved by {_saved.ChangedBy} on {ConsoleTimes.For(_membership.Member, _pages.Settings).Minute(_saved.ChangedAt)}.", MayEdit,
            [.. _rules.Rules.Select(rule => RuleTexts.Of(rule, _rules))], GeneralFields.Of(_document), GeneralOpen: false, Edit: null, _document.ToJsonString(s_indented),
            TextOpen: false, [], Problem: null, IsSaved: false, Simulation: null);

        private QuestionGroup Group(PromptType type) => new(type.Wire.ToUpperInvariant(), [.. Enumerable.Range(0, _pages.QuestionsOf(type)).Select(variant => (
            string.Create(CultureInfo.InvariantCulture, $"{type.Wire} {variant}"), string.Create(CultureInfo.InvariantCulture, $"{variant}: {_pages.QuestionOf(type, variant, _membership.SenderName)}")))]);
    }

    private Settings Settings => settings;

    private int QuestionsOf(PromptType type) => questions.CountOf(type);

    private string QuestionOf(PromptType type, int variant, string name) => questions.Ask(type, variant, name, Language.English).Text;
}
