using System.Buffers;
using System.Text.Json.Serialization.Metadata;
using Afterword.Client.Wire;
using Afterword.Server.Hosting.Transport;

namespace Afterword.Server.Hosting;

/// <summary>Writes JSON answers whole, with their length, so that a connection can be kept and no chunk is framed.</summary>
internal static class JsonResponses
{
    private const string Json = "application/json; charset=utf-8";

    extension(HttpContext http)
    {
        public Task AnswerAsync<T>(int status, T value, JsonTypeInfo<T> type)
        {
            var buffer = Buffers.Rent();
            WireJson.Write(buffer, value, type);
            return http.AnswerAsync(status, Json, buffer);
        }

        /// <summary>Sends what a rented buffer holds, and gives it back.</summary>
        public Task AnswerAsync(int status, string contentType, ArrayBufferWriter<byte> rented)
        {
            // The body is copied before the first wait, so the buffer is free at once.
            var sent = http.AnswerAsync(status, contentType, rented.WrittenSpan);
            Buffers.Return(rented);
            return sent;
        }

        /// <summary>Answers 200 with JSON that is written already.</summary>
        public Task AnswerJsonAsync(ReadOnlySpan<byte> json) => http.AnswerAsync(200, Json, json);

        public Task AnswerAsync(int status, string contentType, ReadOnlySpan<byte> body)
        {
            http.Response.StatusCode = status;
            http.Response.ContentType = contentType;
            http.Response.ContentLength = body.Length;
            if (HttpMethods.IsHead(http.Request.Method)) return Task.CompletedTask;

            http.Response.BodyWriter.Write(body);
            return http.Response.BodyWriter.FlushAsync().GetAsTask();
        }
    }

    private static Task GetAsTask(this ValueTask<System.IO.Pipelines.FlushResult> flush) => flush.IsCompletedSuccessfully ? Task.CompletedTask : flush.AsTask();
}
