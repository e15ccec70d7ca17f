using Muster.Faults;
using Muster.Hosts;
using Muster.Shell;
using Muster.Sites;
using Muster.Sites.Schedulers.Slurm;

namespace Muster.Runs.Forward;

/// <summary>
/// The way to a port of a run: on the host itself, from the login node, by SSH to the compute node, or through a step
/// of the job.
/// </summary>
internal static class PortRoute
{
    public static async Task<Stream> ConnectAsync(
        OpenSite site,
        string? hostName,
        SeenPort port,
        string handle,
        CancellationToken ct
    )
    {
        var host = site.HostOf(hostName);
        if (site.Site is not SlurmSite slurm)
            return await host.ConnectAsync("127.0.0.1", port.Port, ct);
        // A viewer that listens on its node's own loopback is not reachable from the login node; the login node may be
        // that node, though.
        if (await site.NodeNameAsync(host, ct) == port.Host)
            return await host.ConnectAsync("127.0.0.1", port.Port, ct);
        if (port.Address != "loopback")
            return await host.ConnectAsync(port.Host, port.Port, ct);
        if (slurm.Host is { } login)
        {
            try
            {
                return await site.NodeBehind(login, port.Host).ConnectAsync("127.0.0.1", port.Port, ct);
            }
            // many sites forbid it, or their keys are not known here: a step of the job is always allowed
            catch (HostUnreachableException) { }
        }
        return await ThroughStepAsync(host, port, handle, ct);
    }

    /// <summary>
    /// A step beside the job on its node, which passes bytes on. Slow to open, but it needs nothing that is not there.
    /// </summary>
    private static async Task<Stream> ThroughStepAsync(IHost host, SeenPort port, string handle, CancellationToken ct)
    {
        var relay = $"exec 3<>/dev/tcp/127.0.0.1/{port.Port} && {{ cat <&3 & cat >&3; wait; }}";
        var channel = await host.OpenAsync(
            ShellText.Of(
                $"exec srun --jobid={SlurmJobId.WithoutCluster(handle)} --overlap --ntasks=1 --nodes=1 --nodelist={port.Host} "
                    + $"--mem=0 --unbuffered bash -c {relay}"
            ),
            ct
        );
        return new DuplexStream(channel.Output, channel.Input, channel);
    }
}
