using Muster.Sites.Clouds.Kubernetes;
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
                CloudSite cloud => cloud.Cloud.Limit,
                _ => 10,
            },
            Idle = site is CloudSite { Cloud.Idle: var idle } ? idle : TimeSpan.FromMinutes(5),
        };

    /// <summary>A pool's machines as its site makes them, where that is a cloud.</summary>
    public static ScalePool For(ScalePool pool, Site site) =>
        site is CloudSite { Cloud: var cloud }
            ? pool with
            {
                Most = Math.Min(pool.Most, cloud.Limit),
                Boot = cloud.Boot > pool.Boot ? cloud.Boot : pool.Boot,
                Sizes =
                [
                    .. cloud.Machines.Select(size => new MachineSize
                    {
                        Images = size.Images,
                        Type = size.Type,
                        Gpus = (PodSize.Parse(size.Type)?.Gpus ?? cloud.Gpus) is > 0 and var gpus ? gpus : null,
                        Price = cloud.Price ?? 0,
                    }),
                ],
            }
            : pool;
}
