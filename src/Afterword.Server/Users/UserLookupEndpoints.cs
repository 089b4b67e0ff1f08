using System.Diagnostics;
using Afterword.Server.Configuration;
using Afterword.Server.Errors;
using Afterword.Server.Hosting;
using Afterword.Server.Limits;
using Afterword.Server.OAuth;
using Afterword.Server.Parsing;
using Afterword.Server.Reference;

namespace Afterword.Server.Users;

/// <summary>Users look each other up.</summary>
internal static class UserLookupEndpoints
{
    public static void AddUsers(this IServiceCollection services)
    {
        services.AddSingleton<UserProfiles>();
        services.AddSingleton<Relationships>();
        services.AddSingleton<Connections>();
        services.AddSingleton<UserPreferences>();
        services.AddSingleton<FollowUser>();
        services.AddSingleton<BlockUser>();
    }

    public static void MapPeople(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/1.1/account/verify_credentials.json", VerifyCredentials).WithMetadata(new SignatureRequirement(Limit: LimitedEndpoint.VerifyCredentials)).Describe(UserLookupReference.VerifyCredentials);
        routes.MapGet("/1.1/users/show.json", Show).WithMetadata(new SignatureRequirement(Limit: LimitedEndpoint.UsersShow)).Describe(UserLookupReference.Show);

        // A list of a hundred may be too long for a query, so that clients post it.
        routes.MapMethods("/1.1/users/lookup.json", ["GET", "POST"], LookUp).WithMetadata(new SignatureRequirement(Limit: LimitedEndpoint.UsersLookup)).Describe(UserLookupReference.LookUp);
        routes.MapFriendships();
        routes.MapConnections();
    }

    private static async Task VerifyCredentials(HttpContext http, SignedCall call, UserProfiles profiles, Settings settings, TimeProvider clock)
    {
        if (await http.RefusedByLimitAsync(call, clock)) return;

        var caller = call.Caller.UserId;
        var profile = await profiles.FindAsync(caller, UserKey.Of(caller), http.RequestAborted) ?? throw new UnreachableException($"The caller {caller} has no account.");
        await http.AnswerAsync(200, profile.ToWire(http.PublicBase(settings)), UserContext.Default.UserJson);
    }

    private static async Task Show(HttpContext http, SignedCall call, UserProfiles profiles, Settings settings, TimeProvider clock)
    {
        var read = new ParameterReader(call.Parameters);
        var key = UserKey.Required(read);
        if (await http.RefusedAsync(read, call, clock)) return;

        switch (await profiles.FindAsync(call.Caller.UserId, key!.Value, http.RequestAborted))
        {
            case null:
                await http.RefuseAsync(ApiError.RecipientUnknown);
                break;
            case { Suspended: true }:
                await http.RefuseAsync(ApiError.RecipientSuspended);
                break;
            case var profile:
                await http.AnswerAsync(200, profile.ToWire(http.PublicBase(settings)), UserContext.Default.UserJson);
                break;
        }
    }

    private static async Task LookUp(HttpContext http, SignedCall call, UserProfiles profiles, Settings settings, TimeProvider clock)
    {
        var read = new ParameterReader(call.Parameters);
        var keys = UserKey.List(read);
        if (await http.RefusedAsync(read, call, clock)) return;

        var found = await profiles.FindAsync(call.Caller.UserId, keys, http.RequestAborted);
        var users = found.Where(profile => !profile.Suspended).DistinctBy(profile => profile.Id).Select(profile => profile.ToWire(http.PublicBase(settings))).ToArray();
        if (users.Length == 0) await http.RefuseAsync(ApiError.NoUserMatches);
        else await http.AnswerAsync(200, users, UserContext.Default.IReadOnlyListUserJson);
    }
}
