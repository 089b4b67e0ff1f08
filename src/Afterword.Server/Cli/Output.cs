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

        /// <summary>Tells on stderr how far the command is.</summary>
        public ProgressLine Progress() => new(TimeProvider.System, parsed.InvocationConfiguration.Error);

        /// <param name="value">What <c>--json</c> writes.</param>
        /// <param name="type">A property of <see cref="CommandJson.Default"/>.</param>
        /// <param name="lines">What a person reads instead.</param>
        public void Say<T>(T value, JsonTypeInfo<T> type, params IEnumerable<string> lines)
        {
            var output = parsed.InvocationConfiguration.Output;
            if (parsed.WantsJson)
            {
                output.WriteLine(JsonSerializer.Serialize(value, type));
                return;
            }

            foreach (var line in lines) output.WriteLine(line);
        }
    }
}
