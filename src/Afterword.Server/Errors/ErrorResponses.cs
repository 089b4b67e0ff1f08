using System.Diagnostics;
using System.Text;
using Afterword.Client.Wire;
using Afterword.Server.Hosting;
using Afterword.Server.Hosting.Pages;
using Afterword.Server.Languages;
using Afterword.Server.Storage;

namespace Afterword.Server.Errors;

/// <summary>Gives every refusal and every failure below <c>/1.1</c>, <c>/oauth</c> and <c>/operator</c> the documented shape.</summary>
internal static partial class ErrorResponses
{
    // Clients for Twitter ask for its other versions too, and read JSON alone: they are told that there is no such page.
    private static readonly string[] s_apis = ["/1.1", "/oauth", "/oauth2", "/2", "/operator"];

    extension(HttpContext http)
    {
        public Task RefuseAsync(ApiError error)
        {
            // RFC 9110, section 10.2.3: when to come again. Long enough for a full queue to drain.
            if (error.Status == 503) http.Response.Headers.RetryAfter = "1";
            RefusalCounter.Of(http)?.Count(error);

            if (IsApi(http)) return http.AnswerAsync(error.Status, new ErrorsJson([new(error.Code, error.Message)]), WireJson.Default.ErrorsJson);
            if (http.GetEndpoint()?.Metadata.GetMetadata<HtmlPage>() is null)
            {
                return http.AnswerAsync(error.Status, "text/plain; charset=utf-8", Encoding.UTF8.GetBytes(error.Status >= 500 ? $"{error.Message} Please try again in a moment.\n" : $"{error.Message}\n"));
            }

            return http.ShowFailureAsync(error);
        }

        private Task ShowFailureAsync(ApiError error)
        {
            var words = NoticeTexts.All.In(http.LanguageFor(own: null));
            return http.ShowPageAsync<NoticePage>(error.Status, words, NoticePage.Failure(error, words));
        }

        public Task RefuseAsync(ApiErrors errors)
        {
            foreach (var error in errors.All) RefusalCounter.Of(http)?.Count(error);
            return http.AnswerAsync(errors.Status, new ErrorsJson([.. errors.All.Select(error => new ErrorJson(error.Code, error.Message))]), WireJson.Default.ErrorsJson);
        }
    }

    /// <summary>Catches what nobody could answer, and fills in the body where the framework set only a status.</summary>
    public static void UseErrorAnswers(this IApplicationBuilder app)
    {
        var log = app.ApplicationServices.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(ErrorResponses).FullName!);
        var store = app.ApplicationServices.GetRequiredService<Store>();

        app.Use(async (http, next) =>
        {
            try
            {
                await next(http);
                if (http.Response is { HasStarted: false, StatusCode: >= 400, ContentLength: null, ContentType: null }) await CompleteAsync(http);
            }
            catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested)
            {
                // Nobody is left to read an answer.
            }
            catch (BadHttpRequestException error) when (!http.Response.HasStarted)
            {
                await http.RefuseAsync(ApiError.For(error.StatusCode));
            }
#pragma warning disable CA1031 // the last stop before the socket
            catch (Exception error) when (!http.Response.HasStarted)
#pragma warning restore CA1031
            {
                // What the page's headers promise to browsers holds for its failures too.
                http.Response.ContentLength = null;
                if (store.Faults.Tell(error))
                {
                    await http.RefuseAsync(error is OverloadedException ? ApiError.Overloaded : ApiError.StoreUnavailable);
                    return;
                }

                var trace = TraceOf(http);
                http.Response.Headers["x-transaction-id"] = trace;
                Failed(log, error, trace, http.Request.Method, http.GetEndpoint()?.DisplayName ?? "no endpoint");
                await http.RefuseAsync(ApiError.Internal);
            }
        });
    }

    private static async Task CompleteAsync(HttpContext http)
    {
        if (IsApi(http))
        {
            // There, a wrong method is a page that does not exist; the header Allow, which stays, says what does.
            await http.RefuseAsync(ApiError.For(http.Response.StatusCode));
        }
        else if (http.Response.StatusCode == 404 && (HttpMethods.IsGet(http.Request.Method) || HttpMethods.IsHead(http.Request.Method)) && http.Request.Headers.Accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase))
        {
            await http.ShowFailureAsync(ApiError.NotFound);
        }
    }

    // The caller's, so that its logs and ours meet (https://www.w3.org/TR/trace-context/#traceparent-header).
    private static string TraceOf(HttpContext http)
    {
        if (Activity.Current is { } current) return current.TraceId.ToString();

        return ActivityContext.TryParse(http.Request.Headers.TraceParent, null, out var callers) ? callers.TraceId.ToString() : ActivityTraceId.CreateRandom().ToString();
    }

    private static bool IsApi(HttpContext http) => http.GetEndpoint()?.Metadata.GetMetadata<HtmlPage>() is null && IsApiPath(http.Request.Path);

    /// <summary>Whether a path belongs to programs, in any letter case, as routes are matched. Programs that put a slash too many before it want to read JSON too.</summary>
    public static bool IsApiPath(PathString path)
    {
        var single = path.Value?.StartsWith("//", StringComparison.Ordinal) == true ? new PathString($"/{path.Value.TrimStart('/')}") : path;
        return Array.Exists(s_apis, api => single.StartsWithSegments(api, StringComparison.OrdinalIgnoreCase));
    }

    [LoggerMessage(EventId = 1001, Level = LogLevel.Error, Message = "Request {Trace} failed: {Method} {Endpoint}.")]
    private static partial void Failed(ILogger log, Exception error, string trace, string method, string endpoint);
}
