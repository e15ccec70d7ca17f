using System.CommandLine;
using Muster.Cli.Context;
using Muster.Cli.Recipes;
using Muster.Cli.Runs;
using Muster.Cli.Terminal;
using Muster.Configuration;
using Muster.Faults;
using Muster.Recipes.Reading;
using Muster.Runs;
using Muster.Sites.Import;

namespace Muster.Cli.Personas;

/// <summary>The command line of DROIDSLAMCLI: its commands, its config file, both spellings of its job id.</summary>
internal static class DroidSlamPersona
{
    private const int Connection = 3;
    private const int Partial = 8;
    private static readonly TimeSpan LookPatience = TimeSpan.FromSeconds(10);

    public static Command Create() =>
        new(
            "droidslamcli",
            """
            The older tool `droidslamcli`: DROID-SLAM on a cluster.

              droidslamcli infer --config droidslam.yaml
              droidslamcli status --jobID=ID
              droidslamcli extract infer --jobId=ID --location=results --config droidslam.yaml
            """
        )
        {
            Submit("infer", "inference"),
            Submit("train", "training"),
            Status(),
            Extract(),
            Keys(),
        };

    private static Command Submit(string kind, string what)
    {
        var config = ConfigOption();
        var dryRun = new Option<bool>("--dry-run")
        {
            Description = "Check the inputs and print the plan and the scripts, without running anything.",
        };
        var follow = new Option<bool>("--follow")
        {
            Description = "Follow the job and fetch its results, as `muster run` does.",
        };
        var command = new Command(kind, $"Check and upload the inputs, submit one {what} job and print its id.")
        {
            config,
            dryRun,
            follow,
        };
        command.SetAction(
            (parsed, ct) =>
                WithOldCodesAsync(async () =>
                {
                    var app = parsed.App();
                    var path =
                        ConfigPath(parsed.GetValue(config))
                        ?? throw UserException.Misuse(
                            "no config file was found: neither ./droidslam.yaml nor your own",
                            "Name it: --config FILE."
                        );
                    var work = new DroidSlamWork(
                        DroidSlamFile.Read(path, LocalSources.Find()),
                        kind,
                        LocalSources.Find()
                    );
                    var site = app.GetSite(path);
                    var recipe = new RecipeBook(LocalSources.Find()).Get(DroidSlamJobs.RecipePrefix + kind);
                    var detach = !parsed.GetValue(follow);
                    var watch = new SubmitWatch
                    {
                        Launched = run =>
                        {
                            if (detach && !app.Json && !app.Screen.Quiet)
                                app.Screen.Data(run.Id.ToString());
                            return Task.CompletedTask;
                        },
                    };
                    var options = new RecipeRunOptions(
                        parsed.GetValue(dryRun),
                        detach,
                        true,
                        app.Config.OnInterrupt,
                        watch
                    )
                    {
                        Findings = [.. work.Findings()],
                    };
                    return await RecipeCommand.RunAsync(
                        app,
                        recipe,
                        work.Given(recipe),
                        work.Request(),
                        site,
                        options,
                        ct
                    );
                })
        );
        return command;
    }

    private static Command Status()
    {
        var id = new Option<string?>("--jobID", "--jobId", "--job-id")
        {
            Description = "Print the output and errors of this job until it ends, and how it ended.",
            HelpName = "ID",
        };
        var config = ConfigOption();
        var command = new Command("status", "List the jobs, or follow the output of one.") { id, config };
        command.SetAction(
            (parsed, ct) =>
                WithOldCodesAsync(async () =>
                {
                    var app = parsed.App();
                    if (parsed.GetValue(id) is { } wanted)
                    {
                        var run = (
                            await app.Keeper.RefreshAsync(
                                [DroidSlamJobs.Find(app, wanted)],
                                LookPatience,
                                LookPatience,
                                ct
                            )
                        )[0];
                        if (run.State.IsLive)
                            Tell(app, run);
                        Tell(app, await LogsCommand.FollowAsync(app, run, _ => true, null, ct));
                        return 0;
                    }
                    await app.Keeper.RefreshAsync(
                        [.. DroidSlamJobs.All(app).Where(run => run.State.IsLive)],
                        LookPatience,
                        LookPatience,
                        ct
                    );
                    PsCommand.Show(app, DroidSlamJobs.All(app));
                    return 0;
                })
        );
        return command;
    }

    private static void Tell(App app, Run run)
    {
        var (word, text, tint) = RunText.Describe(run, app.Clock.GetUtcNow());
        app.Screen.Note(word, text, tint);
        foreach (var note in run.Notes)
            app.Screen.Note("note", note, Tint.Yellow);
    }

