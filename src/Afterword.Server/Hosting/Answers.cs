using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Afterword.Client.Wire;

namespace Afterword.Server.Hosting;

/// <summary>Writes JSON answers whole, with their length, so that a connection can be kept and no chunk is framed.</summary>
internal static class Answers
{
    [ThreadStatic]
    private static ArrayBufferWriter<byte>? t_buffer;

    [ThreadStatic]
    private static Utf8JsonWriter? t_writer;

    extension(HttpContext http)
    {
        public Task AnswerAsync<T>(int status, T value, JsonTypeInfo<T> type)
        {
            var buffer = t_buffer ??= new ArrayBufferWriter<byte>(4096);
            buffer.ResetWrittenCount();
            var writer = t_writer ??= new Utf8JsonWriter(buffer, WireJson.WriterOptions);
            writer.Reset(buffer);

            // The serializer leaves the generated code aside as soon as its options name an encoder.
            if (type.SerializeHandler is { } write) write(writer, value);
            else JsonSerializer.Serialize(writer, value, type);
            writer.Flush();

            return http.AnswerAsync(status, "application/json; charset=utf-8", buffer.WrittenSpan);
        }

        /// <summary>Answers 200 with JSON that is written already.</summary>
        public Task AnswerJsonAsync(ReadOnlySpan<byte> json) => http.AnswerAsync(200, "application/json; charset=utf-8", json);

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
