using Afterword.Server.Console.Audit;
using Afterword.Server.Console.Members;
using Afterword.Server.Limits;
using Afterword.Server.OAuth;
using Afterword.Server.Parsing;
using Afterword.Server.Reference;

namespace Afterword.Server.Reports.Exports;

/// <summary>A sender takes its feedback along, as a file.</summary>
internal static class ExportEndpoints
{
    public static void MapExport(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/1.1/feedback/export.csv", Export)
            .WithMetadata(new SignatureRequirement(AppAllowed: true, SenderAllowed: true, Limit: LimitedEndpoint.Export)).Describe(ExportReference.Export);

    private static async Task Export(HttpContext http, SignedCall call, ExportFeedback export, AuditLog audit, TimeProvider clock)
    {
        var read = new ParameterReader(call.Parameters);
        var filter = Filter.Parse(read, call.Caller.UserId);
        var request = new ExportRequest(filter, call.Caller.ScreenName, Visibility.Full, read.OptionalId("after") ?? 0, read.OptionalTruth("header") ?? true, read.Truth("bom"));
        if (await http.RefusedAsync(read, call, clock)) return;

        if (!HttpMethods.IsHead(http.Request.Method)) await audit.NoteAsync(call.Caller.UserId, Member.Of(call.Caller.App), AuditAction.Exported, "answers, by the API", http.RequestAborted);
        await http.SendAsync(export, request, clock, tell: null);
    }

    /// <summary>Sends the file piece by piece, as fast as it is taken. What goes wrong on the way breaks the connection, so that nobody takes a part for the whole.</summary>
    public static Task SendAsync(this HttpContext http, ExportFeedback export, ExportRequest request, TimeProvider clock, Func<ExportProgress, Task>? tell)
    {
        var headers = http.Response.Headers;
        headers.ContentType = "text/csv; charset=utf-8";
        headers.ContentDisposition = string.Create(System.Globalization.CultureInfo.InvariantCulture, $"attachment; filename=\"{request.From}-{clock.GetUtcNow():yyyy-MM-dd}.csv\"");
        headers.CacheControl = "no-store";
        return HttpMethods.IsHead(http.Request.Method) ? Task.CompletedTask : export.RunAsync(request, http.Response.Body, tell, http.RequestAborted);
    }
}
