using Afterword.Server.Allowlists;
using Afterword.Server.OAuth;
using Afterword.Server.OAuth.Grants;
using Afterword.Server.Operators;
using Afterword.Server.Users;

namespace Afterword.Server;

internal static class CallerServices
{
    public static void AddCallers(this IServiceCollection services)
    {
        services.AddSingleton<CredentialStore>();
        services.AddSingleton<NonceStore>();
        services.AddSingleton<Apps>();
        services.AddSingleton<Allowlist>();
        services.AddSingleton<UserAccounts>();
        services.AddSingleton<RequestTokens>();
        services.AddSingleton<SignatureCheck>();
        services.AddSingleton<OperatorKeys>();
    }
}
