using System.CommandLine;
using System.Globalization;
using Muster.Cli.Context;
using Muster.Cli.Terminal;
using Muster.Faults;
using Muster.Runs;
using Muster.Runs.Submit;

namespace Muster.Cli.Runs;

internal sealed class SweepCommand : SubmitCommand
{
    private readonly Option<string[]> _grid = new("--grid")
    {
        Description =
            "A parameter and its values: 0.1,0.01 or 0..9 or 8..64:8; spaced by log:1e-5..1e-1:5 or lin:0..1:5; without "
            + "the count, drawn at random.",
        HelpName = "NAME=VALUES",
        Arity = ArgumentArity.OneOrMore,
        AllowMultipleArgumentsPerToken = false,
    };
    private readonly Option<string?> _file = new("--file")
    {
        Description = "CSV file with a point on each line, below a line of names; or YAML with `grid` and `points`.",
        HelpName = "FILE",
    };
    private readonly Option<string?> _add = new("--add")
    {
        Description = "Add the points to this sweep, as a run of their own; what it has already is left out.",
        HelpName = "RUN",
    };
    private readonly Option<int?> _max = new("--max")
    {
        Description = "At most N points; of more combinations, so many are drawn.",
        HelpName = "N",
    };
    private readonly Option<int?> _atOnce = new("--at-once")
    {
        Description = "At most N points run at the same time.",
        HelpName = "N",
    };
    private readonly Option<int> _seed = new("--seed")
    {
        Description = "What is drawn depends on it (0): the same seed draws the same points.",
        HelpName = "N",
    };

    private SweepCommand()
        : base(
            "sweep",
            """
            Run a command once for each combination of parameters, as one run.

              muster sweep --grid lr=0.1,0.01 --grid seed=0..9 -- python train.py --lr {lr} --seed {seed}
              muster sweep --grid lr=log:1e-5..1e-1 --grid drop=lin:0..0.5 --max 20 -- python train.py --lr {lr}
              muster sweep -s cedar --gpus 1 --file points.csv --at-once 4 -- ./train.sh
              muster sweep --file sweep.yaml -- ./train.sh
              muster sweep train --grid lr=0.1,0.01       a job of muster.yaml, whose command has {lr}
              muster sweep --add train --grid lr=0.003 --grid seed=0..9

            The command finds each parameter as {NAME} in its words and as $MUSTER_PARAM_NAME, and writes to its own
            $MUSTER_OUT. `muster show --points` shows how far each point is; `muster rerun SWEEP --failed` does those
            again that failed; `muster best SWEEP --metric NAME` finds the best.
            """
        )
    {
        foreach (var option in (Option[])[_grid, _file, _add, _max, _atOnce, _seed])
            Add(option);
        SetAction(
            (parsed, ct) => parsed.GetValue(_add) is { } sweep ? AddAsync(parsed, sweep, ct) : RunAsync(parsed, ct)
        );
    }

    public static new Command Create() => new SweepCommand();

    private IReadOnlyList<SweepPoint> Points(ParseResult parsed, int first) =>
        SweepReader.Read(
            parsed.GetValue(_grid) ?? [],
            parsed.GetValue(_file) is { } file ? SweepFile.Read(file) : SweepFile.None,
            parsed.GetValue(_max),
            parsed.GetValue(_seed),
            first
        );

    /// <summary>Does more points of a sweep, with the options that it was submitted with.</summary>
    private async Task<int> AddAsync(ParseResult parsed, string selector, CancellationToken ct)
    {
        var app = parsed.App();
        Option[] taken =
        [
            _grid,
            _file,
            _add,
            _max,
            _seed,
            Run.Env,
            Run.Secret,
            Run.DryRun,
            Run.Scripts,
            Run.Detach,
            Run.NoFetch,
            Run.OnInterrupt,
        ];
        if (Options.Except(taken).FirstOrDefault(one => parsed.GetResult(one) is { Implicit: false }) is { } other)
            throw UserException.Misuse(
                $"added points take the options of their sweep, so {other.Name} would have no effect",
                $"Leave {other.Name} out, or begin another sweep."
            );
        var run = RunSelector.Get(app.Store, selector);
        if (run.Plan.Points.Count == 0)
            throw UserException.Misuse(
                $"{run.Plan.Name} is no sweep, so no points can be added to it",
                "Start one: muster sweep --grid NAME=VALUES -- COMMAND"
            );
        var first = run.Plan.SweepOf ?? run.Id;
        var done = app.Store.WholeSweep(run.Plan).SelectMany(one => one.Plan.Points).ToList();
        var asked = Points(parsed, first: done.Max(point => point.Index) + 1);
        var names = run.Plan.Points[0].Values.Keys.Order(StringComparer.Ordinal).ToList();
        if (!asked[0].Values.Keys.Order(StringComparer.Ordinal).SequenceEqual(names))
            throw UserException.Misuse(
                $"the points have {string.Join(", ", asked[0].Values.Keys)}, but {run.Plan.Name} has "
                    + string.Join(", ", names),
                "Give each of its parameters at least one value."
            );
        var known = done.Select(Key).ToHashSet();
        List<SweepPoint> points =
        [
            .. asked
                .Where(point => !known.Contains(Key(point)))
                .Select((point, at) => point with { Index = asked[0].Index + at }),
        ];
        if (points.Count == 0)
            throw new UserException(
                $"{run.Plan.Name} has all of these points already",
                $"`muster show {run.Plan.Name} --points` shows them; `muster rerun {run.Plan.Name}` does all again."
            );
        var (plan, environment) = RerunCommand.Again(
            app,
            run,
            parsed.GetValue(Run.Env) ?? [],
            parsed.GetValue(Run.Secret) ?? []
        );
        if (parsed.Invocation().Command is { Count: > 0 } words)
            plan = RerunCommand.WithCommand(plan, words);
        plan = plan.WithPoints(points) with { SweepOf = first };
        if (parsed.GetValue(Run.DryRun))
            return await DryRun.ShowAsync(app, plan, parsed.GetValue(Run.Scripts), ct);
        Tell(app, points);
        return await SubmitAsync(
            app,
            plan,
            environment,
            parsed.GetValue(Run.Detach),
            !parsed.GetValue(Run.NoFetch),
            parsed.GetValue(Run.OnInterrupt),
            ct
        );

        string Key(SweepPoint point) => string.Join('\n', names.Select(name => point.Values.GetValueOrDefault(name)));
    }

    internal override bool NeedsNoCommand(ParseResult parsed) =>
        parsed.GetValue(_add) is not null || base.NeedsNoCommand(parsed);

    private static void Tell(App app, IReadOnlyList<SweepPoint> points)
    {
        if (!app.Json)
            app.Screen.Note(
                "sweep",
                $"{Words.Count(points.Count, "point")}: {points[0].Label()} … {points[^1].Label()}"
            );
    }

    protected override SubmitRequest Asked(ParseResult parsed, SubmitRequest request)
    {
        var points = Points(parsed, first: 0);
        if (parsed.GetValue(_atOnce) is { } few and < 1)
            throw UserException.Misuse($"--at-once {few} would never begin", "Pass at least 1.");
        SweepText.Check(request.Command, [.. points[0].Values.Keys]);
        Tell(parsed.App(), points);
        var cap = parsed.GetValue(_atOnce) is { } most ? $"%{most}" : "";
        return request with
        {
            Points = points,
            Array = string.Create(CultureInfo.InvariantCulture, $"0-{points.Count - 1}{cap}"),
        };
    }
}
