using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using Muster.Faults;
using Muster.Gateway.Model;
using Muster.Hosts;
using Muster.Recipes;
using Muster.Recipes.Reading;
using Muster.Runs;
using Muster.Runs.Forward;
using Muster.Runs.Submit;
using Muster.Runs.Tidy;
using Muster.Shell;
using Muster.Sites;
using Muster.Sites.Scaling;
using Muster.Storage;
using Muster.Transfers;

namespace Muster.Gateway.Scaling;

/// <summary>
/// Nodes as runs: the recipe <c>node</c>, submitted to a site with our own program, looked at, brought here by a
/// forward, and cancelled.
/// </summary>
internal sealed class NodeRuns : IAsyncDisposable
{
    private const string PortName = "node";
    private const string ProgramInput = "program";

    /// <summary>A node that nobody has asked for so long ends by itself.</summary>
    public static readonly TimeSpan Lease = TimeSpan.FromMinutes(15);

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <summary>How old the word of a site's scheduler may be.</summary>
    private static readonly TimeSpan OldestWord = TimeSpan.FromSeconds(4);

    private readonly MachineSites _sites;
    private readonly TimeProvider _clock;
    private readonly RunStore _store;
    private readonly ContentCache _cache;
    private readonly RunKeeper _keeper;
    private readonly string _folder;
    private readonly ConcurrentDictionary<string, OpenSite> _open = new();
    private readonly ConcurrentDictionary<string, Site> _hosts = new();
    private readonly ConcurrentDictionary<string, SemaphoreSlim> _firsts = new();
    private readonly ConcurrentDictionary<string, bool> _has = new();
    private readonly ConcurrentDictionary<Guid, Forwarder> _forwards = new();

    /// <param name="folder">Where the runs are written down.</param>
    public NodeRuns(MachineSites sites, string folder, TimeProvider clock)
    {
        (_sites, _folder, _clock) = (sites, folder, clock);
        Directory.CreateDirectory(folder);
        _store = new(Path.Combine(folder, "runs.db"));
        _cache = new(Path.Combine(sites.Places.Cache, "contents"));
        _keeper = new(_store, Open, clock);
    }

    /// <summary>A machine of a cloud: a site of one host.</summary>
    public void Know(Site host) => _hosts[host.Name] = host;

    /// <summary>Hosts of a site on which nodes may be started; null where the site chooses.</summary>
    public IReadOnlyList<string>? HostsOf(string site) => (_sites.Sites.GetValueOrDefault(site) as SshSite)?.Hosts;

    /// <summary>
    /// Submits a machine's node. It ends when the site has it, or throws what the site said; a broken connection is
    /// waited for.
    /// </summary>
    /// <param name="keep">Is given the run before anything is sent, and again when the site has it.</param>
    /// <param name="site">Where: the machine's site, or its host.</param>
    public async Task StartAsync(Machine machine, ScalePool pool, Site site, Action<string> keep, CancellationToken ct)
    {
        var (plan, environment) = Planned(machine, pool, site);
        // The first brings the program to the site; the others find it there.
        var first = _firsts.GetOrAdd(site.Name, _ => new(1, 1));
        var isFirst = !_has.ContainsKey(site.Name);
        if (isFirst)
            await first.WaitAsync(ct);
        try
        {
            var submission = new Submission(_store, Open(site.Name), _cache, _clock, _ => true);
            await submission.SubmitAsync(
                plan,
                environment,
                happened =>
                {
                    if (happened is SubmitEvent.Recorded(var run))
                        keep(Written(run));
                    else if (happened is SubmitEvent.Launched(var launched))
                        keep(Written(launched));
                },
                ct
            );
            _has[site.Name] = true;
        }
        finally
        {
            if (isFirst)
                first.Release();
        }
    }

    /// <summary>The runs of machines as they are now, after one look at each site.</summary>
    public async Task<IReadOnlyDictionary<Guid, Run>> LookAsync(IReadOnlyList<Machine> machines, CancellationToken ct)
    {
        var known = machines.Where(machine => machine.Run is not null).ToDictionary(machine => machine.Id, Taken);
        var seen = await _keeper.RefreshAsync([.. known.Values], Patience, OldestWord, ct);
        var byId = seen.ToDictionary(run => run.Id);
        return known.ToDictionary(pair => pair.Key, pair => byId[pair.Value.Id]);
    }

    /// <summary>Where the node is reached from here; null where it does not listen yet.</summary>
    public Uri? Bring(Machine machine, Run run)
    {
        if (run.Ports.FirstOrDefault(port => port.Name == PortName) is not { } port)
            return null;
        return _forwards
            .GetOrAdd(machine.Id, _ => new Forwarder(Open(run.Plan.Site), run.Plan))
            .Bring(port, run.Handle)
            .Url;
    }

    /// <summary>Tells the site to take the machine back. To be called until its run has ended.</summary>
    public Task EndAsync(Machine machine, CancellationToken ct) => _keeper.CancelAsync(Taken(machine).Id, false, ct);

    /// <summary>The machine's run is over: its forward goes, and its folder on the site.</summary>
    public async Task LetGoAsync(Machine machine, bool keepFolder, CancellationToken ct)
    {
        if (_forwards.TryRemove(machine.Id, out var forward))
            await forward.DisposeAsync();
        if (machine.Run is null || keepFolder)
            return;
        var run = Taken(machine);
        try
        {
            var tidy = new SiteTidy(Open(run.Plan.Site).HostOf(run.Plan.Host), Open(run.Plan.Site).Root);
            await tidy.RemoveAsync(TimeSpan.Zero, [run.Id.ToString()], ct);
        }
        catch (UserException) { } // `muster sites tidy` finds it
    }

