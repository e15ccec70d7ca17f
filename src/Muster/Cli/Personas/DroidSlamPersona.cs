using System.CommandLine;
using Muster.Cli.Terminal;
using Muster.Configuration;
using Muster.Faults;
using Muster.Recipes;
using Muster.Runs;
using Muster.Runs.Submit;
using Muster.Sites.Import;
using Muster.Sites.Schedulers.Slurm;

namespace Muster.Cli.Personas;

/// <summary>The command line of DROIDSLAMCLI: its commands, its config file, both spellings of its job id.</summary>
internal static class DroidSlamPersona
{
    private const int NotFound = 7;
    private const int Connection = 3;
    private const string RecipePrefix = "droid-slam/";
    private static readonly string[] JobIdNames = ["--jobId", "--job-id"];

    public static Command Create() => new("droidslamcli", """
        The older tool `droidslamcli`: DROID-SLAM on a cluster.

          droidslamcli infer --config droidslam.yaml
          droidslamcli status --jobID=ID
          droidslamcli extract infer --jobId=ID --location=results --config droidslam.yaml
        """) { Infer(), Status(), Extract(), Keys() };

    private static Command Infer()
    {
        var config = ConfigOption();
        var dryRun = new Option<bool>("--dry-run") { Description = "Look at the inputs, print the plan and the exact scripts, and do nothing." };
        var follow = new Option<bool>("--follow") { Description = "Follow the job and bring its results home, as `muster run` does." };
        var command = new Command("infer", "Look at the inputs, send them, submit one job; its id is printed.") { config, dryRun, follow };
        command.SetAction((parsed, ct) => WithOldCodesAsync(async () =>
        {
            var app = MusterCommand.Current.App();
            var path = ConfigPath(parsed.GetValue(config));
            var file = DroidSlamFile.Read(path, App.Sources);
            var site = app.GetSite(path);
            var recipe = new RecipeBook(App.Sources).Get(RecipePrefix + "infer");
            var wished = new SubmitRequest
            {
                Command = [],
                WorkingFolder = Directory.GetCurrentDirectory(),
                Gpus = Number(file, "slurm.gpuCount"),
                Cpus = Number(file, "slurm.cpusPerTask"),
                Memory = file.Find("slurm.mem"),
                Time = file.Find("slurm.timeLimit") is { } time && TimeLimit.TryParse(time, out _) ? time : null,
                Set = file.Find("slurm.gpuType") is { Length: > 0 } type ? [$"gres=gpu:{type}:{file.Find("slurm.gpuCount") ?? "1"}"] : [],
            };
            var manner = new RecipeManner(parsed.GetValue(dryRun), !parsed.GetValue(follow), true, app.Config.OnInterrupt) { Findings = [.. OfSlurm(file)] };
            var code = await RecipeCommand.RunAsync(app, recipe, Given(file), wished, site, manner, ct);
            if (!manner.DryRun && manner.Detach && !app.Json && !app.Screen.Quiet && app.Store.Last() is { } run) app.Screen.Data(run.Id.ToString());
            return code;
        }));
        return command;
    }

    private static Command Status()
    {
        var id = new Option<string?>("--jobID", JobIdNames) { Description = "Show what this job prints, until it ends.", HelpName = "ID" };
        var config = ConfigOption();
        var command = new Command("status", "List the jobs, or follow the output of one.") { id, config };
        command.SetAction((parsed, ct) => WithOldCodesAsync(async () =>
        {
            var app = MusterCommand.Current.App();
            if (parsed.GetValue(id) is { } wanted)
            {
                await LogsCommand.FollowAsync(app, Find(app, wanted), name => name.EndsWith(".out", StringComparison.Ordinal), null, ct);
                return 0;
            }
            await app.Keeper.RefreshAsync([.. Jobs(app).Where(run => run.State.IsLive)], TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(10), ct);
            PsCommand.Show(app, Jobs(app));
            return 0;
        }));
        return command;
    }

    private static Command Extract() => new("extract", "Copy the results of jobs to a folder.") { Extract("infer"), Extract("train") };

    private static Command Extract(string kind)
    {
        var id = new Option<string?>("--jobId", "--jobID", "--job-id") { Description = "This job.", HelpName = "ID" };
        var all = new Option<bool>("-a") { Description = $"Every {kind} job." };
        var location = new Option<string>("--location") { Description = "The folder; each job gets one of its id in it.", HelpName = "DIR", Required = true };
        var config = ConfigOption();
        var command = new Command(kind, $"Copy the results of {kind} jobs.") { id, all, location, config };
        command.SetAction((parsed, ct) => WithOldCodesAsync(async () =>
        {
            var app = MusterCommand.Current.App();
            var wanted = parsed.GetValue(id);
            if (wanted is null != parsed.GetValue(all)) throw new UserException("either --jobId or -a is wanted", "Write --jobId=ID for one job, or -a for every job.") { ExitCode = ExitCodes.Usage };
            var runs = wanted is not null ? [Find(app, wanted)] : Jobs(app).Where(run => run.Plan.Recipe == RecipePrefix + kind).ToList();
            runs = [.. await app.Keeper.RefreshAsync(runs, TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(10), ct)];
            foreach (var run in runs) await FetchCommand.BringAsync(app, run, Path.Combine(parsed.GetValue(location)!, run.Id.ToString()), [], always: true, ct);
            foreach (var run in runs.Where(run => !Succeeded(run))) app.Screen.Note("note", $"{run.Id.Short} {(run.State.IsLive ? "has not ended" : "did not succeed")}; what there is was copied", Tint.Yellow);
            return runs.All(Succeeded) ? 0 : 8;
        }));
        return command;
    }

