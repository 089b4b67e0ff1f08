using System.Diagnostics.Metrics;
using Afterword.Server.Storage;

namespace Afterword.Server.Tests.Fixtures;

/// <summary>Looks where operators look: one line of the log, one metric, one line of the page Health.</summary>
internal static class ShownProblems
{
    extension(TestServer server)
    {
        /// <summary>Sees that a cause is told in all three places, once each.</summary>
        /// <param name="operator">Who opens the page, signed in before.</param>
        /// <param name="cause">The cause.</param>
        public async Task ShowsAsync(TestBrowser @operator, ProblemCause cause)
        {
            var page = (await @operator.GetAsync("/console/admin/health")).Is(200).Html;
            Assert.Contains($"UTC: <strong>{cause.Title}</strong>", page, StringComparison.Ordinal);
            Assert.Contains($"<code>{cause.Name}</code>", page, StringComparison.Ordinal);
            Assert.DoesNotContain("The store is read and written.", page, StringComparison.Ordinal);
            Assert.Equal(1, server.Measure()[cause.Name]);
            Assert.Single(server.Lines($"Trouble {cause.Name}: {cause.Title}"));
        }

        /// <summary>The gauge of every cause.</summary>
        public Dictionary<string, int> Measure()
        {
            var found = new Dictionary<string, int>();
            using var listener = new MeterListener
            {
                InstrumentPublished = (instrument, listener) =>
                {
                    if (instrument.Meter == server.Server.Store.Problems.Meter) listener.EnableMeasurementEvents(instrument);
                },
            };
            listener.SetMeasurementEventCallback<int>((_, value, tags, _) => found.Add((string)tags[0].Value!, value));
            listener.Start();
            listener.RecordObservableInstruments();
            return found;
        }

        public string[] Lines(string beginning)
        {
            lock (server.Log) return [.. server.Log.Where(line => line.StartsWith(beginning, StringComparison.Ordinal))];
        }
    }
}