    /// <summary>The last lines that a node wrote, for whoever asks why it did not come up.</summary>
    public async Task<string> LastWordsAsync(Machine machine, CancellationToken ct)
    {
        var run = Taken(machine);
        try
        {
            var site = Open(run.Plan.Site);
            return (
                await site.HostOf(run.Plan.Host)
                    .GetAsync(
                        ShellText.Of(
                            $"{RunFolder.Expand(site.Root)}\ntail -q -n 3 \"$root\"/runs/{run.Id.ToString()}/logs/main.0.err "
                                + $"2>/dev/null | tail -c 500"
                        ),
                        "reading a node's log",
                        ct
                    )
            ).Trim();
        }
        catch (UserException)
        {
            return "";
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var forward in _forwards.Values)
            await forward.DisposeAsync();
        foreach (var first in _firsts.Values)
            first.Dispose();
    }

    private OpenSite Open(string site) =>
        _open.GetOrAdd(
            site,
            name =>
                new(
                    _hosts.GetValueOrDefault(name)
                        ?? _sites.Sites.GetValueOrDefault(name)
                        ?? throw new UserException(
                            $"the site {name} is no longer in the configuration, and has machines of this gateway",
                            "Add it again; its machines are then given back. Without it, their nodes end by themselves."
                        ),
                    _sites.Places,
                    _clock
                )
        );

    /// <summary>A run that another gateway has begun is taken up from what the machine's record says.</summary>
    private Run Taken(Machine machine)
    {
        var written = JsonSerializer.Deserialize(machine.Run!, RunJson.Default.Run)!;
        if (_store.Find(written.Id) is { } known)
            return known;
        // It may have been sent since that was written.
        return _store.Add(
            written.State is RunState.Planned ? written with { State = new RunState.Staging() } : written
        );
    }

    private static string Written(Run run) => JsonSerializer.Serialize(run, RunJson.Default.Run);

    private (RunPlan Plan, IReadOnlyDictionary<string, string> Environment) Planned(
        Machine machine,
        ScalePool pool,
        Site site
    )
    {
        var recipe = new RecipeBook(_sites.Sources).Get("node");
        var given = new Dictionary<string, string>
        {
            ["engine"] = pool.Node.Engine,
            ["slots"] = $"{machine.Slots}",
            ["lease"] = $"{Lease.TotalMinutes}m",
        };
        if (machine.Size.Images is { } images)
            given["max-images"] = $"{images}";
        if (pool.Node.Image is { } image)
            given["image"] = image;
        if (pool.Node.Data is { } data)
            given["data"] = data;
        var (values, findings) = RecipeValues.Read(recipe, given, _folder);
        if (findings.FirstOrDefault(finding => finding.IsError) is { } wrong)
            throw new UserException($"the recipe node: {wrong}", "Correct `scaling:` in the configuration.");
        var (plan, environment) = new RecipePlanner(
            new(_store, _clock, Environment.GetEnvironmentVariable),
            _sites.Places.Cache
        ).Plan(
            values,
            new()
            {
                Command = [],
                Name = "gateway-node",
                Host = site is SshSite { Hosts: var hosts } ? machine.Host ?? hosts[0] : null,
                Cpus = machine.Size.Cpus,
                Gpus = machine.Size.Gpus,
                Memory = machine.Size.Memory is { } memory ? $"{memory >> 20}M" : null,
                Time = machine.Size.Time is { } time ? $"{(long)time.TotalMinutes}m" : null,
                Secrets = [$"NODE_CONFIG={NodeConfigText(machine, pool.Node.Bucket)}"],
                WorkingFolder = _folder,
            },
            site
        );
        var (path, name) = ProgramOf(pool);
        return (
            plan with
            {
                Inputs = [.. plan.Inputs, new(path, ProgramInput)],
                JobLines =
                [
                    .. plan.JobLines,
                    ShellText.Of($"export MUSTER_PARAM_MUSTER=\"$MUSTER_IN\"/{ProgramInput}/{name}").ToString(),
                ],
            },
            environment
        );
    }

    /// <summary>What a node must be told and nobody else may see: a configuration file's text.</summary>
    private static string NodeConfigText(Machine machine, S3Place? bucket)
    {
        var json = new JsonObject { ["token"] = machine.Token };
        if (bucket is not null)
        {
            json["s3_endpoint"] = bucket.Endpoint;
            json["s3_bucket"] = bucket.Bucket;
            json["s3_access_key"] = bucket.AccessKey;
            json["s3_secret_key"] = bucket.SecretKey;
            json["s3_acl"] = bucket.Acl ?? "none";
            if (bucket.ForcePathStyle)
                json["s3_force_path_style"] = true;
            if (bucket.IgnoreCertificates)
                json["s3_ignore_ssl"] = true;
        }
        return json.ToJsonString();
    }

    /// <summary>What is sent, and the program's name in it: one file, or the folder of a program of many.</summary>
    private static (string Path, string Name) ProgramOf(ScalePool pool)
    {
        var program =
            pool.Node.Program
            ?? Environment.ProcessPath
            ?? throw new InvalidOperationException("no program of our own");
        if (!File.Exists(program))
            throw new UserException(
                $"there is no program {program} to send to {pool.Site}",
                "Correct `node: { program: … }` of the pool, or leave it out."
            );
        return (
            File.Exists(Path.ChangeExtension(program, ".dll")) || File.Exists(program + ".dll")
                ? Path.GetDirectoryName(Path.GetFullPath(program))!
                : program,
            Path.GetFileName(program)
        );
    }
}
