using System.Net;
using System.Net.Sockets;

namespace Muster.Gateway;

/// <summary>
/// A port at the gate by which the machines of a stand-in reach this one: a file to be had over HTTP, or a port of
/// loopback.
/// </summary>
internal sealed class Gate : IDisposable
{
    public const string Address = "10.232.0.1";

    private readonly TcpListener _listener = new(IPAddress.Parse(Address), 0);

    /// <param name="serve">What becomes of a connection.</param>
    private Gate(Func<NetworkStream, Task> serve)
    {
        const int ip = 0,
            freeBind = 15;
        // The address is there only while a machine is.
        _listener.Server.SetRawSocketOption(ip, freeBind, BitConverter.GetBytes(1));
        _listener.Start();
        _ = ServeAsync(serve);
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public static Gate OfFile(string path) =>
        new(async stream =>
        {
            var content = await File.ReadAllBytesAsync(path);
            var asked = new byte[4096];
            _ = await stream.ReadAsync(asked);
            await stream.WriteAsync(
                (byte[])
                    [
                        .. System.Text.Encoding.ASCII.GetBytes(
                            $"HTTP/1.1 200 OK\r\nContent-Length: {content.Length}\r\nConnection: close\r\n\r\n"
                        ),
                        .. content,
                    ]
            );
        });

    public static Gate To(int port) =>
        new(async stream =>
        {
            using var there = new TcpClient();
            await there.ConnectAsync(IPAddress.Loopback, port);
            await using var other = there.GetStream();
            await Task.WhenAny(stream.CopyToAsync(other), other.CopyToAsync(stream));
        });

    public void Dispose() => _listener.Dispose();

    private async Task ServeAsync(Func<NetworkStream, Task> serve)
    {
        try
        {
            while (true)
                _ = OneAsync(await _listener.AcceptTcpClientAsync());
        }
        catch (Exception fault) when (fault is SocketException or ObjectDisposedException) { } // it is over

        async Task OneAsync(TcpClient client)
        {
            using (client)
            {
                await using var stream = client.GetStream();
                try
                {
                    await serve(stream);
                }
                catch (Exception fault) when (fault is SocketException or IOException) { } // one side is gone
            }
        }
    }
}
