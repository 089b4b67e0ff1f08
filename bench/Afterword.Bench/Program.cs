using System.Globalization;
using Afterword.Bench;
using Afterword.Bench.Bare;
using Afterword.Bench.Fixtures;
using Afterword.Bench.Load;

[assembly: System.Runtime.Versioning.SupportedOSPlatform("linux")]

// The first five are the processes that a run starts; they are not meant to be called by hand.
switch (args)
{
    case ["bare", var url, var answers]:
        await BareEndpoint.RunAsync(url, answers);
        return 0;
    case ["empty", var url]:
        await EmptyApp.RunAsync(url);
        return 0;
    case ["receive", var url]:
        await ReceivingEnd.RunAsync(url);
        return 0;
    case ["post", var url, var count, var concurrency, var body]:
        await PostLoop.RunAsync(
            new Uri(url), int.Parse(count, CultureInfo.InvariantCulture), int.Parse(concurrency, CultureInfo.InvariantCulture), await File.ReadAllBytesAsync(body));
        return 0;
    case ["send", var requests, var server, var connections, var seconds, var mode]:
        BenchEnvironment.Send(requests, server, connections, seconds, again: mode == "again");
        return 0;
    default:
        return await Run.RunAsync(args);
}
