using System.Buffers;
using Afterword.Client.OAuth;
using Afterword.Server.Errors;
using Afterword.Server.Hosting;
using Afterword.Server.OAuth;
using Afterword.Server.Parsing;
using Microsoft.Net.Http.Headers;

namespace Afterword.Server.Operators;

/// <summary>Reads what comes with an operator's call: in the query, as a form or as a JSON object.</summary>
internal static class OperatorParameters
{
    /// <summary>Gives the reader of the parameters, or null after the call was refused.</summary>
    public static async Task<ParameterReader?> ReadParametersAsync(this HttpContext http)
    {
        var values = new ParameterList();
        values.AddQuery(http.Request.QueryString.Value);
        var error = await AddBodyAsync(http.Request, values, http.RequestAborted);
        if (error is null) return new(new RequestParameters(values));

        await http.RefuseAsync(error);
        return null;
    }

    private static async Task<ApiError?> AddBodyAsync(HttpRequest request, ParameterList values, CancellationToken stop)
    {
        const int mostBody = SignatureMiddleware.MaxBody;
        var read = await request.BodyReader.ReadAtLeastAsync(mostBody + 1, stop);
        var body = read.Buffer.Slice(0, Math.Min(read.Buffer.Length, mostBody + 1)).ToArray();
        request.BodyReader.AdvanceTo(read.Buffer.End);
        if (body.Length > mostBody) return ApiError.BodyTooLarge;
        if (body.Length == 0) return null;

        if (!MediaTypeHeaderValue.TryParse(request.ContentType, out var type)) return ApiError.WrongContentType;

        var isUtf8 = Charsets.IsUtf8(type);
        if (isUtf8 && type.MediaType.Equals("application/json", StringComparison.OrdinalIgnoreCase)) return new RequestParameters(values).TryAddJson(body) ? null : JsonMistake.In(body);
        if (!type.MediaType.Equals("application/x-www-form-urlencoded", StringComparison.OrdinalIgnoreCase)) return ApiError.WrongContentType;

        values.AddForm(body);
        return isUtf8 || Charsets.IsAscii(values) ? null : ApiError.WrongContentType;
    }
}
