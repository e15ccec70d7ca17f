using Muster.Sites.Scaling;

namespace Muster.Sites.Reading;

/// <summary>Pools of sites for which the configuration names none.</summary>
public static class ScalePools
{
    /// <summary>What `--scale SITE` means without a pool of that site in the file.</summary>
    public static ScalePool Usual(Site site) =>
        new()
        {
            Site = site.Name,
            Most = site switch
            {
                SshSite ssh => ssh.Hosts.Count,
                LocalSite => 1,
                _ => 10,
            },
        };
}
