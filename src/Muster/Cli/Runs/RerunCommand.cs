using System.CommandLine;
using Muster.Cli.Context;
using Muster.Faults;
using Muster.Runs;
using Muster.Runs.Submit;
using Muster.Sites.Schedulers.Slurm;

namespace Muster.Cli.Runs;

internal sealed class RerunCommand(string name, string about) : Command(name, about), IMayTakeCommand
{
    public static Command Create()
    {
        var selector = new Argument<string>("RUN") { Description = "Run: `last`, a name, or an ID as `ps` shows it." };
        var detach = new Option<bool>("--detach", "-d")
        {
            Description = "Submit and return without following the run.",
        };
        var env = new Option<string[]>("--env")
        {
            Description = "Set an environment variable; the others keep the values that they were given with --env.",
            HelpName = "NAME[=VALUE]",
            Arity = ArgumentArity.OneOrMore,
            AllowMultipleArgumentsPerToken = false,
        };
        var secret = RunOptions.SecretOption();
        var onInterrupt = CtrlC.Option();
        var failed = new Option<bool>("--failed")
        {
            Description = "Of a sweep or an array, do only what did not succeed.",
        };
        var sameCode = new Option<bool>("--same-code")
        {
            Description = "Take the code as it was then, not as it is now.",
        };
        var set = new Option<string[]>("--set")
        {
            Description = "Change an sbatch option.",
            HelpName = "KEY=VALUE",
            Arity = ArgumentArity.OneOrMore,
            AllowMultipleArgumentsPerToken = false,
        };
        var command = new RerunCommand(
            "rerun",
            """
            Submit a run again with the same options and the current code, or the same.

              muster rerun last
              muster rerun train -- python train.py --lr 0.01     with another command
              muster rerun train --set time=24:00:00              with another sbatch option
              muster rerun train --env LEVEL=4                    with another value of one variable
              muster rerun train --same-code                      with the code as it was then
              muster rerun sweep --failed                         only the points that failed

            Variables have the values that --env gave them; secrets, which Muster does not store, and variables that
            were taken from the environment (--env NAME) are taken from it again.
            """
        )
        {
            selector,
            failed,
            sameCode,
            set,
            detach,
            env,
            secret,
            onInterrupt,
        };
        command.SetAction(
            async (parsed, ct) =>
            {
                var app = parsed.App();
                var run = RunSelector.Get(app.Store, parsed.GetValue(selector)!);
                var old = run.Plan;
                if (parsed.GetValue(sameCode) && old.Commit is null)
                    throw new UserException(
                        $"the code of {old.Name} was not kept: "
                            + (old.Snapshot ? "its folder is not in git" : "it was submitted without"),
                        "Leave --same-code out."
                    );
                var (plan, environment) = Again(app, run, parsed.GetValue(env) ?? [], parsed.GetValue(secret) ?? []);
                if (parsed.Invocation().Command is { Count: > 0 } words)
                    plan = WithCommand(plan, words);
                if (parsed.GetValue(set) is { Length: > 0 } options)
                    plan = WithOptions(plan, options);
                if (parsed.GetValue(failed))
                    plan = await FailedAsync(app, run, plan, ct);
                if (old.Points.Count > 0)
                    plan = plan with { SweepOf = old.SweepOf ?? old.Id };
                return await SubmitCommand.SubmitAsync(
                    app,
                    plan,
                    environment,
                    parsed.GetValue(detach),
                    fetch: true,
                    parsed.GetValue(onInterrupt),
                    ct,
                    sameCode: parsed.GetValue(sameCode) ? old.Commit : null
                );
            }
        );
        return command;
    }

    /// <summary>The plan of a run for another time, and the values of its environment.</summary>
    internal static (RunPlan Plan, IReadOnlyDictionary<string, string> Environment) Again(
        App app,
        Run run,
        IReadOnlyList<string> env,
        IReadOnlyList<string> secrets
    )
    {
        var old = run.Plan;
        // Its plan names folders and variables of this machine, and anybody who can write to the site may have
        // written it.
        if (run.Adopted)
            throw new UserException(
                $"{old.Name} was adopted, so its plan was written on another machine",
                $"Look at it with `muster show {old.Name}`, then submit the command from your own folder: "
                    + $"muster submit -s {old.Site} -- COMMAND"
            );
        if (old.Snapshot && !Directory.Exists(old.WorkingFolder))
            throw new UserException(
                $"the folder {old.WorkingFolder} of {old.Name} no longer exists",
                "Submit it again from where its code is now."
            );
        if (old.Stdin is { } input && !File.Exists(input.Path))
            throw new UserException(
                $"what {old.Name} read as standard input is no longer kept here ({input.Path})",
                "Submit it again with --stdin."
            );
        var site = app.GetSite(old.Site);
        return RunEnvironment.Again(
            old.As(RunId.New(app.Clock)) with
            {
                At = null,
                Deadline = null,
            }, // these were of that time
            site.Env,
            env,
            secrets,
            Environment.GetEnvironmentVariable
        );
    }

    internal static RunPlan WithCommand(RunPlan plan, IReadOnlyList<string> words)
    {
        if (plan.Roles.Any(role => role.Lines.Count > 0))
            throw UserException.Misuse(
                $"the roles of {plan.Name} have commands of their own",
                "Submit it with new ones: muster submit --role-command NAME=LINE"
            );
        if (plan.Points.Count > 0)
            SweepText.Check(words, [.. plan.Points[0].Values.Keys]);
        return plan with { Command = words };
    }

    private static RunPlan WithOptions(RunPlan plan, IReadOnlyList<string> options)
    {
        if (!plan.HasScheduler)
            throw UserException.Misuse(
                $"--set passes sbatch options, but site {plan.Site} does not use SLURM",
                "Remove --set."
            );
        var lines = plan.BatchLines.ToList();
        foreach (var option in options)
        {
            var at = option.IndexOf('=');
            var line = SbatchOptions
                .None.With(at < 0 ? option : option[..at], at < 0 ? null : option[(at + 1)..])
                .ToLines()
                .Single();
            var key = line.Split('=')[0];
            var before = lines.FindIndex(other => other.Split('=')[0] == key);
            if (before < 0)
                lines.Insert(0, line);
            else
                lines[before] = line;
        }
        return RetryCheck.Resolve(plan with { BatchLines = lines });
    }

    /// <summary>The plan for those indices that are over and did not succeed, as the site says it now.</summary>
    private static async Task<RunPlan> FailedAsync(App app, Run run, RunPlan plan, CancellationToken ct)
    {
        if (plan.Array is null)
            throw UserException.Misuse(
                $"{run.Plan.Name} is neither a sweep nor an array",
                $"Leave --failed out: muster rerun {run.Plan.Name}"
            );
        run = (await app.Keeper.RefreshAsync([run], Patience, Patience, ct)).Single();
        var states = await PointStates.AskAsync(app.OpenSite(run.Plan.Site), run, Patience, ct);
        if (states.Any(point => point.Word == PointState.Unknown))
            throw new UserException(
                $"a host of {run.Plan.Site} does not answer, so it is not known which points of {run.Plan.Name} failed",
                $"Try again later. `muster sites check {run.Plan.Site}` finds what is wrong."
            );
        var indices = states.Where(point => point.Failed).Select(point => point.Index);
        return indices.ToList() is { Count: > 0 } failed
            ? plan.Only(failed)
            : throw new UserException(
                $"nothing of {run.Plan.Name} has failed{(run.State.IsLive ? " so far" : "")}",
                $"`muster show {run.Plan.Name} --points` shows how far each index is."
            );
    }

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
}
