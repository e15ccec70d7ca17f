using System.Net.Sockets;
using System.Text;

namespace Muster.Cli.Gateway;

/// <summary>Tells systemd, where it has started us, how far we are (sd_notify).</summary>
internal static class ServiceNotice
{
    public static void Ready() => Tell("READY=1");

    public static void Stopping() => Tell("STOPPING=1");

    private static void Tell(string state)
    {
        if (
            Environment.GetEnvironmentVariable("NOTIFY_SOCKET") is not { Length: > 0 } path
            || OperatingSystem.IsWindows()
        )
            return;
        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
            socket.SendTo(
                Encoding.UTF8.GetBytes(state),
                new UnixDomainSocketEndPoint(path[0] == '@' ? $"\0{path[1..]}" : path)
            );
        }
        catch (SocketException) { } // a variable that was handed down by a service that is gone
    }
}
