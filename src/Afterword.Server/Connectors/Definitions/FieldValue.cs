namespace Afterword.Server.Connectors.Definitions;

/// <summary>What must hold of a delivery.</summary>
/// <param name="AnyOf">One of these stands there, in any letter case; empty is no condition.</param>
/// <param name="NoneOf">None of these stands there.</param>
/// <param name="Exists">Whether anything stands there.</param>
internal sealed record Condition(Source Source, IReadOnlyList<string> AnyOf, IReadOnlyList<string> NoneOf, bool? Exists)
{
    public bool Fits(DeliveryFields fields)
    {
        var values = fields.All(Source);
        return (Exists is not { } exists || values.Count > 0 == exists)
            && (AnyOf.Count == 0 || values.Any(value => AnyOf.Contains(value, StringComparer.OrdinalIgnoreCase)))
            && !values.Any(value => NoneOf.Contains(value, StringComparer.OrdinalIgnoreCase));
    }
}

/// <summary>One way to a value.</summary>
/// <param name="When">Taken only where all of these hold.</param>
/// <param name="Separators">What stands between several values in one text.</param>
internal sealed record Alternative(Template Template, IReadOnlyList<Condition> When, string Separators);

/// <summary>Where a value comes from: the first alternative that has one.</summary>
internal sealed record FieldValue(IReadOnlyList<Alternative> Alternatives)
{
    public IEnumerable<Source> Sources => Alternatives.SelectMany(one => one.Template.Sources.Concat(one.When.Select(condition => condition.Source)));

    public string? Text(DeliveryFields fields)
    {
        foreach (var one in Alternatives)
        {
            if (one.When.All(condition => condition.Fits(fields)) && one.Template.Text(fields) is { Length: > 0 } text) return text;
        }

        return null;
    }

    /// <summary>All values, where there may be several: the items of an array, or a text with separators.</summary>
    public IReadOnlyList<string> List(DeliveryFields fields)
    {
        foreach (var one in Alternatives)
        {
            if (!one.When.All(condition => condition.Fits(fields))) continue;

            var values = one.Template.Single is { } source ? fields.All(source) : one.Template.Text(fields) is { } text ? [text] : [];
            if (values.Count == 1) values = values[0].Split(one.Separators.ToCharArray(), StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
            if (values.Count > 0) return values;
        }

        return [];
    }
}
