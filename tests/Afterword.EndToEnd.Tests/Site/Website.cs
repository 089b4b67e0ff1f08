using Afterword.Server;
using Afterword.Server.Configuration;
using Afterword.Support;
using Microsoft.Extensions.Configuration;

namespace Afterword.EndToEnd.Tests.Site;

/// <summary>A server on an empty store, for pages that need no more.</summary>
public sealed class Website : IAsyncLifetime
{
    private TestFolder _folder = null!;
    private AfterwordServer? _server;

    /// <summary>Where it listens.</summary>
    public Uri Url => new(_server!.Urls.First());

    public async ValueTask InitializeAsync()
    {
        _folder = await MigratedStores.FolderAsync("site");
        var (settings, errors) = SettingsReader.Read(new ConfigurationBuilder().AddInMemoryCollection([new("Data", _folder.Path)]).Build());
        Assert.Empty(errors);
        _server = await AfterwordServer.CreateAsync(settings!, "http://127.0.0.1:0", TimeProvider.System, null, default);
        await _server.StartAsync(default);
    }

    public async ValueTask DisposeAsync()
    {
        // A start that failed is told by its own error, not by what is missing here.
        if (_server is not null) await _server.DisposeAsync();
        _folder.Dispose();
    }
}
