using Microsoft.Playwright;

namespace Afterword.EndToEnd.Tests.Abuse;

/// <summary>Catches what a page must not do: run what it was only to show, ask a foreign host, or try to against its policy.</summary>
internal sealed class Trap
{
    private const string Script =
        """
        (() => {
          const tell = what => window.__caught(String(what));
          for (const name of ['alert', 'confirm', 'prompt', 'print', 'open']) window[name] = (...all) => { tell('ran ' + name + ' ' + all.join(' ')); };
          window.__xss = what => tell('ran ' + what);
          const title = Object.getOwnPropertyDescriptor(Document.prototype, 'title');
          Object.defineProperty(document, 'title', { get() { return title.get.call(this); }, set(text) { if (text === 'taken') tell('ran title'); title.set.call(this, text); } });
          addEventListener('securitypolicyviolation', event => tell('policy ' + event.violatedDirective + ' ' + event.blockedURI + ' ' + event.sample), true);
        })();
        """;

    private readonly List<string> _caught = [];

    private Trap()
    {
    }

    /// <param name="visitor">Whose pages are watched.</param>
    /// <param name="own">The sites that may be asked.</param>
    public static async Task<Trap> SetAsync(IBrowserContext visitor, params string[] own)
    {
        var trap = new Trap();
        var hosts = own.Select(one => new Uri(one).Authority).ToHashSet();
        await visitor.ExposeFunctionAsync("__caught", (string what) => trap.Catch(what));
        await visitor.AddInitScriptAsync(Script);
        visitor.Dialog += (_, dialog) =>
        {
            trap.Catch($"ran dialog {dialog.Message}");
            _ = dialog.DismissAsync();
        };
        visitor.WebError += (_, error) => trap.Catch($"error {error.Error}");
        visitor.Console += (_, message) =>
        {
            // That a page has the status 400 is no trouble of the page.
            if (message.Type == "error" && !message.Text.StartsWith("Failed to load resource: the server responded", StringComparison.Ordinal)) trap.Catch($"console {message.Text}");
        };
        visitor.Request += (_, request) =>
        {
            var url = new Uri(request.Url);
            if (url.Scheme is not ("data" or "blob" or "about") && !hosts.Contains(url.Authority)) trap.Catch($"request {request.Url}");
        };
        return trap;
    }

    /// <summary>What was caught until now.</summary>
    public async Task<string[]> CaughtAsync(IPage page)
    {
        // What was begun comes to its end first: handlers of errors, and reports of the policy.
        await page.EvaluateAsync("() => new Promise(done => requestAnimationFrame(() => setTimeout(done, 0)))");
        lock (_caught) return [.. _caught];
    }

    /// <summary>Nothing was caught.</summary>
    public async Task IsEmptyAsync(IPage page, string text)
    {
        var caught = await CaughtAsync(page);
        Assert.True(caught.Length == 0, $"{page.Url} with {text}: {string.Join("; ", caught)}");
    }

    public void Forget()
    {
        lock (_caught) _caught.Clear();
    }

    private void Catch(string what)
    {
        lock (_caught) _caught.Add(what);
    }
}
