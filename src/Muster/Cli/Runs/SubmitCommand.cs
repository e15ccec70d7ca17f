using System.CommandLine;
using Muster.Cli.Context;
using Muster.Cli.Terminal;
using Muster.Faults;
using Muster.Runs;
using Muster.Runs.Follow;
using Muster.Runs.Notices;
using Muster.Runs.Roles;
using Muster.Runs.Submit;
using Muster.Sites;
using Muster.Sites.Reading;
using Muster.Sites.Schedulers.Slurm;
using Muster.Snapshots;

namespace Muster.Cli.Runs;

internal class SubmitCommand : Command, ITakesCommand
{
    private readonly RunOptions _run = new();
    private readonly RetryOptions _retry = new();
    private readonly WhenOptions _when = new();
    private readonly Option<int?> _nodes = new("--nodes") { Description = "Number of nodes (SLURM).", HelpName = "N" };
    private readonly Option<string[]> _input = new("--input")
    {
        Description =
            "File or folder to upload; the command finds it at $MUSTER_IN/NAME. SITE:PATH is on the site already.",
        HelpName = "[SITE:]PATH[:NAME]",
        Arity = ArgumentArity.OneOrMore,
    };
    private readonly Option<string[]> _exclude = new("--exclude")
    {
        Description = "Leave files out of the inputs; patterns as in .gitignore.",
        HelpName = "PATTERN",
        Arity = ArgumentArity.OneOrMore,
        AllowMultipleArgumentsPerToken = false,
    };
    private readonly Option<string[]> _output = new("--output")
    {
        Description = "Files to fetch at the end, in addition to $MUSTER_OUT.",
        HelpName = "GLOB",
        Arity = ArgumentArity.OneOrMore,
    };
    private readonly Option<string[]> _port = new("--port")
    {
        Description = "Port to forward to this machine; without N, a free one is passed in $MUSTER_PORT_NAME.",
        HelpName = "NAME[=N]",
        Arity = ArgumentArity.OneOrMore,
    };
    private readonly Option<string?> _tensorboard = new("--tensorboard")
    {
        Description = "Run TensorBoard beside the job and forward it; give the folder with '='.",
        HelpName = "DIR",
        Arity = ArgumentArity.ZeroOrOne,
    };
    private readonly Option<string?> _array = new("--array")
    {
        Description = "Run once for each index: 0-9, 1,3,5, 0-99%4. The index is in $MUSTER_RANK.",
        HelpName = "SPEC",
    };
    private readonly Option<string[]> _roleCommand = new("--role-command")
    {
        Description = "Shell command for one role, instead of COMMAND.",
        HelpName = "NAME=LINE",
        Arity = ArgumentArity.OneOrMore,
        AllowMultipleArgumentsPerToken = false,
    };
    private readonly Option<string?> _launch = new("--launch")
    {
        Description = $"How ranks find each other: {LaunchProfile.Names}.",
        HelpName = "PROFILE",
    };
    private readonly Option<string?> _stay = new("--stay")
    {
        Description = "Keep TensorBoard running this long after the end.",
        HelpName = "TIME",
    };
    private readonly Option<bool> _stdin = new("--stdin")
    {
        Description = "Send standard input, to its end, for the command to read; a rerun reads the same.",
    };
    private readonly Option<bool> _tty = new("--tty")
    {
        Description =
            "Run it at a terminal that outlives broken links: this one shows it, Ctrl-P Ctrl-Q detaches, `attach` comes "
            + "back.",
    };
    private readonly Option<bool> _any = new("--any")
    {
        Description =
            "Ask several sites, and run on the one that begins it soonest: those of -s A,B, or all but this machine and "
            + "clouds.",
    };
    private readonly Option<bool> _noSnapshot = new("--no-snapshot") { Description = "Do not upload this folder." };
    private readonly Option<bool> _raw = new("--raw")
    {
        Description = "Pass the command to the remote shell as one string.",
    };

