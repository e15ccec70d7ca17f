using Muster.Configuration;
using Muster.Sites;
using Muster.Sites.Scaling;

namespace Muster.Gateway.Model;

/// <summary>The sites that give machines to a gateway, and how they are reached.</summary>
/// <param name="Sources">Where recipes are looked for.</param>
public sealed record MachineSites(
    ScaleSettings Settings,
    IReadOnlyDictionary<string, Site> Sites,
    SitePlaces Places,
    ConfigSources Sources
);
