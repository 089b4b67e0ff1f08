namespace Afterword.EndToEnd.Tests.Site;

/// <summary>Clients that other projects' generators make of the OpenAPI document: they compile, sign by what their users have, and are understood.</summary>
public sealed class GeneratedClientTests(GeneratedClients clients) : IClassFixture<GeneratedClients>
{
    [Theory]
    [InlineData("NSwagCalls")]
    [InlineData("KiotaCalls")]
    public async Task A_client_in_CSharp_works(string calls) => Found(await clients.RunCSharpAsync(calls));

    [Fact]
    public async Task A_client_in_TypeScript_works() => Found(await clients.RunTypeScriptAsync());

    /// <summary>An id beyond 32 bits, a member that is null, what was asked, a list, and a refusal in the client's own type.</summary>
    private void Found(IReadOnlyList<string> lines) => Assert.Equal([$"{clients.Sender}", "", "nps", "3", $"{clients.Sender} {clients.Customer}", "0 0", "404 50"], lines);
}
