using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Afterword.Server.Cli;

/// <summary>What a command says on stdout: one JSON document when asked for, lines for a person otherwise.</summary>
internal static class Output
{
    extension(ParseResult parsed)
    {
        public bool WantsJson => parsed.GetValue(StoreOptions.Json);

        /// <param name="value">What <c>--json</c> writes.</param>
        /// <param name="type">A property of <see cref="CommandJson.Default"/>.</param>
        /// <param name="lines">What a person reads instead.</param>
        public void Say<T>(T value, JsonTypeInfo<T> type, params IEnumerable<string> lines)
        {
            if (parsed.WantsJson)
            {
                Console.Out.WriteLine(JsonSerializer.Serialize(value, type));
                return;
            }

            foreach (var line in lines) Console.Out.WriteLine(line);
        }
    }
}
