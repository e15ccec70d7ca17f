using Muster.Faults;
using Muster.Hosts;
using Muster.Shell;

namespace Muster.Sites.Clouds.Kubernetes;

/// <summary>
/// What makes a pod that runs into a host on which work can be started: its image as it is, and a lease.
/// </summary>
internal static class PodSetup
{
    /// <summary>Throws when the pod cannot be used; one that does not answer yet is waited for.</summary>
    public static async Task RunAsync(
        IHost host,
        string leaseFolder,
        TimeSpan lease,
        TimeProvider clock,
        CancellationToken ct
    )
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                var answer = await host.RunAsync(Script(leaseFolder, lease), ct);
                if (answer.ExitCode == 0)
                    return;
                throw new UserException(
                    $"{host.Name}: its image cannot be worked in: {answer.Said}",
                    "Use an image with a shell, coreutils and tar: every Debian, Ubuntu, Alpine or Red Hat has them."
                );
            }
            catch (HostUnreachableException fault) when (fault.MayPass)
            {
                await Task.Delay(TimeSpan.FromSeconds(Math.Min(tries, 5)), clock, ct);
            }
        }
    }

    /// <summary>The container has begun a moment ago: its lease may not be written yet.</summary>
    private static ShellText Script(string folder, TimeSpan lease) =>
        ShellText.Of(
            $$"""
            missing=
            for tool in tar setsid flock awk grep find xargs sha256sum; do
              command -v $tool >/dev/null 2>&1 || missing="$missing $tool"
            done
            [ -z "$missing" ] || { echo "it lacks$missing" >&2; exit 1; }
            tries=0
            until [ -s {{folder}}/run/lease ]; do
              tries=$((tries + 1))
              [ $tries -lt 60 ] || { echo "its lease is not there" >&2; exit 1; }
              sleep 1
            done
            MUSTER_LEASE_CONF={{folder}}/conf sh {{folder}}/muster-lease renew {{(long)lease.TotalSeconds}}
            """
        );
}
