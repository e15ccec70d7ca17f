using System.CommandLine;
using System.Globalization;
using Muster.Cli.Context;
using Muster.Cli.Terminal;
using Muster.Faults;
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
        Description = "CSV file with a point on each line, below a line of names.",
        HelpName = "FILE",
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

            The command finds each parameter as {NAME} in its words and as $MUSTER_PARAM_NAME, and writes to its own
            $MUSTER_OUT. `muster show --points` shows how far each point is; `muster rerun SWEEP --failed` does those
            again that failed.
            """
        )
    {
        foreach (var option in (Option[])[_grid, _file, _max, _atOnce, _seed])
            Add(option);
    }

    public static new Command Create() => new SweepCommand();

    protected override SubmitRequest Asked(ParseResult parsed, SubmitRequest request)
    {
        var points = SweepReader.Read(
            parsed.GetValue(_grid) ?? [],
            parsed.GetValue(_file) is { } file ? SweepFile.Read(file) : [],
            parsed.GetValue(_max),
            parsed.GetValue(_seed),
            first: 0
        );
        if (parsed.GetValue(_atOnce) is { } few and < 1)
            throw UserException.Misuse($"--at-once {few} would never begin", "Pass at least 1.");
        SweepText.Check(request.Command, [.. points[0].Values.Keys]);
        var app = parsed.App();
        if (!app.Json)
            app.Screen.Note(
                "sweep",
                $"{Words.Count(points.Count, "point")}: {points[0].Label()} … {points[^1].Label()}"
            );
        var cap = parsed.GetValue(_atOnce) is { } most ? $"%{most}" : "";
        return request with
        {
            Points = points,
            Array = string.Create(CultureInfo.InvariantCulture, $"0-{points.Count - 1}{cap}"),
        };
    }
}
