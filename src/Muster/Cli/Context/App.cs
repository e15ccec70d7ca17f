using System.Collections.Concurrent;
using Muster.Cli.Terminal;
using Muster.Configuration;
using Muster.Runs;
using Muster.Runs.Measures;
using Muster.Runs.Notices;
using Muster.Sites;
using Muster.Sites.Import;
using Muster.Sites.Reading;
using Muster.Transfers;

namespace Muster.Cli.Context;

/// <summary>
/// What the commands share: the configuration, the runs known here, the way to the sites. Each is made when it is first
/// needed.
/// </summary>
public sealed class App
{
    private readonly Lazy<MusterConfig> _config;
    private readonly Lazy<RunStore> _store;
    private readonly ConcurrentDictionary<string, OpenSite> _open = [];
    private readonly Dictionary<string, Site> _fromFiles = [];

    private readonly Invocation _invocation;
    private readonly Lazy<ContentCache> _cache;
    private readonly Lazy<RunKeeper> _keeper;
    private readonly Lazy<MeasureStore> _measures;

    internal App(Invocation invocation)
    {
        _invocation = invocation;
        Folders = LocalFolders.Find();
        Sources = LocalSources.Find();
        _config = new(() => ConfigReader.Read(Sources));
        _store = new(() => new(Path.Combine(Folders.State, "runs.db")));
        _cache = new(() => new(Path.Combine(Folders.Cache, "contents")));
        _measures = new(() => new(Path.Combine(Folders.Cache, "measures.db")));
        _keeper = new(() => new(Store, OpenSite, Clock));
    }

    public Screen Screen => _invocation.Screen;

    /// <summary>Answer with JSON.</summary>
    public bool Json => _invocation.Json;

    /// <summary>Assume yes to all prompts.</summary>
    public bool Yes => _invocation.Yes;

    /// <summary>Where the configuration is looked for.</summary>
    public ConfigSources Sources { get; }
    public LocalFolders Folders { get; }
    public TimeProvider Clock { get; } = TimeProvider.System;
    public MusterConfig Config => _config.Value;
    public RunStore Store => _store.Value;
    public ContentCache Cache => _cache.Value;

    /// <summary>A run's id as a person would type it.</summary>
    public string IdOf(Run run) => Store.ShortIds().Of(run.Id);

    public RunKeeper Keeper => _keeper.Value;

    /// <summary>Tells whoever wants to know what is due of these runs, each thing once.</summary>
    public async Task NotifyAsync(IEnumerable<Run> runs, CancellationToken ct)
    {
        using var notifier = OpenNotifier();
        foreach (
            var problem in (await Task.WhenAll(runs.Select(run => notifier.TellAsync(run, ct)))).SelectMany(all => all)
        )
            Screen.Note("note", problem, Tint.Yellow);
    }

    internal Notifier OpenNotifier() =>
        new(
            Store,
            Config.Notify,
            Clock,
            (run, ct) => new RunPlaces(OpenSite(run.Plan.Site), run.Plan).LookAsync(TimeSpan.FromSeconds(5), ct)
        );

    /// <summary>What runs have measured, as far as it is known here.</summary>
    public MeasureStore Measures => _measures.Value;

    /// <summary>Brings what is new of it, for as much as is heard within <paramref name="patience"/>.</summary>
    public async Task MeasureAsync(IReadOnlyList<Run> runs, TimeSpan patience, CancellationToken ct)
    {
        foreach (var note in await AskMeasuresAsync(runs, patience, ct))
            Screen.Note("note", note, Tint.Yellow);
    }

    /// <summary>The same, for whoever shows by other means what could not be asked.</summary>
    public async Task<IReadOnlyList<string>> AskMeasuresAsync(
        IReadOnlyList<Run> runs,
        TimeSpan patience,
        CancellationToken ct
    ) =>
        [
            .. (await new MeasureKeeper(Measures, OpenSite, Clock).RefreshAsync(runs, patience, ct)).Select(site =>
                $"{site} did not answer; what its runs measured is as it was last seen"
            ),
        ];

    /// <summary>Runs another command of muster within this one; its fault is the caller's.</summary>
    public Task WithinAsync(IReadOnlyList<string> words, CancellationToken ct) =>
        _invocation.Within(_invocation, words, ct);

    /// <summary>A site by its name, or by a file of an older tool.</summary>
    public Site GetSite(string? name)
    {
        if (name is not null && File.Exists(name) && Config.Find(name) is null)
        {
            var path = Path.GetFullPath(name);
            if (_fromFiles.TryGetValue(path, out var known))
                return known;
            var (site, warnings) = SiteFile.Read(name, Sources);
            foreach (var warning in warnings)
                Screen.Note("note", warning);
            // The run remembers the file by its full path, so that it is found again from anywhere.
            return _fromFiles[path] = site with { Name = path };
        }
        return Config.Get(name ?? Config.DefaultSite);
    }

    public OpenSite OpenSite(string name) => _open.GetOrAdd(name, wanted => OpenSite(GetSite(wanted)));

    public OpenSite OpenSite(Site site) =>
        new(site, new(Folders.State, Folders.Cache, Folders.Sockets, Screen.MayAsk), Clock);
}
