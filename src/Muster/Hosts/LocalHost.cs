using System.Net.Sockets;
using Muster.Platforms;
using Muster.Shell;

namespace Muster.Hosts;

/// <summary>This machine.</summary>
public sealed class LocalHost : IHost
{
    public string Name => "this machine";

    public Task<ShellChannel> OpenAsync(ShellText script, CancellationToken ct) =>
        Platform.RunsWork
            ? ShellChannel.StartAsync(
                Name,
                length => OwnSession.Command("sh", ["-c", ShellChannel.Invitation(length)]),
                script,
                ct
            )
            : throw Platform.RunsNoWork();

    public async Task<Stream> ConnectAsync(string address, int port, CancellationToken ct)
    {
        var client = new TcpClient();
        try
        {
            await client.ConnectAsync(address, port, ct);
            return client.GetStream();
        }
        catch
        {
            client.Dispose();
            throw;
        }
    }
}
