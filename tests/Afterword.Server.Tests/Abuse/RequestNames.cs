using System.Reflection;
using Afterword.Server.Parsing;
using Afterword.Server.Reference;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Afterword.Server.Tests.Abuse;

/// <summary>Which parameters and fields a route reads: those it is described with, and those that its compiled code asks for.</summary>
/// <remarks>So a new route, or a new field of an old one, is attacked without anybody having to think of it.</remarks>
internal static class RequestNames
{
    private const byte LoadString = 0x72;
    private const byte Call = 0x28;
    private const byte CallVirtual = 0x6F;

    // From a name to the call that takes it there are at most a few constants.
    private const int Near = 24;

    private const BindingFlags All = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.Instance | BindingFlags.DeclaredOnly;

    private static readonly Lazy<Dictionary<Type, Code>> s_code = new(ReadAll);

    public static IReadOnlyList<string> Of(RouteEndpoint endpoint)
    {
        var names = new SortedSet<string>(StringComparer.Ordinal);
        if (endpoint.Metadata.GetMetadata<RouteDescription>() is { } description) names.UnionWith(description.Operation().Parameters.Where(parameter => !parameter.IsHeader).Select(parameter => parameter.Name));
        if (endpoint.Metadata.GetMetadata<MethodInfo>()?.DeclaringType is { } handler && s_code.Value.TryGetValue(Outermost(handler), out var code))
        {
            names.UnionWith(code.Names);
            foreach (var called in code.Calls.Where(s_code.Value.ContainsKey)) names.UnionWith(s_code.Value[called].Names);
        }

        return [.. names];
    }

    private static Dictionary<Type, Code> ReadAll()
    {
        var all = new Dictionary<Type, Code>();
        foreach (var type in typeof(AfterwordServer).Assembly.GetTypes())
        {
            var outer = Outermost(type);
            if (!all.TryGetValue(outer, out var code)) all[outer] = code = new([], []);
            foreach (var method in type.GetMethods(All).Cast<MethodBase>().Concat(type.GetConstructors(All))) Read(method, code);
        }

        return all;
    }

    private static void Read(MethodBase method, Code code)
    {
        if (method.GetMethodBody()?.GetILAsByteArray() is not { } il) return;

        // Some bytes only look like an instruction; what they would call is not there, or asks for no name.
        string? name = null;
        for (var (i, at) = (0, 0); i + 4 < il.Length; i++)
        {
            var token = BitConverter.ToInt32(il, i + 1);
            if (il[i] == LoadString && token >> 24 == 0x70) (name, at) = (Try(() => method.Module.ResolveString(token)) ?? name, i);
            if (il[i] is not (Call or CallVirtual) || token >> 24 is not (0x06 or 0x0A or 0x2B) || Resolve(method, token) is not { DeclaringType: { } type } called) continue;

            if (type.Assembly == typeof(AfterwordServer).Assembly) code.Calls.Add(Outermost(type));
            if (name is not null && i - at <= Near && AsksByName(called)) code.Names.Add(name);
        }
    }

    private static bool AsksByName(MethodBase method) =>
        IsRequest(method.DeclaringType!) || Array.Exists(method.GetParameters(), parameter => IsRequest(parameter.ParameterType));

    private static bool IsRequest(Type type) => type == typeof(IQueryCollection) || type == typeof(IFormCollection) || type == typeof(ParameterReader);

    private static MethodBase? Resolve(MethodBase from, int token) => Try(() => from.Module.ResolveMethod(
        token, from.DeclaringType!.IsGenericType ? from.DeclaringType.GetGenericArguments() : null, from.IsGenericMethod ? from.GetGenericArguments() : null));

    private static T? Try<T>(Func<T?> resolve)
        where T : class
    {
        try
        {
            return resolve();
        }
        catch (Exception error) when (error is ArgumentException or BadImageFormatException or TypeLoadException or FileNotFoundException)
        {
            return null;
        }
    }

    private static Type Outermost(Type type)
    {
        while (type.DeclaringType is { } outer) type = outer;
        return type;
    }

    private sealed record Code(HashSet<string> Names, HashSet<Type> Calls);
}
