using System.Globalization;
using System.Text.RegularExpressions;
using Afterword.Support;

namespace Afterword.Server.Tests.Telemetry;

/// <summary>A series of a scrape: its name, its labels, its value.</summary>
internal sealed record Series(string Name, IReadOnlyDictionary<string, string> Labels, double Value);

/// <summary>The alert rules of <c>eng/watch</c>, evaluated as Prometheus does, but for how long they must hold.</summary>
/// <remarks>It knows as much of the language as the rules use, and refuses the rest. What lies in the past is an earlier scrape, whatever its age.</remarks>
internal sealed partial class AlertRules
{
    private readonly List<(string Name, string Expression)> _rules;

    private AlertRules(List<(string Name, string Expression)> rules) => _rules = rules;

    /// <summary>The first limit of a rule.</summary>
    public double LimitOf(string name) => Number(Limit().Match(_rules.Single(rule => rule.Name == name).Expression).Groups["limit"].Value);

    public static AlertRules Read() => new(
        [.. Rule().Matches(File.ReadAllText(Path.Combine(Repository.Root, "eng", "watch", "alerts.yml"))).Select(rule => (rule.Groups["name"].Value, rule.Groups["expression"].Value))]);

    /// <summary>The rules that say something.</summary>
    /// <param name="before">An earlier scrape.</param>
    /// <param name="now">The present one.</param>
    public IReadOnlyList<string> Firing(string before, string now)
    {
        var (earlier, present) = (SeriesOf(before), SeriesOf(now));
        return [.. _rules.Where(rule => Expression.Evaluate(rule.Expression, earlier, present).Count > 0).Select(rule => rule.Name)];
    }

    /// <summary>As Prometheus stores a scrape: with the job and the instance that it comes from, and whether it came.</summary>
    public static List<Series> SeriesOf(string scrape) =>
    [
        new("up", Labelled(""), 1),
        .. Line().Matches(scrape).Select(line => new Series(line.Groups["name"].Value, Labelled(line.Groups["labels"].Value), Number(line.Groups["value"].Value))),
    ];

    private static Dictionary<string, string> Labelled(string labels)
    {
        var all = new Dictionary<string, string>(StringComparer.Ordinal) { ["job"] = "afterword", ["instance"] = "one" };
        foreach (Match label in Label().Matches(labels)) all[label.Groups["name"].Value] = label.Groups["value"].Value;
        return all;
    }

    private static double Number(string text) => text switch { "+Inf" => double.PositiveInfinity, "NaN" => double.NaN, _ => double.Parse(text, CultureInfo.InvariantCulture) };

