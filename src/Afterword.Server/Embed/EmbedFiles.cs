using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Afterword.Server.Answers.Pages;
using Afterword.Server.Hosting;
using Afterword.Server.Languages;

namespace Afterword.Server.Embed;

/// <summary>What a page loads to show cards: the script with its words in every language, and the style.</summary>
internal static partial class EmbedFiles
{
    public static CachedResponse Script() => new("text/javascript; charset=utf-8", () => Encoding.UTF8.GetBytes(
        Bare(ReadText("embed/embed.js")).Replace("'{words}'", Words(), StringComparison.Ordinal).Replace("'{scale}';", Scale(), StringComparison.Ordinal)));

    public static CachedResponse Style() => new("text/css; charset=utf-8", () => Encoding.UTF8.GetBytes(ForShadow(Bare(ReadText("wwwroot/card.css") + ReadText("embed/embed.css")))));

    /// <summary>
    /// Fits the style of the card's page to a card within another: its colours hang within the element, where the page's own properties of the
    /// same name stay what they are, the window's width does not count, and the page's own size of letters need not be the card's.
    /// </summary>
    private static string ForShadow(string css)
    {
        // There is no container of that name: what is for the page's frame does not hold here, however wide the window is.
        css = css.Replace(":root, :host", ".place", StringComparison.Ordinal).Replace("@media (min-width:", "@container page (min-width:", StringComparison.Ordinal);

        // Where a container is measured, no property can be read.
        css = MeasuredRem().Replace(css, measured => string.Create(CultureInfo.InvariantCulture, $"width: {16 * int.Parse(measured.Groups["number"].ValueSpan, CultureInfo.InvariantCulture)}px"));
        return Rem().Replace(css, "calc(${number} * var(--rem))");
    }

    // Comments and indentation are for those who read the files; they would be a fifth of what every visitor loads.
    private static string Bare(string text) => Comment().Replace(text, "");

    private static string Words() => JsonSerializer.Serialize(
        Language.All.ToDictionary(language => language.Tag, language => new[] { EmbedTexts.All.In(language).NotLoaded, CardTexts.All.In(language).NotSent, CardTexts.All.In(language).TryAgain }),
        EmbedTextsJson.Default.DictionaryStringStringArray);

    // The embed is one script, so that a page needs one line: what the card's page imports is a part of it.
    private static string Scale() => Bare(ReadText("wwwroot/scale.js")).Replace("export ", "", StringComparison.Ordinal);

    private static string ReadText(string resource)
    {
        using var reader = new StreamReader(typeof(EmbedFiles).Assembly.GetManifestResourceStream(resource)!);
        return reader.ReadToEnd();
    }

    // Comments of lines of their own, comments between asterisks, and blanks at the beginning of a line.
    [GeneratedRegex(@"^\s*//[^\n]*\n|^\s*/\*.*?\*/\s*?\n|^\s+", RegexOptions.Multiline | RegexOptions.Singleline, matchTimeoutMilliseconds: 5000)]
    private static partial Regex Comment();

    [GeneratedRegex(@"(?<=@container \(min-)width: (?<number>\d+)rem", RegexOptions.None, matchTimeoutMilliseconds: 5000)]
    private static partial Regex MeasuredRem();

    [GeneratedRegex(@"(?<number>\d*\.?\d+)rem\b", RegexOptions.None, matchTimeoutMilliseconds: 5000)]
    private static partial Regex Rem();
}
