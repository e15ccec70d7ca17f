using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Muster.Faults;
using Muster.Gateway.Hosting;
using Muster.Gateway.Ledger;
using Muster.Gateway.Model;
using Muster.Gateway.Telemetry;
using Muster.NodeOdm;
using Muster.Storage;
using Npgsql;

namespace Muster.Gateway.Shared;

/// <summary>
/// One of several gateways with one queue. The one that leads does the work; the others hand every request to it, and
/// one of them takes over when it is gone.
/// </summary>
public sealed partial class SharedGateway : IAsyncDisposable
{
    /// <summary>How long a request waits for somebody to lead; clients give up after 30 s.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(25);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(25);

    /// <summary>
    /// How long a gateway that stops writes what was promised; a database that is away is not waited for any longer.
    /// </summary>
    private static readonly TimeSpan LastWrites = TimeSpan.FromSeconds(5);

    private readonly CancellationTokenSource _stop = new();
    private readonly GatewayOptions _options;
    private readonly RecentLog _logs;
    private readonly ILogger _log;
    private readonly TimeProvider _clock;
    private readonly PostgresDatabase _database;
    private readonly LeaderProxy _proxy = new();
    private readonly WebApplication _web;
    private readonly Leadership _leadership;
    private readonly List<Task> _loops = [];
    private volatile Reign? _reign;

    private SharedGateway(GatewayOptions options, ILoggerFactory logs, TimeProvider clock)
    {
        (_options, _logs, _log, _clock) = (
            options with
            {
                Engine = null,
            },
            new(logs, clock),
            logs.CreateLogger("gateway"),
            clock
        );
        if (options.Bucket is null && options.Blobs is null)
        {
            throw new UserException(
                "a database for several gateways needs uploads and results that all of them reach",
                "Name a bucket with --s3-endpoint and --s3-bucket, or with --blobs a folder that every one of them "
                    + "mounts."
            );
        }
        _database = new(options.Database!);
        var address = AddressOf(options);
        _web = Listeners.Build(options, logs, clock);
        _web.UseOdmFaults(_log);
        ConnectionCap.Follow(_web);
        _web.Run(HandleAsync);
        _leadership = new(_database, address, clock, _log);
    }

    public Uri Address { get; private set; } = new("http://127.0.0.1/");

    /// <summary>It leads, and its parts are there.</summary>
    public bool Leads => HostOf(_leadership.Now) is not null;

    public static async Task<SharedGateway> StartAsync(
        GatewayOptions options,
        ILoggerFactory logs,
        TimeProvider clock,
        CancellationToken ct
    )
    {
        var gateway = new SharedGateway(options, logs, clock);
        try
        {
            await BlobHome.CheckAsync(options, ct);
            await gateway._database.PrepareAsync(PostgresTaskStore.Layout, ct);
            using (var store = new PostgresTaskStore(gateway._database, term: 0))
                Listeners.RefuseOpenByAccident(options, store);
            gateway.Address = await Listeners.StartAsync(gateway._web, options, ct);
        }
        catch
        {
            await gateway.DisposeAsync();
            throw;
        }
        gateway._loops.AddRange([
            Task.Run(() => gateway._leadership.RunAsync(gateway._stop.Token), CancellationToken.None),
            Task.Run(() => gateway.LeadAsync(gateway._stop.Token), CancellationToken.None),
        ]);
        return gateway;
    }

    /// <summary>Ends only by a bug of ours.</summary>
    public async Task BrokenAsync() => await await Task.WhenAny(_loops);

    /// <summary>Has the parts of a gateway for as long as a term is ours.</summary>
    private async Task LeadAsync(CancellationToken ct)
    {
        for (; ; await Task.Delay(Look, _clock, ct))
        {
            if (_leadership.Now is not { IsMine: true } term || !_leadership.IsFresh)
                continue;
            string? fault = null;
            try
            {
                await ReignAsync(term, ct);
            }
            catch (UserException unable) when (!ct.IsCancellationRequested)
            {
                fault = unable.Message;
            }
            catch (Exception broken)
                when (broken is OperationCanceledException or NpgsqlException && !ct.IsCancellationRequested) { }
            ct.ThrowIfCancellationRequested();
            if (fault is not null)
                NotLed(fault);
            // Its changes are numbered from its beginning, so that none takes it up again; and another may be able to
            // do what we are not.
            await _leadership.ReleaseAsync(term.Number, rest: fault is not null, ct);
        }
    }