    private static Command Extract() =>
        new("extract", "Copy the results of jobs to a folder.") { Extract("infer"), Extract("train") };

    private static Command Extract(string kind)
    {
        var id = new Option<string?>("--jobId", "--jobID", "--job-id") { Description = "This job.", HelpName = "ID" };
        var all = new Option<bool>("-a") { Description = $"Every {kind} job." };
        var location = new Option<string>("--location")
        {
            Description = "The target folder; each job gets a subfolder named after its id.",
            HelpName = "DIR",
            Required = true,
        };
        var noExport = new Option<bool>("--no-export")
        {
            Description = "Do not export the point cloud and the trajectory.",
        };
        var checkpoints = new Option<bool>("--all-checkpoints")
        {
            Description = "Copy all checkpoints, not only the newest.",
        };
        var config = ConfigOption();
        var command = new Command(kind, $"Copy the results of {kind} jobs, with their logs.")
        {
            id,
            all,
            location,
            config,
            kind is "infer" ? noExport : checkpoints,
        };
        command.SetAction(
            (parsed, ct) =>
                WithOldCodesAsync(async () =>
                {
                    var app = parsed.App();
                    var wanted = parsed.GetValue(id);
                    if (wanted is null != parsed.GetValue(all))
                        throw UserException.Misuse(
                            "pass either --jobId or -a",
                            "Write --jobId=ID for one job, or -a for every job."
                        );
                    var export =
                        kind is "train" || parsed.GetValue(noExport) ? null
                        : ConfigPath(parsed.GetValue(config)) is { } path
                            ?
                            [
                                .. new DroidSlamWork(
                                    DroidSlamFile.Read(path, LocalSources.Find()),
                                    kind,
                                    LocalSources.Find()
                                ).ExportOptions(),
                            ]
                        : Array.Empty<string>();
                    var runs = wanted is not null
                        ? [DroidSlamJobs.Find(app, wanted)]
                        : DroidSlamJobs
                            .All(app)
                            .Where(run => run.Plan.Recipe == DroidSlamJobs.RecipePrefix + kind)
                            .ToList();
                    runs = [.. await app.Keeper.RefreshAsync(runs, LookPatience, LookPatience, ct)];
                    foreach (var run in runs)
                        await DroidSlamJobs.CopyAsync(
                            app,
                            run,
                            Path.GetFullPath(Path.Combine(parsed.GetValue(location)!, run.Id.ToString())),
                            kind is "train" && parsed.GetValue(checkpoints),
                            export,
                            ct
                        );
                    foreach (var run in runs.Where(run => !DroidSlamJobs.Succeeded(run)))
                        app.Screen.Note(
                            "note",
                            $"{app.IdOf(run)} {(run.State.IsLive ? "has not ended" : "did not succeed")}; copied what "
                                + "it left",
                            Tint.Yellow
                        );
                    return runs.All(DroidSlamJobs.Succeeded) ? 0 : Partial;
                })
        );
        return command;
    }

    private static Command Keys()
    {
        var command = new Command("keys", "List every key of the config file.");
        command.SetAction(parsed =>
        {
            foreach (var key in DroidSlamFile.Keys)
                parsed.Invocation().Screen.Data(key);
        });
        return command;
    }

    /// <summary>The config file, by the older tool's order of places; null when there is none.</summary>
    private static string? ConfigPath(string? given)
    {
        if ((given ?? LocalSources.Find().Find("DROIDSLAM_CONFIG")) is { } named)
            return Path.GetFullPath(named);
        string?[] usual =
        [
            "droidslam.yaml",
            LocalSources.Find().UserFile is { } own
                ? Path.Combine(Path.GetDirectoryName(own)!, "..", "droidslam", "config.yaml")
                : null,
        ];
        return usual.FirstOrDefault(File.Exists) is { } found ? Path.GetFullPath(found) : null;
    }

    private static Option<string?> ConfigOption() =>
        new("--config", "-s")
        {
            Description =
                "The config file (YAML); without it, $DROIDSLAM_CONFIG, ./droidslam.yaml or your own in "
                + "~/.config/droidslam.",
            HelpName = "FILE",
        };

    /// <summary>The older tool's exit codes for input and config, and for the connection.</summary>
    private static async Task<int> WithOldCodesAsync(Func<Task<int>> act)
    {
        try
        {
            return await act();
        }
        catch (HostUnreachableException fault)
        {
            throw new UserException(fault.Message, fault.Fix, fault) { ExitCode = Connection };
        }
        catch (ConfigException fault)
        {
            throw UserException.Misuse(fault.Message, fault.Fix, fault);
        }
    }
}
