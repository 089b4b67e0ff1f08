using Afterword.Server.Access.Grants;
using Afterword.Server.Access.Operators;
using Afterword.Server.People;

namespace Afterword.Server.Access;

internal static class AccessServices
{
    public static void AddAccess(this IServiceCollection services)
    {
        services.AddSingleton<Credentials>();
        services.AddSingleton<Admissions>();
        services.AddSingleton<Apps>();
        services.AddSingleton<Allowlists>();
        services.AddSingleton<Accounts>();
        services.AddSingleton<RequestTokens>();
        services.AddSingleton<SignatureCheck>();
        services.AddSingleton<OperatorKeys>();
    }
}