    private static Command Keys()
    {
        var command = new Command("keys", "Every key of the config file.");
        command.SetAction(_ =>
        {
            foreach (var key in DroidSlamFile.Keys) MusterCommand.Current.Screen.Data(key);
        });
        return command;
    }

    /// <summary>The config file, by the older tool's order of places.</summary>
    private static string ConfigPath(string? given)
    {
        string?[] places = [given, App.Sources.Find("DROIDSLAM_CONFIG"), "droidslam.yaml", App.Sources.UserFile is { } own ? Path.Combine(Path.GetDirectoryName(own)!, "..", "droidslam", "config.yaml") : null];
        var named = places.Take(2).FirstOrDefault(place => place is not null);
        return Path.GetFullPath(named ?? places.Skip(2).FirstOrDefault(File.Exists)
            ?? throw new UserException("there is no config file: neither droidslam.yaml here nor your own", "Name it: --config FILE.") { ExitCode = ExitCodes.Usage });
    }

    /// <summary>What the recipe gets, under its own names.</summary>
    private static Dictionary<string, string> Given(DroidSlamFile file)
    {
        var given = file.InferParameters.ToDictionary(entry => entry.Key.Replace('_', '-'), entry => entry.Value);
        void Take(string name, string? value)
        {
            if (value is { Length: > 0 }) given[name] = value;
        }
        foreach (var (name, key) in ((string, string)[])[("images", "infer.imageDir"), ("calibration", "infer.calibration"), ("weights", "infer.weights")]) Take(name, file.LocalPath(key, App.Sources));
        foreach (var name in (string[])["stride", "t0", "buffer", "asynchronous"]) Take(name, file.Find("infer." + name));
        Take("image", file.Find("container.image"));
        Take("runtime", file.Find("container.runtime"));
        Take("repository", file.Find("source.repository"));
        Take("ref", file.Find("source.ref"));
        Take("stage-on", file.Find("remote.stageOn"));
        Take("warn", file.Find("slurm.signalBeforeEnd"));
        return given;
    }

    internal static IEnumerable<RecipeFinding> OfSlurm(DroidSlamFile file)
    {
        if (file.Find("slurm.timeLimit") is { } time && !TimeLimit.TryParse(time, out _)) yield return RecipeFinding.Error($"slurm.timeLimit '{ConfigFile.Flat(time)}' is none of M, M:S, H:M:S, D-H, D-H:M and D-H:M:S", "E401");
        foreach (var asked in file.Asked.Where(asked => file.Find("slurm." + asked) is null)) yield return RecipeFinding.Error($"slurm.{asked} is missing, and this cluster asks it of every job", "E402");
    }

    private static IReadOnlyList<Run> Jobs(App app) => [.. app.Store.Live().Concat(app.Store.Ended(int.MaxValue)).Where(run => run.Plan.Recipe?.StartsWith(RecipePrefix, StringComparison.Ordinal) is true)];

    /// <summary>By the id that was printed, a beginning of it of at least 8 letters, or SLURM's number while it lives.</summary>
    private static Run Find(App app, string id) => Jobs(app).Where(run => RunKeeper.HandleOf(run)?.Split(';')[0] == id || (id.Length >= 8 && run.Id.ToString().StartsWith(id, StringComparison.Ordinal))).ToList() switch
    {
        [var only] => only,
        [] => throw new UserException($"no job has the id '{ConfigFile.Flat(id)}'", "`droidslamcli status` lists the jobs; those of another machine are taken over with `muster ps --adopt FILE`.") { ExitCode = NotFound },
        var several => throw new UserException($"'{id}' is the beginning of {several.Count} jobs", "Type more of the id.") { ExitCode = NotFound },
    };

    private static bool Succeeded(Run run) => run.State is RunState.Ended { Outcome: Sites.Schedulers.Outcome.Succeeded };

    private static int? Number(DroidSlamFile file, string key) => file.Find(key) is not { } text ? null
        : int.TryParse(text, out var number) && number >= 0 ? number
        : throw new UserException($"{key} takes a whole number, not '{ConfigFile.Flat(text)}'", "Correct it in the config file.") { ExitCode = ExitCodes.Usage };

    private static Option<string?> ConfigOption() => new("--config", "-s") { Description = "The config file (YAML): else $DROIDSLAM_CONFIG, droidslam.yaml here, or your own.", HelpName = "FILE" };

    /// <summary>The older tool's exit codes for input and config, and for the connection.</summary>
    private static async Task<int> WithOldCodesAsync(Func<Task<int>> act)
    {
        try
        {
            return await act();
        }
        catch (HostUnreachableException fault)
        {
            throw new UserException(fault.Message, fault.Mend, fault) { ExitCode = Connection };
        }
        catch (ConfigException fault)
        {
            throw new UserException(fault.Message, fault.Mend, fault) { ExitCode = ExitCodes.Usage };
        }
    }
}
