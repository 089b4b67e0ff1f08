using Afterword.Client.OAuth;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Afterword.Client.AspNetCore;

/// <summary>Gives an app's services the client.</summary>
public static class FeedbackServices
{
    /// <summary>Adds a <see cref="FeedbackClient"/>, and the <see cref="FeedbackClientOptions"/> that it was made with, both for the whole app.</summary>
    /// <param name="services">The app's services. A <see cref="TimeProvider"/> among them is the client's clock.</param>
    /// <param name="settings">A section with <c>Server</c>, <c>Key</c>, <c>Secret</c>, <c>Token</c> and <c>TokenSecret</c>.</param>
    /// <exception cref="InvalidOperationException">Some of them are missing, or the address is none; all are named at once.</exception>
    public static IServiceCollection AddFeedbackClient(this IServiceCollection services, IConfigurationSection settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        var wrong = new List<string>();
        var server = Uri.TryCreate(settings["Server"], UriKind.Absolute, out var address) && address.Scheme is "http" or "https"
            ? address
            : null;
        if (server is null) wrong.Add($"{settings.Path}:Server, an http or https address");
        var credentials = new OAuthCredentials(Text("Key"), Text("Secret"), Text("Token"), Text("TokenSecret"));
        if (wrong.Count > 0) throw new InvalidOperationException($"The feedback client needs {string.Join("; ", wrong)}.");

        return services.AddFeedbackClient(provider => new(server!, credentials) { Clock = provider.GetService<TimeProvider>() ?? TimeProvider.System });

        string Text(string name)
        {
            if (settings[name] is { Length: > 0 } text) return text;

            wrong.Add($"{settings.Path}:{name}");
            return "";
        }
    }

    /// <summary>The same with options that are made when the client is first wanted.</summary>
    public static IServiceCollection AddFeedbackClient(this IServiceCollection services, Func<IServiceProvider, FeedbackClientOptions> options)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(options);
        services.TryAddSingleton(options);
        services.TryAddSingleton(provider => new FeedbackClient(provider.GetRequiredService<FeedbackClientOptions>()));
        return services;
    }
}
