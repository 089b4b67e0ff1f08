using Afterword.EndToEnd.Tests.Commands;
using Afterword.EndToEnd.Tests.Servers;

namespace Afterword.EndToEnd.Tests.Packages;

/// <summary>What <c>docs/install.md</c> says leads to the first answer.</summary>
public sealed class InstallPageTests
{
    [Fact]
    public async Task The_commands_of_the_page_lead_to_the_first_answer()
    {
        var store = await SqliteStore.NewAsync();
        await using var server = await ServerProcess.StartAsync(store);

        await FirstAnswer.GiveAsync(arguments => Command.RunAsync([.. arguments, "--data", store.Place.Value]), server.Url);
    }
}
