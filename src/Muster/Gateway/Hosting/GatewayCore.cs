using Microsoft.Extensions.Logging;
using Muster.Gateway.Fleet;
using Muster.Gateway.Ledger;
using Muster.Gateway.Model;
using Muster.Gateway.Placing;
using Muster.Gateway.Scaling;
using Muster.Gateway.Spool;
using Muster.Gateway.Tasks;
using Muster.Gateway.Telemetry;
using Muster.Gateway.Tokens;
using Muster.NodeOdm;
using Muster.Storage;

namespace Muster.Gateway.Hosting;

/// <summary>
/// What all doors and workers of a gateway share: its database and files, its nodes, tokens and tasks, and what can be
/// done with them.
/// </summary>
internal sealed class GatewayCore : IDisposable
{
    public GatewayCore(
        GatewayOptions options,
        TaskStore store,
        (IBlobStore Store, string Name) blobs,
        ILogger log,
        TimeProvider clock
    )
    {
        (Store, Blobs) = (store, blobs.Store);
        Spool = new(Blobs, $"spool/{blobs.Name}/", options.SpoolBudget, store.Contents());
        Results = new(Blobs);
        Tasks = new(store, Spool, clock);
        Fleet = new(store, clock);
        foreach (var (url, token, locked) in options.Nodes)
            Fleet.Add(url, token, locked);
        Series = new(Fleet, Tasks, store, clock, log);
        Catalog = new(store, Fleet, options.Machines is null ? null : BundledOptions.All);
        Tokens = new(store, options.Token, options.Open, clock);
        Provider = options.Provider == "lightning" ? new(options.LightningUrl, store, clock, log) : null;
        Limits = new(Tokens, Provider);
        Times = new(store, Tasks);
        Machines = new(store, clock);
        Scaler = options.Machines is { } sites
            ? new(options, sites, Machines, Tasks, Fleet, Limits, Times, clock, log)
            : null;
        Waiting = new(Tasks, Fleet, Limits, Times, task => Scaler?.Why(task), clock);
        Seal = new(store);
        Intake = new(Tasks, Spool, Fleet, Catalog, new(options.FloodLimit, clock), Limits, Provider, options, clock);
        Actions = new(Tasks, store, Fleet, Results, Tokens);
    }

    public TaskStore Store { get; }
    public IBlobStore Blobs { get; }
    public SpoolFolder Spool { get; }
    public ResultFolder Results { get; }
    public TaskLedger Tasks { get; }
    public NodeFleet Fleet { get; }
    public NodeSeries Series { get; }
    public OptionCatalog Catalog { get; }
    public TokenBook Tokens { get; }
    public LightningProvider? Provider { get; }
    public OwnerLimits Limits { get; }
    public TaskTimes Times { get; }
    public MachineBook Machines { get; }

    /// <summary>Has machines come and go; null where no site gives any.</summary>
    public Scaler? Scaler { get; }
    public WaitingList Waiting { get; }
    public CommitSeal Seal { get; }
    public Intake Intake { get; }
    public TaskActions Actions { get; }

    /// <summary>To be called when <see cref="Tasks"/> has written the last change.</summary>
    public void Dispose()
    {
        Store.Dispose();
        Blobs.Dispose();
        Provider?.Dispose();
    }
}
