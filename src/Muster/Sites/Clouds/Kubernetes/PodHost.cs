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
            async length => await StartAsync(["sh", "-c", ShellChannel.Invitation(length)], isTerminal: false, ct),
            (said, _) => Broken(said),
            script,
            ct
        );

    /// <summary>
    /// Starts <paramref name="script"/> under <c>sh</c> at a terminal of its own in the pod: what it shows is in
    /// <see cref="PodProcess.Output"/>.
    /// </summary>
    /// <param name="kind">What kind of terminal that is, as in <c>TERM</c>.</param>
    public async Task<PodProcess> OpenTerminalAsync(ShellText script, string kind, CancellationToken ct)
    {
        // A terminal would echo it, and addresses of requests are kept in logs and have a longest length.
        var file = await this.GetAsync(
            ShellText.Of($"f=$(mktemp) && printf %s {script.ToString()} >\"$f\" && printf %s \"$f\""),
            "preparing a terminal",
            ct
        );
        return await StartAsync(
            ["sh", "-c", "export TERM=\"$2\"; text=$(cat \"$1\"); rm -f \"$1\"; eval \"$text\"", "sh", file, kind],
            isTerminal: true,
            ct
        );
    }

    /// <summary>The connection ended before what ran at its other end did.</summary>
    public HostUnreachableException Broken(string said) =>
        new(
            Name,
            ContactFault.Silent,
            $"the connection to pod {pod} broke{(said.Length > 0 ? $": {said}" : "")}",
            $"See what the cluster says of it: kubectl describe pod {pod} -n {place}"
        );

    /// <summary>To the pod's own loopback, whatever <paramref name="address"/> is: the pod is the whole host.</summary>
    public async Task<Stream> ConnectAsync(string address, int port, CancellationToken ct)
    {
        var socket = await ConnectAsync($"portforward?ports={port}", PodPort.Protocol, ct);
        return new PodPort(socket);
    }

    private async Task<PodProcess> StartAsync(IReadOnlyList<string> command, bool isTerminal, CancellationToken ct) =>
        new(
            await ConnectAsync(
                // A terminal has one stream for all that it shows.
                $"exec?stdin=true&stdout=true&stderr={(isTerminal ? "false&tty=true" : "true&tty=false")}&container="
                    + KubeCloud.Container
                    + string.Concat(command.Select(word => $"&command={Uri.EscapeDataString(word)}")),
                PodProcess.Protocol,
                ct
            )
        );

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
