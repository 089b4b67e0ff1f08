using System.Reflection;

namespace Afterword.Server.Hosting;

/// <summary>The version of this program, as its tag has it.</summary>
internal static class ProgramVersion
{
    /// <summary>Such as 1.2.0 or 1.2.0-rc.1, without the commit.</summary>
    public static string Text { get; } =
        typeof(ProgramVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];
}
