using System.Diagnostics;
using Afterword.Support;

namespace Afterword.EndToEnd.Tests.Site;

/// <summary>The OpenAPI document in the eyes of a validator that is none of ours.</summary>
public sealed class OpenApiTests(Website site) : IClassFixture<Website>
{
    private const string Api = "/openapi/v1.json";

    [Theory]
    [InlineData(Api)]
    [InlineData("/openapi/pages.json")]
    public async Task The_document_is_valid_openapi_with_examples_that_fit_their_schemas(string document)
    {
        Assert.Equal("", await ProblemsAsync(await DocumentAsync(document), isApi: document == Api));
    }

    [Theory]
    [InlineData("\"in\": \"path\"", "\"in\": \"nowhere\"")]
    [InlineData("#/components/schemas/Feedback\"", "#/components/schemas/Nothing\"")]
    [InlineData("\"type\": \"csat\"", "\"type\": \"none\"")]
    [InlineData("\"200\": {", "\"303\": {")]
    public async Task A_broken_document_is_noticed(string part, string broken)
    {
        var document = await DocumentAsync(Api);
        Assert.Contains(part, document, StringComparison.Ordinal);
        Assert.NotEqual("", await ProblemsAsync(document.Replace(part, broken, StringComparison.Ordinal), isApi: true));
    }

    private async Task<string> DocumentAsync(string path)
    {
        using var http = new HttpClient();
        return await http.GetStringAsync(new Uri(site.Url, path));
    }

    private static async Task<string> ProblemsAsync(string document, bool isApi)
    {
        using var folder = TestFolder.Create("openapi");
        var file = Path.Combine(folder.Path, "openapi.json");
        await File.WriteAllTextAsync(file, document);

        using var node = Process.Start(new ProcessStartInfo("node", [Path.Combine(Repository.Root, "tests", "openapi", "validate.mjs"), file, isApi ? "api" : "pages"]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var (said, failed) = (node.StandardOutput.ReadToEndAsync(), node.StandardError.ReadToEndAsync());
        await node.WaitForExitAsync();

        // It has words for every problem; an end without any is its own, such as packages that are not installed.
        Assert.Equal("", await failed);
        Assert.Equal(node.ExitCode != 0, (await said).Length > 0);
        return await said;
    }
}
