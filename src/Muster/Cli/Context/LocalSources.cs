using System.Collections;
using Muster.Configuration;

namespace Muster.Cli.Context;

/// <summary>Where configuration is looked for: from this folder upwards, and in the environment.</summary>
internal static class LocalSources
{
    public static ConfigSources Find() =>
        new(
            Directory.GetCurrentDirectory(),
            Environment
                .GetEnvironmentVariables()
                .Cast<DictionaryEntry>()
                .ToDictionary(entry => (string)entry.Key, entry => (string?)entry.Value ?? "")
        );
}
