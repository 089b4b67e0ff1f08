using System.Threading.Channels;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Extensions;
using Microsoft.Extensions.Logging;

namespace Afterword.EndToEnd.Tests.Interop;

/// <summary>The app's own address, to which users are led back.</summary>
internal sealed class CallbackReceiver : IAsyncDisposable
{
    private readonly Channel<string> _led = Channel.CreateUnbounded<string>();
    private readonly WebApplication _app;

    private CallbackReceiver()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        _app = builder.Build();
        _app.Urls.Add("http://127.0.0.1:0");
        _app.MapGet("/signed-in", (HttpRequest request) =>
        {
            _led.Writer.TryWrite(request.GetEncodedUrl());
            return "You are signed in.";
        });
    }

    /// <summary>What is registered for the app; it has a query of its own.</summary>
    public string Callback => $"{_app.Urls.First()}/signed-in?from=a%20b&x=1";

    public static async Task<CallbackReceiver> StartAsync()
    {
        var receiver = new CallbackReceiver();
        await receiver._app.StartAsync();
        return receiver;
    }

    /// <summary>The next address that a user was led to.</summary>
    public ValueTask<string> LedAsync() => _led.Reader.ReadAsync();

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