    private SubmitCommand()
        : this(
            "submit",
            """
            Run a command on a site, with the code of this folder.

              muster submit -- python train.py
              muster submit -s cedar --gpus 1 --time 10h -- python main.py --epochs 90
              muster submit -s lab --output 'results/*.csv' --tensorboard=runs -- ./experiment.sh
              muster submit -s burst --gpus 1 --keep 30m -- python train.py
              muster submit train --gpus 2                a job of muster.yaml, with another option
              muster submit train -- --lr 0.1             the same, with more words for its command
              muster submit                               the job of muster.job.yaml
              muster submit -s lab --at 22:00 --deadline 07:00 -- ./nightly.sh
              muster submit --any -s cedar,lab -- ./run.sh  on whichever begins it sooner
              muster submit -s cedar --tty -- python -m pdb main.py
              pg_dump shop | muster submit --stdin -- ./import.sh
              muster submit -s cedar --memory 16G --retry 3 --grow-memory 1.5 -- python train.py

            Options end at the first word of the command; '--' may stand before it, and then it is never a job. Options
            given here replace those of the job, or add to them where there may be several. Words behind '--' replace
            the job's command; if the first begins with '-', they are added to it.
            """
        )
    {
        foreach (var option in (Option[])[_array, .. _retry.All])
            Add(option);
    }

    /// <summary>A command that submits, and asks for more in its own way.</summary>
    protected SubmitCommand(string name, string about)
        : base(name, about)
    {
        foreach (
            var option in (Option[])
                [
                    _run.Site,
                    _any,
                    _run.Name,
                    _run.Tag,
                    _run.Host,
                    _run.Gpus,
                    _run.Cpus,
                    _run.Memory,
                    _run.Time,
                    _nodes,
                    _run.Set,
                    _run.Env,
                    _run.Secret,
                    _input,
                    _exclude,
                    _stdin,
                    _tty,
                    _output,
                    _port,
                    _tensorboard,
                    _run.Container,
                    _run.Pull,
                    _run.Role,
                    _roleCommand,
                    _launch,
                    _run.ReadyWithin,
                    _run.After,
                    _stay,
                    .. _when.All,
                    _run.Keep,
                    _run.Notify,
                    _run.Detach,
                    _run.DryRun,
                    _run.Scripts,
                    _noSnapshot,
                    _run.NoFetch,
                    _raw,
                    _run.OnInterrupt,
                ]
        )
            Add(option);
        SetAction(RunAsync);
    }

    public static Command Create() => new SubmitCommand();

    /// <summary>What else is asked for.</summary>
    protected virtual SubmitRequest Asked(ParseResult parsed, SubmitRequest request) => request;

    /// <summary>What was typed is whole without a command.</summary>
    internal virtual bool NeedsNoCommand(ParseResult parsed) => parsed.GetResult(_roleCommand) is not null;

    protected RunOptions Run => _run;