    [GeneratedRegex("[<>] (?<limit>[0-9]+)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 5_000)]
    private static partial Regex Limit();

    [GeneratedRegex(@"- alert: (?<name>\w+)\n\s+expr: (?<expression>.+)\n", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 5_000)]
    private static partial Regex Rule();

    [GeneratedRegex(@"^(?<name>[a-z]\w*)(\{(?<labels>([^""}]|""[^""]*"")*)\})? (?<value>\S+)", RegexOptions.Multiline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 5_000)]
    private static partial Regex Line();

    [GeneratedRegex("(?<name>\\w+)=\"(?<value>[^\"]*)\"", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 5_000)]
    private static partial Regex Label();

    /// <summary>One expression, read from left to right while it is evaluated.</summary>
    private sealed partial class Expression
    {
        private readonly List<string> _tokens;
        private readonly List<Series> _before;
        private readonly List<Series> _now;
        private int _at;

        private Expression(string text, List<Series> before, List<Series> now) => (_tokens, _before, _now) = ([.. Token().Matches(text).Select(token => token.Value)], before, now);

        private string Next => _at < _tokens.Count ? _tokens[_at] : "";

        public static List<Series> Evaluate(string text, List<Series> before, List<Series> now)
        {
            var expression = new Expression(text, before, now);
            var result = expression.Unless();
            return expression.Next.Length == 0 ? result : throw new FormatException($"{text}: {expression.Next} is not understood.");
        }

        private List<Series> Unless()
        {
            var left = Comparison();
            while (Take("unless"))
            {
                var right = Comparison().Select(Key).ToHashSet();
                left = [.. left.Where(one => !right.Contains(Key(one)))];
            }

            return left;
        }

        private List<Series> Comparison()
        {
            var left = Quotient();
            if (Next is not (">" or "<" or "==")) return left;

            var by = Take();
            if (double.TryParse(Next, CultureInfo.InvariantCulture, out var limit))
            {
                Take();
                return [.. left.Where(one => Holds(one.Value, by, limit))];
            }

            var right = Quotient().ToDictionary(Key, one => one.Value);
            return [.. left.Where(one => right.TryGetValue(Key(one), out var other) && Holds(one.Value, by, other))];
        }

        private List<Series> Quotient()
        {
            var left = Value();
            if (!Take("/")) return left;

            var right = Value().ToDictionary(Key, one => one.Value);
            return [.. left.Where(one => right.ContainsKey(Key(one))).Select(one => one with { Value = one.Value / right[Key(one)] })];
        }

        private List<Series> Value() => Take() switch
        {
            "max" => Aggregate(values => values.Max()),
            "min" => Aggregate(values => values.Min()),
            "sum" => Aggregate(values => values.Sum()),
            "abs" => Inner().ConvertAll(one => one with { Value = Math.Abs(one.Value) }),
            "rate" or "increase" => Inner(),
            "histogram_quantile" => Quantile(),
            var name when Name().IsMatch(name) => Select(name),
            var other => throw new FormatException($"{other} is not understood."),
        };

        private List<Series> Aggregate(Func<IEnumerable<double>, double> add)
        {
            var by = Take("by") ? Words() : [];
            return [.. Inner().GroupBy(one => string.Join(',', by.Select(label => $"{label}={one.Labels.GetValueOrDefault(label)}"))).Select(group =>
                new Series("", group.First().Labels.Where(label => by.Contains(label.Key)).ToDictionary(), add(group.Select(one => one.Value))))];
        }

        // https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile: in a bucket, values lie evenly.
        private List<Series> Quantile()
        {
            Expect("(");
            var share = double.Parse(Take(), CultureInfo.InvariantCulture);
            Expect(",");
            var buckets = Unless();
            Expect(")");
            return [.. buckets.GroupBy(one => Key(one, "le")).Select(group => new Series("", group.First().Labels.Where(label => label.Key != "le").ToDictionary(), Quantile(share, [.. group.OrderBy(Bound)])))];
        }

        private static double Quantile(double share, Series[] buckets)
        {
            var rank = share * buckets[^1].Value;
            var at = Array.FindIndex(buckets, bucket => bucket.Value >= rank);
            if (at < 0 || buckets[^1].Value == 0) return double.NaN;
            if (at == buckets.Length - 1) return at == 0 ? double.NaN : Bound(buckets[^2]);

            var (low, below) = at == 0 ? (0, 0) : (Bound(buckets[at - 1]), buckets[at - 1].Value);
            return low + ((Bound(buckets[at]) - low) * (rank - below) / (buckets[at].Value - below));
        }

        private static double Bound(Series bucket) => Number(bucket.Labels["le"]);

        private List<Series> Select(string name)
        {
            var matchers = Next.StartsWith('{') ? Matcher().Matches(Take()).ToArray() : [];
            var isRange = Next.StartsWith('[') && Take().Length > 0;
            var isPast = Take("offset") && Take().Length > 0;
            var found = Matching(isPast ? _before : _now, name, matchers);
            if (!isRange) return found;

            // How much was added: all rules compare rates with rates, or ask whether there was anything. A server that was started anew counts from nothing.
            var before = Matching(_before, name, matchers).ToDictionary(Key, one => one.Value);
            return found.ConvertAll(one => one with { Value = before.GetValueOrDefault(Key(one)) is var then && then <= one.Value ? one.Value - then : one.Value });
        }

        private static List<Series> Matching(List<Series> all, string name, Match[] matchers) =>
            all.FindAll(one => one.Name == name && Array.TrueForAll(matchers, matcher => Fits(one.Labels.GetValueOrDefault(matcher.Groups["name"].Value, ""), matcher.Groups["by"].Value, matcher.Groups["value"].Value)));

        private static bool Fits(string value, string by, string wanted) => by switch
        {
            "=" => value == wanted,
            "!=" => value != wanted,
            "=~" => Regex.IsMatch(value, $"^(?:{wanted})$", RegexOptions.None, TimeSpan.FromSeconds(5)),
            _ => !Regex.IsMatch(value, $"^(?:{wanted})$", RegexOptions.None, TimeSpan.FromSeconds(5)),
        };

        private static bool Holds(double value, string by, double limit) => by switch { ">" => value > limit, "<" => value < limit, _ => value.Equals(limit) };

        private static string Key(Series one) => Key(one, "");

        private static string Key(Series one, string without) => string.Join(',', one.Labels.Where(label => label.Key != without).OrderBy(label => label.Key, StringComparer.Ordinal).Select(label => $"{label.Key}={label.Value}"));

        private List<Series> Inner()
        {
            Expect("(");
            var inner = Unless();
            Expect(")");
            return inner;
        }

        private List<string> Words()
        {
            Expect("(");
            var words = new List<string>();
            while (!Take(")")) if (Take() is not "," and var word) words.Add(word);
            return words;
        }

        private string Take() => _at < _tokens.Count ? _tokens[_at++] : throw new FormatException("The expression breaks off.");

        private bool Take(string token)
        {
            if (Next != token) return false;

            _at++;
            return true;
        }

        private void Expect(string token)
        {
            if (!Take(token)) throw new FormatException($"{Next} stands where {token} should.");
        }

        [GeneratedRegex(@"\{[^}]*\}|\[[^\]]*\]|[\w.]+|==|[<>/,()]", RegexOptions.None, matchTimeoutMilliseconds: 5_000)]
        private static partial Regex Token();

        [GeneratedRegex("^[a-z][a-z_0-9]+$", RegexOptions.None, matchTimeoutMilliseconds: 5_000)]
        private static partial Regex Name();

        [GeneratedRegex("(?<name>\\w+)(?<by>=~|!~|!=|=)\"(?<value>[^\"]*)\"", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 5_000)]
        private static partial Regex Matcher();
    }
}
