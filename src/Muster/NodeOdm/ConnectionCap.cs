using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Muster.NodeOdm;

/// <summary>
/// Keeps connections below the number of files that the process may open: a server that runs out of those can neither
/// accept
/// nor read. When all seats are taken, the connection that has been without a request for the longest makes room. Where
/// each has
/// one, the new one is dropped: clients of this API try again after that, and give up after an error. The last seats
/// answer one
/// request each, and take no uploads.
/// </summary>
internal sealed class ConnectionCap(int connections, TimeProvider clock)
{
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(1);

    /// <summary>Files for everything else: database, log, nodes, engines, and what is loaded later.</summary>
    private const int OtherFiles = 96;

    private readonly int _most = Seats(connections);
    private readonly Lock _lock = new();
    private readonly HashSet<Seat> _seats = [];
    private readonly Dictionary<IPAddress, int> _of = [];

    /// <summary>So many connections, or as many as there may be: each may need a file beside itself.</summary>
    public static int Seats(int connections) => Math.Max(8, Math.Min(connections, (OpenFiles() - OtherFiles) / 3));

    /// <summary>Counts the connections of a listener; to be called before anything else is put on it.</summary>
    public void Guard(ListenOptions listen) =>
        listen.Use(next =>
            async connection =>
            {
                var seat = new Seat(connection, clock);
                if (!Take(seat))
                {
                    connection.Abort();
                    return;
                }
                connection.Items[typeof(Seat)] = seat;
                try
                {
                    await next(connection);
                }
                finally
                {
                    lock (_lock)
                        Leave(seat);
                }
            }
        );

    private bool Take(Seat seat)
    {
        lock (_lock)
        {
            // An address has three seats of four: others find one, whatever it does.
            var full = _seats.Count >= _most;
            var tooMany = _of.GetValueOrDefault(seat.From) >= Math.Max(1, _most * 3 / 4);
            if ((full || tooMany) && !MakeRoom(tooMany ? seat.From : null))
                return false;
            _seats.Add(seat);
            _of[seat.From] = _of.GetValueOrDefault(seat.From) + 1;
            seat.IsLast = _seats.Count > _most - (_most / 8);
            return true;
        }
    }

    private bool MakeRoom(IPAddress? from)
    {
        var candidates = _seats.Where(seat => (from is null || seat.From.Equals(from)) && seat.IdleFor > Idle);
        if (candidates.MaxBy(seat => seat.IdleFor) is not { } idle)
            return false;
        Leave(idle);
        idle.Connection.Abort();
        return true;
    }

    private void Leave(Seat seat)
    {
        if (!_seats.Remove(seat))
            return;
        if (--_of[seat.From] == 0)
            _of.Remove(seat.From);
    }

    /// <summary>How many files this process may have open.</summary>
    private static int OpenFiles()
    {
        const string name = "Max open files";
        const string limits = "/proc/self/limits";
        const int otherwise = 10_240; // what macOS gives
        if (!File.Exists(limits))
            return otherwise;
        var line = File.ReadLines(limits).FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal));
        var words = line?[name.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return words is [var soft, ..] && int.TryParse(soft, CultureInfo.InvariantCulture, out var files)
            ? files
            : otherwise;
    }

    /// <summary>Notes which connections have a request.</summary>
    public static void Follow(IApplicationBuilder app) =>
        app.Use(
            async (http, next) =>
            {
                if (http.Features.Get<IConnectionItemsFeature>()?.Items[typeof(Seat)] is not Seat seat)
                {
                    await next(http);
                    return;
                }
                seat.Begin();
                try
                {
                    if (seat.IsLast)
                        http.Response.Headers.Connection = "close";
                    if (
                        seat.IsLast
                        && http.Request.Path.StartsWithSegments("/task/new/upload", StringComparison.Ordinal)
                    )
                    {
                        throw new RefusalException("The server is busy; try again in a moment.");
                    }
                    await next(http);
                }
                finally
                {
                    seat.End();
                }
            }
        );

    private sealed class Seat(ConnectionContext connection, TimeProvider clock)
    {
        private int _requests;
        private long _since = clock.GetTimestamp();

        public ConnectionContext Connection => connection;
        public IPAddress From { get; } = (connection.RemoteEndPoint as IPEndPoint)?.Address ?? IPAddress.None;
        public bool IsLast { get; set; }
        public TimeSpan IdleFor =>
            Volatile.Read(ref _requests) > 0 ? TimeSpan.Zero : clock.GetElapsedTime(Volatile.Read(ref _since));

        public void Begin() => Interlocked.Increment(ref _requests);

        public void End()
        {
            Volatile.Write(ref _since, clock.GetTimestamp());
            Interlocked.Decrement(ref _requests);
        }
    }
}
