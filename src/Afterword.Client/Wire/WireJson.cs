using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace Afterword.Client.Wire;

/// <summary>Reads and writes the wire types: snake_case, absent instead of null, escaped for JSON rather than for HTML.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    RespectNullableAnnotations = true)]
[JsonSerializable(typeof(FeedbackJson))]
[JsonSerializable(typeof(FeedbackEventJson))]
[JsonSerializable(typeof(EventsPageJson))]
[JsonSerializable(typeof(MetricsJson))]
[JsonSerializable(typeof(PollPageJson))]
[JsonSerializable(typeof(ErrorsJson))]
[JsonSerializable(typeof(ConversationJson))]
[JsonSerializable(typeof(ConversationPageJson))]
[JsonSerializable(typeof(CanPromptJson))]
[JsonSerializable(typeof(RulesJson))]
[JsonSerializable(typeof(SimulationJson))]
public sealed partial class WireJson : JsonSerializerContext
{
    // The default encoder is made for JSON inside HTML and writes "+0000" as "\u002B0000". The generated instance is
    // replaced rather than joined by a second one, so that there is no wrong one to pick. A static constructor runs
    // after the generated initialiser; an initialiser here would not be sure to.
    static WireJson() => Default = new WireJson(new JsonSerializerOptions(Default.Options) { Encoder = WriterOptions.Encoder });

    /// <summary>For a writer that is used with <see cref="Write"/> or kept for many answers.</summary>
    public static JsonWriterOptions WriterOptions { get; } =
        new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    /// <summary>Writes a value by the generated code, the fast way; the bytes are those of <see cref="JsonSerializer"/>.</summary>
    /// <param name="destination">Receives UTF-8.</param>
    /// <param name="value">Not <see langword="null"/>.</param>
    /// <param name="type">A property of <see cref="Default"/>.</param>
    public static void Write<T>(IBufferWriter<byte> destination, T value, JsonTypeInfo<T> type)
    {
        ArgumentNullException.ThrowIfNull(type);
        using var writer = new Utf8JsonWriter(destination, WriterOptions);

        // The serializer itself leaves the generated code aside as soon as its options name an encoder.
        if (type.SerializeHandler is { } write) write(writer, value);
        else JsonSerializer.Serialize(writer, value, type);
    }
}
