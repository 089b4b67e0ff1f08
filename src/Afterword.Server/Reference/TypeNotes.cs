using System.Collections.Concurrent;
using System.Reflection;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Afterword.Server.Reference;

/// <summary>What the code's own documentation says about wire types and their members: the text that the SDK shows, shown once more.</summary>
/// <remarks>It is read from the XML files that the build puts beside the assemblies; where they were left behind, the reference has the types without notes.</remarks>
internal sealed partial class TypeNotes
{
    private readonly ConcurrentDictionary<Assembly, Dictionary<string, XElement>> _files = new();

    [GeneratedRegex(@"\s+", RegexOptions.None, matchTimeoutMilliseconds: 5000)]
    private static partial Regex Space { get; }

    public string? Of(Type type) => Find(type)?.Element("summary") is { } summary ? Text(summary) : null;

    /// <param name="type">A record whose members are parameters, or properties of their own.</param>
    /// <param name="member">A member's name on the wire.</param>
    public string? Of(Type type, string member)
    {
        var note = Find(type)?.Elements("param").FirstOrDefault(param => Wire((string?)param.Attribute("name")) == member)
            ?? (type.GetProperties().FirstOrDefault(property => Wire(property.Name) == member) is { } own ? Find(own)?.Element("summary") : null);
        return note is null ? null : Text(note);
    }

    private XElement? Find(Type type) => FileOf(type).GetValueOrDefault($"T:{type.FullName}");

    private XElement? Find(PropertyInfo property) => FileOf(property.DeclaringType!).GetValueOrDefault($"P:{property.DeclaringType!.FullName}.{property.Name}");

    private Dictionary<string, XElement> FileOf(Type type) => _files.GetOrAdd(type.Assembly, Read);

    private static Dictionary<string, XElement> Read(Assembly assembly)
    {
        var file = Path.Combine(AppContext.BaseDirectory, $"{assembly.GetName().Name}.xml");
        return File.Exists(file)
            ? XDocument.Load(file).Descendants("member").ToDictionary(member => (string)member.Attribute("name")!)
            : [];
    }

    private static string Text(XElement note) => Space.Replace(string.Concat(note.Nodes().Select(Text)), " ").Trim();

    private static string Text(XNode node) => node switch
    {
        XText text => text.Value,
        XElement { Name.LocalName: "paramref" } other => $"`{Wire((string?)other.Attribute("name"))}`",
        XElement { Name.LocalName: "c" } code => $"`{code.Value}`",
        XElement { IsEmpty: true } reference => ((string?)reference.Attribute("cref") ?? (string?)reference.Attribute("langword") ?? "").Split('.', ':')[^1],
        XElement other => other.Value,
        _ => "",
    };

    private static string Wire(string? name) => JsonNamingPolicy.SnakeCaseLower.ConvertName(name ?? "");
}
