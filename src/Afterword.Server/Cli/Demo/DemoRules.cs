using System.Security.Cryptography;
using System.Text;
using Afterword.Server.Automation.Rules;
using Afterword.Server.Prompts;

namespace Afterword.Server.Cli.Demo;

/// <summary>The rules of the demo's shop, and what they will decide: a year that is the same every time needs a sample that is.</summary>
internal static class DemoRules
{
    /// <summary>The tag of conversations that no customer led.</summary>
    public const string Internal = "internal";

    /// <summary>The connector of <c>samples/helpdesk</c>, whose customers are asked at once: whoever tries it is waiting.</summary>
    public const string SampleConnector = "sample";

    private const string Vip = "vip";

    private static readonly SamplingRate s_rate = new(500_000);
    private static readonly SamplingRate s_vipShare = new(800_000);

    /// <summary>From the close to the request.</summary>
    public static TimeSpan Delay { get; } = TimeSpan.FromMinutes(10);

    /// <summary>The sender's sampling key. Another sender's is secret and random.</summary>
    public static byte[] SamplingKey { get; } = SHA256.HashData(Encoding.UTF8.GetBytes("The sample of @furni, a shop that does not exist"));

    /// <summary>As they were first saved: to look at decisions before anybody is asked.</summary>
    public static string Tried => Document("\"paused\":true,");

    /// <summary>As they were switched on.</summary>
    public static string On => Document("");

    /// <summary>What the rule for these tags asks.</summary>
    public static PromptType TypeOf(string tags) => Has(tags, Vip) ? PromptType.Nps : PromptType.Csat;

    /// <summary>Whether the customer of a conversation is asked, but for those that are internal.</summary>
    public static bool IsSampled(string externalId, string tags) => Draw.Of(SamplingKey, externalId).IsBelow(Has(tags, Vip) ? s_vipShare : s_rate);

    /// <summary>A reference of a conversation that is in the sample.</summary>
    public static string SampledName(string stem, string tags)
    {
        var name = stem;
        for (var letter = 'b'; !IsSampled(name, tags); letter++) name = $"{stem}{letter}";
        return name;
    }

    private static bool Has(string tags, string tag) => Tags.OfStored(tags)!.Has(tag);

    private static string Document(string more) =>
        $$$$"""
        {{{{{more}}}}"rules":[
        {"name":"never internal","when":{"tags_any":["{{{{Internal}}}}"]},"ask":null},
        {"name":"sample helpdesk","when":{"connectors":["{{{{SampleConnector}}}}"]},"ask":{"type":"csat","delay":"PT0S","privacy_url":"https://furni.example/privacy","message":{
            "en":"Thanks for writing to us, {first_name|there}. How did {agent|we} do?"}}},
        {"name":"vip by nps","when":{"tags_all":["{{{{Vip}}}}"]},"ask":{"type":"nps","question_variant_id":"1","share":0.8,"privacy_url":"https://furni.example/privacy","message":{
            "en":"You have been with us for a while, {first_name|dear customer}, and we would like to know what you think of us.","es":"Llevas un tiempo con nosotros, {first_name|querido cliente}, y nos gustaría saber qué opinas."}}},
        {"name":"deliveries","when":{"tags_any":["delivery"]},"ask":{"type":"csat","question_variant_id":"29","share":0.5,"display_name":"Furni Support","privacy_url":"https://furni.example/privacy","message":{
            "en":"Hi {first_name|there}, {agent|we} looked after your delivery just now. How was that?","es":"Hola, {first_name|qué tal}: {agent|nuestro equipo} se ocupó de tu entrega. ¿Qué te pareció?"}}},
        {"name":"everybody else","ask":{"type":"csat","share":0.5,"privacy_url":"https://furni.example/privacy","message":{
            "en":"Thanks for writing to us, {first_name|there}. How did we do?","es":"Gracias por escribirnos, {first_name|qué tal}. ¿Cómo lo hicimos?"}}}]}
        """;
}