    private async Task ReignAsync(Term term, CancellationToken ct)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(term.Over, ct);
        using var late = new CancellationTokenSource();
        var store = new PostgresTaskStore(_database, term.Number);
        using var over = term.Over.Register(store.GiveUp);
        using var stopped = ct.Register(() => late.CancelAfter(LastWrites));
        using var given = late.Token.Register(store.GiveUp);
        await using var host = await GatewayHost.StartTermAsync(_options, store, _logs, _clock, either.Token);
        _reign = new(term.Number, host);
        try
        {
            var broken = host.BrokenAsync();
            if (
                await Task.WhenAny(broken, store.Ended, Task.Delay(Timeout.Infinite, either.Token)) == broken
                && !either.IsCancellationRequested
            )
                await broken;
        }
        finally
        {
            _reign = null;
        }
    }

    /// <summary>Our parts, where the term is surely ours.</summary>
    private GatewayHost? HostOf(Term term) =>
        term.IsMine && _leadership.IsFresh && _reign is { } reign && reign.Term == term.Number ? reign.Host : null;

    private async Task HandleAsync(HttpContext http)
    {
        var path = http.Request.Path.Value;
        if (path == "/healthz")
        {
            await http.Response.WriteAsync("ok\n", http.RequestAborted);
            return;
        }
        if (!Leads && path == "/readyz")
        {
            var why =
                _stop.IsCancellationRequested ? "stopping"
                : !_leadership.IsFresh ? "the database does not answer"
                : _leadership.Now.Leader is null ? "nobody leads yet"
                : null;
            http.Response.StatusCode = why is null ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
            await http.Response.WriteAsync(
                $"{why ?? $"ready, behind {_leadership.Now.Leader}"}\n",
                http.RequestAborted
            );
            return;
        }
        if (!Leads && path == "/metrics")
        {
            await http.Response.WriteAsync("# another gateway leads, and counts\n", http.RequestAborted);
            return;
        }
        var forwarded = http.Request.Headers.ContainsKey(LeaderProxy.Mark);
        for (
            var began = _clock.GetTimestamp();
            _clock.GetElapsedTime(began) < Patience && !_stop.IsCancellationRequested;
            await Task.Delay(Look, _clock, http.RequestAborted)
        )
        {
            var term = _leadership.Now;
            if (HostOf(term) is { } host)
            {
                await host.Pipeline(http);
                return;
            }
            if (!forwarded && term.Leader is { } leader && await _proxy.ForwardAsync(http, leader, term.Over))
                return;
        }
        http.Abort(); // clients try again after that, and give up after an error
    }

    /// <summary>How the others reach this one.</summary>
    private static Uri AddressOf(GatewayOptions options)
    {
        if (options.PeerAddress is { } named)
            return named;
        if (
            !IPAddress.TryParse(options.Bind, out var bind)
            || bind.Equals(IPAddress.Any)
            || bind.Equals(IPAddress.IPv6Any)
        )
            throw new UserException(
                $"--bind {options.Bind} does not say how other gateways reach this one",
                "Say it with --peer-address, such as http://10.0.0.5:3000."
            );
        var secure = options.SslCert is not null && options.SecurePort == 0;
        return new(
            $"{(secure ? "https" : "http")}://"
                + $"{(bind.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 ? $"[{bind}]" : bind)}"
                + $":{options.Port}/"
        );
    }

    /// <summary>Stops, and lets another take over at once.</summary>
    public async ValueTask DisposeAsync()
    {
        using (var patience = new CancellationTokenSource(TimeSpan.FromSeconds(5)))
        {
            if (_loops.Count > 0)
                await _web.StopAsync(patience.Token);
        }
        await _stop.CancelAsync();
        foreach (var loop in _loops)
            await loop.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        using (var patience = new CancellationTokenSource(TimeSpan.FromSeconds(2)))
            await _leadership
                .ReleaseAsync(_leadership.Now.Number, rest: true, patience.Token)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _web.DisposeAsync();
        _leadership.Dispose();
        _proxy.Dispose();
        _database.Dispose();
        _stop.Dispose();
    }

    private sealed record Reign(long Term, GatewayHost Host);

    [LoggerMessage(LogLevel.Error, "This gateway cannot lead: {Why}")]
    private partial void NotLed(string why);
}
