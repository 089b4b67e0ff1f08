using System.IO.Compression;
using Afterword.EndToEnd.Tests.Servers;
using Afterword.Support;

namespace Afterword.EndToEnd.Tests.Packages;

/// <summary>The client as others get it: packages in a folder, which a new project restores.</summary>
[Collection(nameof(Packaging)), LongForm]
public sealed class ClientPackageTests
{
    private const string Sources =
        """
        <configuration>
          <packageSources><clear /><add key="folder" value="feed" /></packageSources>
          <config><add key="globalPackagesFolder" value="restored" /></config>
        </configuration>
        """;

    private const string Project =
        """
        <Project Sdk="Microsoft.NET.Sdk">
          <PropertyGroup>
            <OutputType>Exe</OutputType>
            <TargetFramework>net10.0</TargetFramework>
            <ImplicitUsings>enable</ImplicitUsings>
            <Nullable>enable</Nullable>
            <TreatWarningsAsErrors>true</TreatWarningsAsErrors>
          </PropertyGroup>
          <ItemGroup><PackageReference Include="Afterword.Client.AspNetCore" Version="*-*" /></ItemGroup>
        </Project>
        """;

    private const string Program =
        """
        using Afterword.Client;
        using Afterword.Client.AspNetCore;
        using Afterword.Client.OAuth;
        using Microsoft.Extensions.DependencyInjection;

        // What the readme has, with an app's services around it.
        using var client = new FeedbackClient(new(new(args[0]), new OAuthCredentials(args[1], args[2], args[3], args[4])));
        var services = new ServiceCollection().AddSingleton(client).BuildServiceProvider();
        var asked = await services.GetRequiredService<FeedbackClient>().CreateAsync(new()
        {
            Type = FeedbackType.Csat, ToUserId = args[5], Message = "Thank you for writing to us. How did we do?",
            PrivacyUrl = new("https://furni.example/privacy"), ExternalId = "ticket-5555", IdempotencyKey = "ticket-5555",
        });
        Console.WriteLine($"{(await client.ShowAsync(asked.Id)).ExternalId} {typeof(FeedbackServices).Namespace}");
        """;

    [Fact]
    public async Task A_new_project_restores_them_from_a_folder_and_makes_a_call()
    {
        using var folder = TestFolder.Create("client-packages");
        var feed = Path.Combine(folder.Path, "feed");
        (await BuiltProgram.RunAsync(Path.Combine(BuiltProgram.Repository, "eng", "pack"), BuiltProgram.Repository, feed)).Is(0);
        foreach (var name in (string[])["Afterword.Client", "Afterword.Client.AspNetCore"]) CheckContents(feed, name);

        await File.WriteAllTextAsync(Path.Combine(folder.Path, "nuget.config"), Sources, TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(Path.Combine(folder.Path, "desk.csproj"), Project, TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(Path.Combine(folder.Path, "Program.cs"), Program, TestContext.Current.CancellationToken);
        (await BuiltProgram.RunAsync("dotnet", folder.Path, "build", "--output", "built", "-p:UseSharedCompilation=false", "-nodeReuse:false")).Is(0);

        var store = await SqliteStore.NewAsync();
        var data = await SampleData.SetUpAsync(store, senders: 1, members: 1, customers: 1);
        await using var server = await ServerProcess.StartAsync(store);
        var keys = data.Senders[0].Credentials;
        var called = (await BuiltProgram.RunAsync(
            "dotnet", folder.Path, Path.Combine("built", "desk.dll"), $"{server.Url}", keys.ConsumerKey, keys.ConsumerSecret, keys.Token!, keys.TokenSecret!, $"{data.Users[0].Id}")).Is(0);
        Assert.Equal("ticket-5555 Afterword.Client.AspNetCore", called.Output.Trim());
    }

    /// <summary>What belongs into a package that is kept well.</summary>
    private static void CheckContents(string feed, string name)
    {
        using var package = ZipFile.OpenRead(Assert.Single(Directory.GetFiles(feed, $"{name}.*.nupkg"), file => char.IsAsciiDigit(Path.GetFileName(file)[name.Length + 1])));
        var files = package.Entries.Select(entry => entry.FullName).ToArray();
        Assert.Superset(
            new HashSet<string>([$"lib/net10.0/{name}.dll", $"lib/net10.0/{name}.xml", $"lib/net8.0/{name}.dll", $"lib/net8.0/{name}.xml", "readme.md", "icon.png"]), files.ToHashSet());
        using var symbols = ZipFile.OpenRead(Assert.Single(Directory.GetFiles(feed, $"{name}.*.snupkg"), file => char.IsAsciiDigit(Path.GetFileName(file)[name.Length + 1])));
        Assert.Contains($"lib/net10.0/{name}.pdb", symbols.Entries.Select(entry => entry.FullName));
    }
}
