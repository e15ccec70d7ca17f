using Muster.Configuration;
using Muster.Sites;
using Muster.Sites.Scaling;

namespace Muster.Gateway.Model;

/// <summary>Which sites give machines to a gateway, and how they are reached.</summary>
/// <param name="Sites">All that are configured: one that gives none any more may have some still.</param>
/// <param name="Sources">Where recipes are looked for.</param>
public sealed record MachineSites(
    ScaleSettings Settings,
    IReadOnlyDictionary<string, Site> Sites,
    SitePlaces Places,
    ConfigSources Sources
)
{
    /// <summary>Those that may be asked for machines now.</summary>
    public IEnumerable<Site> PoolSites => Settings.Pools.Select(pool => Sites[pool.Site]);
}
