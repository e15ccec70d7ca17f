using System.Reflection;

namespace Muster.Configuration;

/// <summary>Which Muster this is.</summary>
public static class OwnVersion
{
    public static string Text { get; } =
        typeof(OwnVersion)
            .Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()
            ?.InformationalVersion.Split('+')[0]
        ?? "0";
}
