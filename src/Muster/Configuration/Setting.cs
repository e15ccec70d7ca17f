namespace Muster.Configuration;

/// <summary>One value in force, as it is written where it comes from; a secret is not shown.</summary>
/// <param name="Key">Its path, such as <c>sites.cedar.sbatch.time</c>.</param>
public sealed record Setting(string Key, string Value, Origin Origin);
