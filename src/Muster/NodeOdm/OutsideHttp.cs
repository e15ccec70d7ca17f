using System.Net;
using System.Net.Sockets;

namespace Muster.NodeOdm;

/// <summary>
/// HTTP to addresses that clients named. It does not lead into private networks, whatever a name resolves to and
/// wherever a redirect points.
/// </summary>
public static class OutsideHttp
{
    /// <summary>
    /// What every call that a gateway or a node makes for others bears. Admin doors refuse it, so that nobody has a
    /// server call its own,
    /// or another's, from inside.
    /// </summary>
    public const string Mark = "Muster-Outgoing";

    public static HttpClient Create(bool allowPrivate)
    {
        var handler = new SocketsHttpHandler
        {
            UseProxy = false,
            UseCookies = false,
            MaxAutomaticRedirections = 5,
            ConnectTimeout = TimeSpan.FromSeconds(15),
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        };
        if (!allowPrivate)
            handler.ConnectCallback = (context, ct) => ConnectAsync(context.DnsEndPoint, ct);
        return new(handler)
        {
            Timeout = Timeout.InfiniteTimeSpan,
            MaxResponseContentBufferSize = InputLimits.Default.AnswerBytes,
            DefaultRequestHeaders = { { Mark, "1" } },
        };
    }

    private static async ValueTask<Stream> ConnectAsync(DnsEndPoint there, CancellationToken ct)
    {
        var addresses = IPAddress.TryParse(there.Host, out var literal)
            ? [literal]
            : await Dns.GetHostAddressesAsync(there.Host, ct);
        var open = addresses.Where(IsPublic).ToArray();
        if (open.Length == 0)
            throw new RefusalException(
                $"{there.Host} is in a private network, where this server does not go for others",
                noRetry: true
            );
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(open, there.Port, ct);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>An address that anybody can reach.</summary>
    public static bool IsPublic(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
            return IsPublic(address.MapToIPv4());
        var bytes = address.GetAddressBytes();
        if (address.AddressFamily == AddressFamily.InterNetwork)
        {
            return (bytes[0], bytes[1]) switch
            {
                (0 or 10 or 127 or >= 224, _) => false,
                (100, >= 64 and < 128) => false,
                (169, 254) => false,
                (172, >= 16 and < 32) => false,
                (192, 168) => false,
                (192, 0) => bytes[2] is not (0 or 2),
                (198, 18 or 19) => false,
                (198, 51) => bytes[2] != 100,
                (203, 0) => bytes[2] != 113,
                _ => true,
            };
        }
        // Only global unicast addresses, and of those none that carries an IPv4 address within.
        return (bytes[0] & 0xe0) == 0x20
            && !(bytes[0] == 0x20 && bytes[1] == 0x02)
            && !(bytes[0] == 0x20 && bytes[1] == 0x01 && bytes[2] == 0 && bytes[3] == 0);
    }
}
