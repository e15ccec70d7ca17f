using System.CommandLine;
using Muster.Cli.Context;
using Muster.Cli.Recipes;
using Muster.Cli.Terminal;
using Muster.Faults;
using Muster.Recipes;
using Muster.Recipes.Reading;
using Muster.Runs.Submit;
using Muster.Sites;
using Muster.Sites.Import;

namespace Muster.Cli.Personas;

/// <summary>
/// The command line of GTSfM's runner: its options, its cluster file. What it starts is the recipe <c>gtsfm</c>.
/// </summary>
internal sealed class GtsfmPersona : Command
{
    /// <summary>Options that are the recipe's parameters, in GTSfM's spelling.</summary>
    private readonly Dictionary<string, Option<string?>> _values = Named(
        ("config_name", "The pipeline, in gtsfm/configs (sift_front_end)."),
        ("loader", "The format of the data set (the one that the pipeline names)."),
        ("dataset_dir", "The data set, a full path on the first machine (the one that the pipeline names)."),
        ("images_dir", "The photos, a full path on the first machine (images/ of the data set)."),
        ("max_resolution", "Maximum length of a photo's shorter side, in pixels (760)."),
        ("global_descriptor_config_name", "The global descriptor to use instead."),
        ("retriever_config_name", "The retriever to use instead."),
        ("correspondence_generator_config_name", "The correspondence generator to use instead."),
        ("verifier_config_name", "The verifier to use instead."),
        ("max_frame_lookahead", "How many following photos each photo is compared with."),
        ("num_matched", "How many similar photos each photo is compared with."),
        ("graph_partitioner", "How the scene is split: single, binary, metis."),
        ("gaussian_splatting_config_name", "The Gaussian splatting configuration."),
        ("num_workers", "Processes per machine (1)."),
        ("threads_per_worker", "Threads per process (1)."),
        ("worker_memory_limit", "Memory per process."),
        ("dask_tmpdir", "Folder below the checkout where workers put data that does not fit into memory.")
    );
    private readonly Dictionary<string, Option<bool>> _flags = new[]
    {
        ("share_intrinsics", "Share one calibration between all cameras."),
        ("run_mvs", "Also compute a dense point cloud."),
        ("run_gs", "Also run Gaussian splatting."),
    }.ToDictionary(
        flag => flag.Item1,
        flag => new Option<bool>($"--{flag.Item1}") { Description = flag.Item2, Arity = ArgumentArity.Zero }
    );
    private readonly Option<string?> _log = new("--log", "-l")
    {
        Description = "The log level (INFO).",
        HelpName = "LEVEL",
    };
    private readonly Option<string?> _cluster = new("--cluster_config")
    {
        Description = "The cluster file; without it, only this machine is used.",
        HelpName = "FILE",
    };
    private readonly Option<string?> _outputRoot = new("--output_root")
    {
        Description = "The folder on this machine for results/ (muster-out/gtsfm).",
        HelpName = "FOLDER",
    };
    private readonly Dictionary<string, Option<string?>> _needless = Named(
        ("num_retry_cluster_connection", "Not needed: every host is checked first."),
        ("dashboard_port", "Not needed: the dashboard is forwarded to this machine."),
        ("input_worker", "Not needed: Muster uses a worker on the first machine.")
    );
    private readonly Option<bool> _mvsOff = new("--mvs_off")
    {
        Description = "Not needed: a dense point cloud is made with --run_mvs only.",
        Arity = ArgumentArity.Zero,
    };
    private readonly Option<string?> _checkout = new("--checkout")
    {
        Description =
            "GTSfM's checkout on the machines (the one that the runner's path names, otherwise the current folder's "
            + "path).",
        HelpName = "PATH",
    };
    private readonly Option<string?> _python = new("--python")
    {
        Description = "The interpreter on the machines.",
        HelpName = "PATH",
    };
    private readonly Option<bool> _detach = new("--detach")
    {
        Description = "Submit and return without following the run.",
        Arity = ArgumentArity.Zero,
    };
    private readonly Argument<string[]> _overrides = new("OVERRIDE")
    {
        Description =
            "A Hydra override, NAME=VALUE. The program and script of an older command line are accepted, too.",
        Arity = ArgumentArity.ZeroOrMore,
    };

