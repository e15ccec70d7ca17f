using Muster.Node.Engines;
using Muster.NodeOdm;
using Muster.Storage;

namespace Muster.Gateway.Model;

/// <summary>How a gateway is run. What is not set is as `muster serve` does it by itself.</summary>
public sealed record GatewayOptions
{
    public string Bind { get; init; } = "127.0.0.1";
    public int Port { get; init; } = 3000;

    /// <summary>HTTPS beside HTTP; 0: with a certificate, HTTPS alone, on <see cref="Port"/>.</summary>
    public int SecurePort { get; init; }
    public string? SslKey { get; init; }
    public string? SslCert { get; init; }

    /// <summary>The console that operators reach by telnet; null for none.</summary>
    public Door? Console { get; init; }

    /// <summary>What operators, their pages and `muster nodes` ask by HTTP; null for none.</summary>
    public Door? Admin { get; init; }

    /// <summary>Asked for by both; without one they are open to this machine alone.</summary>
    public string AdminPassword { get; init; } = "";

    /// <summary>
    /// Where both listen; null: as clients come in where there is a password, else on this machine alone.
    /// </summary>
    public string? AdminBind { get; init; }

    /// <summary>Where everything is kept: database, spool, results.</summary>
    public required string Data { get; init; }

    /// <summary>A PostgreSQL database that several gateways share; null for a file of our own.</summary>
    public string? Database { get; init; }

    /// <summary>How the other gateways of that database reach this one; else as it listens.</summary>
    public Uri? PeerAddress { get; init; }

    /// <summary>
    /// Where uploads and results lie when not in <see cref="Data"/>: a folder, which other gateways may share.
    /// </summary>
    public string? Blobs { get; init; }

    /// <summary>A bucket for uploads and results, in place of a folder.</summary>
    public S3Place? Bucket { get; init; }

    /// <summary>Results of the bucket go through us, as clients cannot reach it.</summary>
    public bool StreamDownloads { get; init; }

    /// <summary>Where nodes put archives and assets themselves: below it, by their ids of tasks.</summary>
    public Uri? DownloadsFromS3 { get; init; }

    /// <summary>Nodes named at the start, beside those that are known already.</summary>
    public IReadOnlyList<(Uri Url, string Token, bool Locked)> Nodes { get; init; } = [];

    /// <summary>
    /// Nodes in a file of an older gateway. They are taken over once, and again when the file has changed, so that one
    /// that was removed here stays removed.
    /// </summary>
    public IReadOnlyList<(Uri Url, string Token, bool Locked)> FileNodes { get; init; } = [];

    /// <summary>Tasks that an older gateway has placed on them: clients go on asking for these.</summary>
    public IReadOnlyList<(Guid Task, Uri Node, string Token, DateTimeOffset Accessed)> Routes { get; init; } = [];

    /// <summary>The sites that give machines as tasks come; null where there are none.</summary>
    public MachineSites? Machines { get; init; }

    /// <summary>The engine of an embedded node, for when no other node is known; null for none.</summary>
    public Func<CancellationToken, Task<IEngine>>? Engine { get; init; }

    /// <summary>The one token that is asked for; others are made with `muster tokens`.</summary>
    public string Token { get; init; } = "";

    /// <summary>
    /// Whoever reaches the gateway may use it while there is no token; else that is so on this machine alone.
    /// </summary>
    public bool Open { get; init; }

    /// <summary><c>local</c> or <c>lightning</c>.</summary>
    public string Provider { get; init; } = "local";

    /// <summary>Where the lightning provider asks.</summary>
    public Uri LightningUrl { get; init; } = new("https://webodm.net/r/");

    /// <summary>
    /// The address by which nodes reach this gateway; else the one of ours at which the client's connection came in.
    /// </summary>
    public Uri? PublicAddress { get; init; }
    public bool SplitMerge { get; init; } = true;
    public int FloodLimit { get; init; }

    /// <summary>A token at its limit is refused, as ClusterODM does; else its tasks wait.</summary>
    public bool RefuseOverLimit { get; init; }

    /// <summary>Webhooks and archives may be fetched from private addresses.</summary>
    public bool AllowPrivateAddresses { get; init; }

    /// <summary>Waits before the attempts of a webhook.</summary>
    public IReadOnlyList<TimeSpan> WebhookWaits { get; init; } =
    [.. new[] { 0, 5, 10, 15, 20, 20 }.Select(seconds => TimeSpan.FromSeconds(seconds))];

    /// <summary>Bytes that uploads may take on disk in all; 0: what the disk has.</summary>
    public long SpoolBudget { get; init; }

    /// <summary>How much is accepted of what comes from outside.</summary>
    public InputLimits Limits { get; init; } = InputLimits.Default;

    /// <summary>Uploads that were not heard of for so long are forgotten.</summary>
    public TimeSpan UploadsExpire { get; init; } = TimeSpan.FromHours(48);

    /// <summary>How long an ended task and its archive are kept.</summary>
    public TimeSpan ResultsExpire { get; init; } = TimeSpan.FromDays(5);

    /// <summary>How often a node is asked about its tasks.</summary>
    public TimeSpan PollEvery { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long a node may be away until its tasks are placed elsewhere.</summary>
    public TimeSpan MoveAfter { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How long a node must answer without a task until that is placed elsewhere.</summary>
    public TimeSpan UnknownAfter { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long parts live on when the task that sent them is over.</summary>
    public TimeSpan PartsLease { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Lines of the log that could not be written.</summary>
    public Func<long> LogLinesLost { get; init; } = () => 0;

    /// <summary>
    /// A task of so many bytes is sent on while the rest of it comes in; a smaller one is sent in a moment, and not
    /// worth the notes about it.
    /// </summary>
    public long AheadFrom { get; init; } = 4 << 20;

    /// <summary>Bytes a second to each node; 0: no limit.</summary>
    public long UploadMaxSpeed { get; init; }
}

/// <param name="Wanted">Somebody asked for this port; else the gateway goes without the door where it is taken.</param>
public sealed record Door(int Port, bool Wanted = true);