    protected async Task<int> RunAsync(ParseResult parsed, CancellationToken ct)
    {
        var app = parsed.App();
        var job = parsed.Invocation().Job;
        if (job is not null && !app.Json)
            app.Screen.Note("job", $"{job.Name} ({job.Origin})");
        var asked = _run.Asked(parsed);
        if (job is not null)
            asked = asked with
            {
                Name = asked.Name ?? RunNames.Fit(job.Name),
                InputFolder = asked.WorkingFolder,
                WorkingFolder = job.Folder ?? asked.WorkingFolder,
            };
        var request = asked with
        {
            Nodes = parsed.GetValue(_nodes),
            Inputs = parsed.GetValue(_input) ?? [],
            Exclude = parsed.GetValue(_exclude) ?? [],
            Stdin = parsed.GetValue(_stdin),
            Tty = parsed.GetValue(_tty) ? RunTerminal.Kind : null,
            Outputs = parsed.GetValue(_output) ?? [],
            Ports = parsed.GetValue(_port) ?? [],
            TensorBoard = parsed.GetResult(_tensorboard) is null ? null : parsed.GetValue(_tensorboard) ?? ".",
            Array = parsed.GetValue(_array),
            RoleCommands = parsed.GetValue(_roleCommand) ?? [],
            Launch = parsed.GetValue(_launch),
            Stay = parsed.GetValue(_stay),
            Retry = _retry.Read(parsed),
            Snapshot = !parsed.GetValue(_noSnapshot),
            RawLine = parsed.GetValue(_raw),
        };
        request = _when.Asked(parsed, Asked(parsed, request), app.Clock);
        var planner = new RunPlanner(app.Store, app.Clock, Environment.GetEnvironmentVariable);
        (RunPlan Plan, IReadOnlyDictionary<string, string> Environment) PlanOn(Site site) =>
            planner.Plan(
                request with
                {
                    FolderOptions =
                        (site is SlurmSite ? SbatchJson.Find(asked.WorkingFolder) : null) ?? SbatchOptions.None,
                },
                site
            );
        var named = parsed.GetValue(_run.Site);
        var choices = parsed.GetValue(_any)
            ? await AnySite.OrderAsync(app, named, PlanOn, ct)
            : [PlanOn(app.GetSite(named))];
        var plan = choices[0].Plan;
        if (request.Tty is not null && !parsed.GetValue(_run.Detach) && !parsed.GetValue(_run.DryRun))
            Entrance.NeedTerminal("--tty", "To attach to it later: --detach.");
        if (request.Stdin)
            plan = plan with { Stdin = KeptInput.For(app, plan.Id) };
        else if (StandardInput.HasSomething())
            app.Screen.Note("note", "standard input is not passed on to the run; --stdin sends it along", Tint.Yellow);
        if (parsed.GetValue(_run.DryRun))
            return await DryRun.ShowAsync(app, plan, parsed.GetValue(_run.Scripts), ct);
        if (plan.Stdin is { } input)
            plan = plan with { Stdin = await KeptInput.ReadAsync(app, input, ct) };
        try
        {
            for (var at = 0; ; at++)
            {
                var isTaken = true;
                try
                {
                    return await SubmitAsync(
                        app,
                        choices[at].Plan with
                        {
                            Stdin = plan.Stdin,
                        },
                        choices[at].Environment,
                        parsed.GetValue(_run.Detach),
                        !parsed.GetValue(_run.NoFetch),
                        parsed.GetValue(_run.OnInterrupt),
                        ct,
                        new() { NotTaken = () => isTaken = false }
                    );
                }
                catch (UserException fault) when (!isTaken && at + 1 < choices.Count)
                {
                    var (site, next) = (choices[at].Plan.Site, choices[at + 1].Plan.Site);
                    app.Screen.Note("next", $"{site} did not take it ({fault.Message}); trying {next}", Tint.Yellow);
                }
            }
        }
        finally
        {
            if (plan.Stdin is { } kept && choices.All(one => app.Store.Find(one.Plan.Id) is null))
                KeptInput.Forget(kept);
        }
    }

    /// <summary>Submits a plan and follows it, as `submit`, `rerun` and the personas do.</summary>
    public static async Task<int> SubmitAsync(
        App app,
        RunPlan plan,
        IReadOnlyDictionary<string, string> environment,
        bool detach,
        bool fetch,
        OnInterrupt onInterrupt,
        CancellationToken ct,
        SubmitWatch? watch = null,
        string? sameCode = null
    )
    {
        var screen = app.Screen;
        var line = new TransferLine(screen, "sending", app.Clock);
        var machines = CloudRuns.Of(app, plan.Site);
        if (machines is not null)
            plan = await CloudRuns.ChooseAsync(app, machines, plan, ct);
        plan = HostNotice.Planned(plan, app.Config.Notify);
        var submission = new Submission(
            app.Store,
            app.OpenSite(plan.Site),
            app.Cache,
            app.Clock,
            survey => Agrees(app, survey)
        )
        {
            BringUp = machines is null ? null : CloudRuns.BringUp(app, machines),
            SameCode = sameCode,
            Notices = HostNotice.Text(plan, app.Config.Notify),
            NotTaken = watch?.NotTaken,
        };
        using var ctrlC = new CtrlC(app, onInterrupt);
        await using var attachment = new Attachment(app, ctrlC) { Heard = watch?.Heard, FetchTo = watch?.FetchTo };
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var submitting = submission.SubmitAsync(
            plan,
            environment,
            happening => Tell(screen, line, happening, watch),
            stop.Token
        );
        if (!await ctrlC.EndsAsync(submitting, stop))
        {
            if (app.Store.Find(plan.Id) is { } left)
                screen.Note(
                    "interrupted",
                    $"{left.Plan.Name} was apparently not launched. To close it: muster cancel {app.IdOf(left)}   "
                        + $"Again: muster rerun {app.IdOf(left)}",
                    Tint.Yellow
                );
            else
                screen.Note("interrupted", "before anything was sent", Tint.Yellow);
            return ExitCodes.Interrupted;
        }
        var run = await submitting;
        if (machines is not null)
            await CloudRuns.HoldAsync(app, machines, run, ct);
        if (watch?.Launched is { } launched)
            await launched(run);
        if (screen.Quiet && !app.Json)
            screen.Data(run.Id.ToString());
        if (detach)
        {
            if (app.Json)
                screen.Data(System.Text.Json.JsonSerializer.Serialize(RunView.Of(run), RunAnswers.Plain.RunView));
            else
                screen.Note("detached", $"Follow it: muster attach {app.IdOf(run)}");
            return 0;
        }
        if (RunTerminal.Fits(run) && !app.Json)
            return await new RunTerminal(app).FollowAsync(run, fetch, ct);
        if (!app.Json)
            attachment.Told(run);
        return await attachment.FollowAsync(run, fetch, logs: true, ct);
    }