    private GtsfmPersona()
        : base(
            "gtsfm",
            """
            The older tool `./run` of GTSfM: poses and points from photos, on one machine or several.

              gtsfm --loader colmap --dataset_dir /data/set --config_name sift_front_end.yaml --cluster_config cluster.yaml
              gtsfm python gtsfm/runner/run_scene_optimizer_colmaploader.py --images_dir /data/set/images --colmap_files_dirpath /data/set

            cluster.yaml:
              workers:
                - gpu1      # the first one has the data
                - gpu2
            """
        )
    {
        // The names that they had before October 2025.
        foreach (var older in (string[])["--colmap_files_dirpath", "--dataset_root"])
            _values["dataset_dir"].Aliases.Add(older);
        foreach (
            var option in (IEnumerable<Option>)
                [
                    .. _values.Values,
                    .. _flags.Values,
                    _log,
                    _cluster,
                    _outputRoot,
                    .. _needless.Values,
                    _mvsOff,
                    _checkout,
                    _python,
                    _detach,
                ]
        )
            Add(option);
        Add(_overrides);
        SetAction(RunAsync);
    }

    public static Command Create() => new GtsfmPersona();

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken ct)
    {
        var app = parsed.App();
        var cluster = parsed.GetValue(_cluster) is { } file ? FileOf(file) : null;
        var site = app.GetSite(cluster ?? LocalSite.BuiltInName);
        if (cluster is not null && site is not SshSite)
            throw new UserException($"{cluster} is not a GTSfM cluster file", "Add `workers:` with a list of hosts.");
        foreach (var option in _needless.Values.Where(option => parsed.GetValue(option) is not null))
            app.Screen.Note(
                "note",
                $"{option.Name}: {char.ToLowerInvariant(option.Description![0])}{option.Description[1..]}",
                Tint.Yellow
            );
        var asked = new SubmitRequest { Command = [], WorkingFolder = Directory.GetCurrentDirectory() };
        return await RecipeCommand.RunAsync(
            app,
            new RecipeBook(LocalSources.Find()).Get("gtsfm"),
            Given(parsed, cluster),
            asked,
            site,
            new(
                DryRun: false,
                parsed.GetValue(_detach),
                Fetch: true,
                app.Config.OnInterrupt,
                new() { FetchTo = parsed.GetValue(_outputRoot) }
            ),
            ct
        );
    }

    private Dictionary<string, string> Given(ParseResult parsed, string? cluster)
    {
        var words = GtsfmWords.Of(parsed.GetValue(_overrides) ?? []);
        var given = new Dictionary<string, string>
        {
            ["checkout"] = parsed.GetValue(_checkout) ?? words.Checkout ?? Directory.GetCurrentDirectory(),
        };
        if (words.Loader is { } loader)
            given["loader"] = loader;
        if (words.Python is { } python)
            given["python"] = python;
        foreach (var (name, option) in _values.Append(new("log", _log)).Append(new("python", _python)))
        {
            if (parsed.GetValue(option) is { } value)
                given[name.Replace('_', '-')] = name is "dataset_dir" or "images_dir"
                    ? There(option, value, cluster)
                    : value;
        }
        foreach (var (name, option) in _flags)
            given[name.Replace('_', '-')] = parsed.GetValue(option) ? "true" : "false";
        if (words.Overrides.Count > 0)
            given["overrides"] = string.Join(' ', words.Overrides);
        if (cluster is null || !GtsfmFile.HasGpus(cluster, LocalSources.Find()))
            return given;
        // One worker with one thread for each entry.
        foreach (var name in (string[])["num-workers", "threads-per-worker"])
            given[name] = "1";
        given["gpu-per-worker"] = "true";
        return given;
    }

    /// <summary>
    /// Without a cluster file the first machine is this one, where a path is looked for in this folder.
    /// </summary>
    private static string There(Option option, string path, string? cluster) =>
        path.StartsWith('/') ? RecipeValues.There + path
        : cluster is null ? RecipeValues.There + Path.GetFullPath(path)
        : throw UserException.Misuse(
            $"{option.Name} '{path}' is not a full path",
            "The machines' processes start in different folders: write the full path on the first machine. To send a "
                + "folder of this machine, use `muster run gtsfm`."
        );

    /// <summary>Where GTSfM looks for it, and where people have it.</summary>
    private static string FileOf(string file) =>
        new[] { file, Path.Combine("gtsfm", "configs", file) }
            .Where(File.Exists)
            .Select(Path.GetFullPath)
            .FirstOrDefault()
        ?? throw UserException.Misuse(
            $"there is no cluster file {file}",
            "Pass the YAML file with the list `workers`. A file in gtsfm/configs can be given by its name alone."
        );

    private static Dictionary<string, Option<string?>> Named(params (string Name, string About)[] options) =>
        options.ToDictionary(
            option => option.Name,
            option => new Option<string?>($"--{option.Name}") { Description = option.About, HelpName = "VALUE" }
        );
}
