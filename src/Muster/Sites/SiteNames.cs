using System.Text.RegularExpressions;

namespace Muster.Sites;

/// <summary>
/// Which words may name a site, a host and a folder over there. They reach command lines, so the patterns are strict.
/// </summary>
internal static partial class SiteNames
{
    public static bool IsName(string text) => Name().IsMatch(text);

    /// <summary>A name or <c>user@name</c>; never something that ssh would take for an option.</summary>
    public static bool IsHost(string text) => Host().IsMatch(text);

    /// <summary>
    /// It stands in job scripts, where SLURM gives <c>%</c> a meaning, and in the lists of mounts, where a colon has
    /// one.
    /// </summary>
    public static bool IsRemotePath(string text) => RemotePath().IsMatch(text);

    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9._@-]*\z")]
    private static partial Regex Name();

    [GeneratedRegex(@"\A(?:[A-Za-z0-9][A-Za-z0-9._@-]*@)?[A-Za-z0-9][A-Za-z0-9._-]*\z")]
    private static partial Regex Host();

    [GeneratedRegex(@"\A(?:~(?=/|\z)|/(?=[^/]))[A-Za-z0-9_.,=+@/-]*\z")]
    private static partial Regex RemotePath();
}
