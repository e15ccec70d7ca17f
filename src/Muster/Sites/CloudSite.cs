using Muster.Sites.Clouds;

namespace Muster.Sites;

/// <summary>Machines that are made on demand and given back.</summary>
public sealed record CloudSite : Site
{
    public required CloudSettings Cloud { get; init; }
}
