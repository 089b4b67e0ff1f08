using System.Diagnostics;
using Afterword.Support;

namespace Afterword.EndToEnd.Tests.Site;

/// <summary>The OpenAPI document in the eyes of a validator that is none of ours.</summary>
public sealed class OpenApiTests(Website site) : IClassFixture<Website>
{
    [Fact]
    public async Task The_document_is_valid_openapi_with_examples_that_fit_their_schemas()
    {
        Assert.Equal("", await ProblemsAsync(await DocumentAsync()));
    }

    [Theory]
    [InlineData("\"in\": \"path\"", "\"in\": \"nowhere\"")]
    [InlineData("#/components/schemas/Feedback\"", "#/components/schemas/Nothing\"")]
    [InlineData("\"type\": \"csat\"", "\"type\": \"none\"")]
    public async Task A_broken_document_is_noticed(string part, string broken)
    {
        var document = await DocumentAsync();
        Assert.Contains(part, document, StringComparison.Ordinal);
        Assert.NotEqual("", await ProblemsAsync(document.Replace(part, broken, StringComparison.Ordinal)));
    }

    private async Task<string> DocumentAsync()
    {
        using var http = new HttpClient();
        return await http.GetStringAsync(new Uri(site.Url, "/openapi/v1.json"));
    }

    private static async Task<string> ProblemsAsync(string document)
    {
        using var folder = TestFolder.Create("openapi");
        var file = Path.Combine(folder.Path, "openapi.json");
        await File.WriteAllTextAsync(file, document);

        using var node = Process.Start(new ProcessStartInfo("node", [Path.Combine(Validator, "validate.mjs"), file]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var (said, failed) = (node.StandardOutput.ReadToEndAsync(), node.StandardError.ReadToEndAsync());
        await node.WaitForExitAsync();

        // It has words for every problem; an end without any is its own, such as packages that are not installed.
        Assert.Equal("", await failed);
        Assert.Equal(node.ExitCode != 0, (await said).Length > 0);
        return await said;
    }

    /// <summary>The folder <c>tests/openapi</c>, whose packages <c>./test</c> installs.</summary>
    private static string Validator
    {
        get
        {
            var folder = new DirectoryInfo(AppContext.BaseDirectory);
            while (!File.Exists(Path.Combine(folder.FullName, "Afterword.slnx"))) folder = folder.Parent ?? throw new InvalidOperationException("The tests run outside of the repository.");
            return Path.Combine(folder.FullName, "tests", "openapi");
        }
    }
}
