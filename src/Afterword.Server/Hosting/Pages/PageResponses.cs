using System.Text;
using System.Text.Encodings.Web;
using System.Text.Unicode;
using Afterword.Server.Languages;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Web;
using Microsoft.Extensions.Logging.Abstractions;

namespace Afterword.Server.Hosting.Pages;

/// <summary>Answers with pages that are rendered once per request.</summary>
internal static class PageResponses
{
    public const string Html = "text/html; charset=utf-8";

    // UTF-8 pages need no references for letters of any script; everything that HTML gives a meaning is still escaped.
    public static readonly HtmlEncoder Encoder = HtmlEncoder.Create(UnicodeRanges.All);

    private static readonly ServiceProvider s_services = new ServiceCollection().AddSingleton(Encoder).BuildServiceProvider();

    extension(HttpContext http)
    {
        /// <summary>Renders <typeparamref name="TPage"/> and sends it, kept by nobody and framed by nobody.</summary>
        /// <param name="status">The status of the answer.</param>
        /// <param name="parameters">The component's parameters by name.</param>
        public async Task ShowPageAsync<TPage>(int status, Dictionary<string, object?> parameters)
            where TPage : IComponent
        {
            var headers = http.Response.Headers;
            if (headers.CacheControl.Count == 0) headers.CacheControl = "no-store";
            http.SetPageHeaders();
            await http.AnswerAsync(status, Html, await RenderAsync<TPage>(parameters));
        }

        /// <summary>The same for a page in someone's language.</summary>
        /// <param name="status">The status of the answer.</param>
        /// <param name="texts">The component's <c>Words</c>.</param>
        /// <param name="parameters">The component's other parameters by name.</param>
        public Task ShowPageAsync<TPage>(int status, Texts texts, Dictionary<string, object?> parameters)
            where TPage : IComponent
        {
            http.Response.Headers.ContentLanguage = texts.Language;
            parameters["Words"] = texts;
            return http.ShowPageAsync<TPage>(status, parameters);
        }

        /// <summary>Leads on to a page, which the browser gets, whatever the method of this request was.</summary>
        public void SeeOther(string address)
        {
            http.Response.StatusCode = StatusCodes.Status303SeeOther;
            http.Response.Headers.Location = address;
        }

        /// <summary>What every page tells browsers, besides how long it may be kept.</summary>
        public void SetPageHeaders()
        {
            var headers = http.Response.Headers;
            if (headers.ContentSecurityPolicy.Count == 0) headers.ContentSecurityPolicy = SecurityHeaders.PagePolicy;
            headers.XFrameOptions = "DENY";
            headers["Referrer-Policy"] = "no-referrer";
            headers.SetIsolation();
        }
    }

    /// <summary>Renders a page as UTF-8.</summary>
    /// <param name="parameters">The component's parameters by name.</param>
    public static async Task<byte[]> RenderAsync<TPage>(Dictionary<string, object?> parameters)
        where TPage : IComponent => Encoding.UTF8.GetBytes(await MarkupAsync<TPage>(parameters));

    /// <summary>Renders a page as text.</summary>
    /// <param name="parameters">The component's parameters by name.</param>
    public static async Task<string> MarkupAsync<TPage>(Dictionary<string, object?> parameters)
        where TPage : IComponent
    {
        await using var renderer = new HtmlRenderer(s_services, NullLoggerFactory.Instance);
        return await renderer.Dispatcher.InvokeAsync(async () =>
            (await renderer.RenderComponentAsync<TPage>(ParameterView.FromDictionary(parameters))).ToHtmlString());
    }
}
