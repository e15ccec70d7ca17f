using System.Net.WebSockets;
using Muster.Faults;
using Muster.Hosts;
using Muster.Shell;

namespace Muster.Sites.Clouds.Kubernetes;

/// <summary>
/// A pod: scripts are run in its container over the cluster's API, and its ports are reached the same way.
/// </summary>
internal sealed class PodHost(KubeApi api, string name, string place, string pod) : IHost
{
    public string Name => name;

    public async Task<ShellChannel> OpenAsync(ShellText script, CancellationToken ct) =>
        await ShellChannel.StartAsync(
            async length => new PodProcess(
                await ConnectAsync(
                    "exec?stdin=true&stdout=true&stderr=true&tty=false&container="
                        + KubeCloud.Container
                        + string.Concat(
                            ((string[])["sh", "-c", ShellChannel.Invitation(length)]).Select(word =>
                                $"&command={Uri.EscapeDataString(word)}"
                            )
                        ),
                    PodProcess.Protocol,
                    ct
                )
            ),
            (said, _) =>
                new(
                    Name,
                    ContactFault.Silent,
                    $"the connection to pod {pod} broke{(said.Length > 0 ? $": {said}" : "")}",
                    $"See what the cluster says of it: kubectl describe pod {pod} -n {place}"
                ),
            script,
            ct
        );

    /// <summary>To the pod's own loopback, whatever <paramref name="address"/> is: the pod is the whole host.</summary>
    public async Task<Stream> ConnectAsync(string address, int port, CancellationToken ct)
    {
        var socket = await ConnectAsync($"portforward?ports={port}", PodPort.Protocol, ct);
        return new PodPort(socket);
    }

    private async Task<WebSocket> ConnectAsync(string what, string protocol, CancellationToken ct)
    {
        try
        {
            var socket = await api.ConnectAsync($"{KubeCloud.Pods(place)}/{pod}/{what}", protocol, ct);
            if (socket.SubProtocol == protocol)
                return socket;
            socket.Dispose();
            throw Unreachable(
                ContactFault.Refused,
                $"the cluster does not speak {protocol}, without which the end of a script's input cannot be told",
                "Kubernetes 1.30 or newer is needed."
            );
        }
        catch (CloudException fault)
        {
            var (kind, fix) = fault.Code switch
            {
                "401" or "403" => (
                    ContactFault.Refused,
                    $"Check the credentials, and that they have these rights {KubeFaults.Rights}."
                ),
                "404" => (
                    ContactFault.Silent,
                    $"The pod is gone, or going; `muster why` says more once the cluster does."
                ),
                _ => (ContactFault.Silent, fault.Fix),
            };
            throw Unreachable(kind, $"pod {pod} cannot be reached: {fault.Message}", fix, fault);
        }

        HostUnreachableException Unreachable(ContactFault kind, string what, string fix, Exception? inner = null) =>
            new(Name, kind, what, fix, inner);
    }
}
