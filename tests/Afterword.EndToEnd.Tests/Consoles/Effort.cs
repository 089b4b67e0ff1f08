using System.Globalization;
using Microsoft.Playwright;

namespace Afterword.EndToEnd.Tests.Consoles;

/// <summary>What a person does and reads on a way through pages, and how long that takes them by the keystroke-level model (Card, Moran and Newell, 1980). How fast this machine is has no part in it.</summary>
internal sealed class Effort
{
    // An average typist; pointing and pressing; a thought before each step; reading; and a phone that scans a code. Of what was not there before, people read
    // a fifth to a quarter (Nielsen, 2008); here it is half.
    private const double KeySeconds = 0.28;
    private const double PressSeconds = 1.3;
    private const double ThoughtSeconds = 1.35;
    private const double WordsPerSecond = 4;
    private const double ReadShare = 0.5;
    private const double PhoneSeconds = 15;

    private readonly HashSet<string> _seen = new(StringComparer.Ordinal);
    private int _keys;
    private int _fields;
    private int _words;
    private int _phones;

    /// <summary>How often something was pressed that leads on.</summary>
    public int Steps { get; private set; }

    public TimeSpan Takes => TimeSpan.FromSeconds((_keys * KeySeconds) + ((_fields + Steps) * PressSeconds) + (Steps * ThoughtSeconds) + (_words * ReadShare / WordsPerSecond) + (_phones * PhoneSeconds));

    public async Task TypeAsync(ILocator field, string text)
    {
        await field.FillAsync(text);
        (_fields, _keys) = (_fields + 1, _keys + text.Length);
    }

    /// <summary>The same with what an app on a phone shows after it has scanned a code.</summary>
    public Task CopyFromPhoneAsync(ILocator field, string code)
    {
        _phones++;
        return TypeAsync(field, code);
    }

    public async Task PressAsync(ILocator button)
    {
        await button.ClickAsync();
        Steps++;
    }

    /// <summary>Reads a page; lines that stood on an earlier one are known.</summary>
    public void Read(string text)
    {
        foreach (var line in text.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (_seen.Add(line)) _words += line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Length;
        }
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Steps} steps, {_fields} fields, {_keys} keys, {_words} words: {Takes.TotalSeconds:0} s of a person");
}
