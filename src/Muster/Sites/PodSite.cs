using Muster.Hosts;

namespace Muster.Sites;

/// <summary>A pod that was made already, as a site of one host.</summary>
public sealed record PodSite(IHost Pod) : Site;