    private static void Tell(Screen screen, TransferLine line, SubmitEvent happening, SubmitWatch? watch)
    {
        switch (happening)
        {
            case SubmitEvent.Recorded({ Plan: { Series: { } series } plan }):
                screen.Note("name", $"{plan.Name}, because a run named {series} already exists");
                break;
            case SubmitEvent.HostChosen(var reason):
                screen.Note("host", reason);
                break;
            case SubmitEvent.Taken(var snapshot):
                var from =
                    snapshot.Commit is null ? "folder"
                    : snapshot.Branch is null ? $"{snapshot.Commit[..10]} again"
                    : $"{snapshot.Branch}{(snapshot.Dirty ? " with changes" : "")} as {snapshot.Commit[..10]}";
                var left =
                    snapshot.LeftOut.Entries.Count == 0
                        ? ""
                        : $"; left out: {string.Join(", ", snapshot.LeftOut.Entries)}"
                            + $"{(snapshot.LeftOut.More ? ", …" : "")}";
                screen.Note(
                    "snapshot",
                    $"{from}: {Words.Count(snapshot.Items.Count, "file")}, {Words.Size(snapshot.TotalBytes)}{left}"
                );
                foreach (var warning in snapshot.Warnings)
                    screen.Note("note", warning, Tint.Yellow);
                watch?.Taken?.Invoke(snapshot);
                break;
            case SubmitEvent.Staging(var text):
                screen.Note("image", text);
                break;
            case SubmitEvent.Sending(var progress):
                line.Report(progress);
                break;
            case SubmitEvent.Sent(var report, var time) when report.FilesSent > 0 || report.BytesThere > 0:
                screen.Note(
                    "sent",
                    $"{Words.Count(report.FilesSent, "file")}, {Words.Size(report.BytesSent)} in "
                        + $"{Words.Duration(time)}"
                        + $"{(report.BytesThere > 0 ? $"; {Words.Size(report.BytesThere)} already there" : "")}"
                );
                break;
            case SubmitEvent.Launched(var run):
                screen.Note("launched", $"{run.Plan.Name} on {RunText.Place(run)} ({run.Id})");
                break;
            case SubmitEvent.Retrying(var why):
                screen.Note("again", why, Tint.Yellow);
                break;
        }
    }

    private static bool Agrees(App app, SnapshotSurvey survey)
    {
        var (most, files) = (app.Config.SnapshotWarnBytes, app.Config.SnapshotWarnFiles);
        if (survey.Bytes <= most && survey.Files.Count <= files || app.Yes)
            return true;
        var what =
            $"the snapshot would upload {Words.Count(survey.Files.Count, "new file")} of {Words.Size(survey.Bytes)}: "
            + $"{string.Join(", ", survey.Largest(3).Select(item => $"{item.Path} ({Words.Size(item.Size)})"))}";
        if (!app.Screen.MayAsk || app.Json)
            throw new UserException(
                what,
                "Ignore what should stay here in .gitignore or .musterignore, bring data with --input, or agree with "
                    + "--yes."
            );
        return app.Screen.Ask($"{what}\nUpload it? [y]es [n]o", "yn") == 'y';
    }
}

/// <summary>What a persona does at the steps of a submission.</summary>
internal sealed record SubmitWatch
{
    /// <summary>The snapshot is taken, and nothing is sent yet.</summary>
    public Action<Snapshots.Snapshot>? Taken { get; init; }
    public Func<Run, Task>? Launched { get; init; }

    /// <summary>The site did not take it, and nothing of it was or will be started there.</summary>
    public Action? NotTaken { get; init; }
    public Action<RunEvent>? Heard { get; init; }

    /// <summary>Where results come to.</summary>
    public string? FetchTo { get; init; }
}
