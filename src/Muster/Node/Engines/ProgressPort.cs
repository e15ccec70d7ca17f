using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging;

namespace Muster.Node.Engines;

/// <summary>
/// Where engines tell their progress: datagrams <c>PGUP/&lt;pid&gt;/&lt;uuid&gt;/&lt;percent&gt;</c> to a port of this
/// node's own, on loopback.
/// The next node takes the same port, so that an engine which outlived this one is still heard.
/// </summary>
public sealed partial class ProgressPort : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
    private readonly ConcurrentDictionary<string, Action<double>> _listeners = new();

    private readonly ILogger _log;

    public ProgressPort(string file, ILogger log)
    {
        _log = log;
        var last = File.Exists(file) && int.TryParse(File.ReadAllText(file), out var port) ? port : 0;
        try
        {
            _socket.Bind(new IPEndPoint(IPAddress.Loopback, last));
        }
        catch (SocketException)
        {
            _socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        }
        Port = ((IPEndPoint)_socket.LocalEndPoint!).Port;
        File.WriteAllText(file, Port.ToString(CultureInfo.InvariantCulture));
        _ = Task.Run(ReceiveAsync);
    }

    public int Port { get; }

    /// <summary>Until it is disposed, what is said of this task is handed on.</summary>
    public IDisposable Listen(string uuid, Action<double> progress)
    {
        _listeners[uuid] = progress;
        return new Listening(this, uuid);
    }

    /// <summary>Tells it what <see cref="Listen"/> hands on.</summary>
    public static void Tell(int port, string uuid, double percent)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.SendTo(
            Encoding.UTF8.GetBytes(
                string.Create(CultureInfo.InvariantCulture, $"PGUP/{Environment.ProcessId}/{uuid}/{percent:0.##}")
            ),
            new IPEndPoint(IPAddress.Loopback, port)
        );
    }

    private async Task ReceiveAsync()
    {
        var buffer = new byte[1024];
        while (true)
        {
            try
            {
                var length = await _socket.ReceiveAsync(buffer);
                Hand(Encoding.UTF8.GetString(buffer, 0, length));
            }
            catch (ObjectDisposedException)
            {
                return;
            }
            catch (SocketException fault) when (fault.SocketErrorCode is SocketError.OperationAborted)
            {
                return;
            }
            catch (SocketException) { } // a datagram that was too large, or an answer that nobody took
        }
    }

    private void Hand(string text)
    {
        if (text.Split('/') is not ["PGUP", _, var uuid, var number])
            return;
        if (!_listeners.TryGetValue(uuid, out var progress))
            return;
        if (!double.TryParse(number, NumberStyles.Float, CultureInfo.InvariantCulture, out var percent))
            return;
        if (!double.IsFinite(percent))
            return;
        try
        {
            progress(Math.Clamp(percent, 0, 100));
        }
        catch (Exception fault) // one task's; the others are still to be heard
        {
            NotTaken(uuid, fault);
        }
    }

    public void Dispose() => _socket.Dispose();

    [LoggerMessage(LogLevel.Error, "The progress of task {Uuid} could not be noted")]
    private partial void NotTaken(string uuid, Exception fault);

    private sealed class Listening(ProgressPort port, string uuid) : IDisposable
    {
        public void Dispose() => port._listeners.TryRemove(uuid, out _);
    }
}
