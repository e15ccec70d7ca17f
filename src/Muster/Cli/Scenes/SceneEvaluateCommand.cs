using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Muster.Cli.Context;
using Muster.Cli.Terminal;
using Muster.Faults;
using Muster.Scenes.Evaluation;
using Muster.Scenes.Formats.Trajectories;

namespace Muster.Cli.Scenes;

/// <summary>
/// What `evaluate ate` and `evaluate rpe` share: two trajectories, how they are brought together, and what becomes of
/// the errors.
/// </summary>
internal sealed class SceneEvaluateCommand : Command
{
    private readonly Option<string> _reference = new("--ref")
    {
        Description = "The reference trajectory (ground truth).",
        HelpName = "FILE",
        Required = true,
    };
    private readonly Option<string> _estimate = new("--est")
    {
        Description = "The trajectory to evaluate.",
        HelpName = "FILE",
        Required = true,
    };
    private readonly Option<TrajectoryFormat?> _format = Choice.Maybe<TrajectoryFormat>(
        "--format",
        "How both are written; otherwise as each looks."
    );
    private readonly Option<AlignmentMode> _align = Choice.Of(
        "--align",
        "What may be done to the estimate first: turn, move and scale it; turn and move it; only scale it; put its "
            + "first pose onto the first.",
        AlignmentMode.Sim3
    );
    private readonly Option<int?> _alignFirst = new("--align-first")
    {
        Description = "Align using only the first N poses.",
        HelpName = "N",
    };
    private readonly Option<double> _delta = new("--delta")
    {
        Description = "Length of each trajectory segment.",
        HelpName = "SIZE",
        DefaultValueFactory = _ => 1,
    };
    private readonly Option<DeltaUnit> _unit = Choice.Of("--unit", "What --delta is in.", DeltaUnit.Frames);
    private readonly Option<bool> _allPairs = new("--all-pairs")
    {
        Description = "Start a segment at every pose instead of where the previous one ended.",
    };
    private readonly Option<RelativeConvention> _convention = Choice.Of(
        "--convention",
        "How two motions are compared: as evo, or as the script of the TUM benchmark.",
        RelativeConvention.Evo
    );
    private readonly Option<string?> _plots = new("--plots")
    {
        Description = "Write plots of both trajectories and the errors to this folder, as SVG and PNG.",
        HelpName = "FOLDER",
    };
    private readonly Option<string?> _saveResults = new("--save-results")
    {
        Description = "Save the results as a zip file for evo's tools.",
        HelpName = "FILE",
    };
    private readonly AssociationOptions _association = new();
    private readonly bool _relative;

    private SceneEvaluateCommand(string name, string description, bool relative)
        : base(name, description)
    {
        _relative = relative;
        foreach (var option in (Option[])[_reference, _estimate, _format, .. _association.All, _align, _alignFirst])
            Add(option);
        if (relative)
            foreach (var option in (Option[])[_delta, _unit, _allPairs, _convention])
                Add(option);
        foreach (var option in (Option[])[_plots, _saveResults])
            Add(option);
        SetAction(Run);
    }

    public static Command Create() =>
        new(
            "evaluate",
            "Compare a trajectory with ground truth.\n\n  muster scene evaluate ate --ref groundtruth.txt --est "
                + "scene/trajectory.tum --plots plots\n  muster scene evaluate rpe --ref groundtruth.txt --est "
                + "scene/trajectory.tum --delta 1 --unit meters --all-pairs"
        )
        {
            new SceneEvaluateCommand(
                "ate",
                "Absolute trajectory error: how far each pose is from its reference.\n\n  muster scene evaluate ate "
                    + "--ref groundtruth.txt --est trajectory.tum\n  muster scene evaluate ate --ref gt.txt --est "
                    + "trajectory.tum --associate greedy --max-diff 0.02 --align se3",
                relative: false
            ),
            new SceneEvaluateCommand(
                "rpe",
                "Relative pose error: drift over segments of the trajectory.\n\n  muster scene evaluate rpe --ref "
                    + "groundtruth.txt --est trajectory.tum\n  muster scene evaluate rpe --ref gt.txt --est "
                    + "trajectory.tum "
                    + "--delta 1 --unit seconds --convention tum",
                relative: true
            ),
            SceneSuiteCommand.Create(),
        };

    private void Run(ParseResult parsed)
    {
        var app = parsed.App();
        var association = _association.Of(parsed);
        var format = parsed.GetValue(_format);
        var delta = _relative ? DeltaOf(parsed) : null;
        app.Screen.Passing("reading the trajectories …");
        var reference = TrajectoryFile.Read(parsed.GetValue(_reference)!, format);
        var estimate = TrajectoryFile.Read(parsed.GetValue(_estimate)!, format);
        var poses = MatchedPoses.Of(
            reference,
            estimate,
            association,
            parsed.GetValue(_align),
            parsed.GetValue(_alignFirst)
        );
        var errors = delta is null
            ? AbsoluteError.Of(poses)
            : RelativeError.Of(poses, delta, parsed.GetValue(_convention));
        var view = new EvaluationView
        {
            Metric = Name,
            Reference = parsed.GetValue(_reference)!,
            Estimate = parsed.GetValue(_estimate)!,
            ReferencePoses = reference.Count,
            EstimatePoses = estimate.Count,
            Pairs = poses.Times.Length,
            Association = new(Choice.Word(association.Mode), association.MaxDifference, association.Offset),
            Alignment = AlignmentView.Of(parsed.GetValue(_align), poses.Alignment),
            Delta = delta is null
                ? null
                : new(
                    delta.Size,
                    Choice.Word(delta.Unit),
                    delta.AllPairs ? "all" : "consecutive",
                    Choice.Word(parsed.GetValue(_convention))
                ),
            TranslationMetres = ErrorStatistics.Of(errors.Translation),
            RotationDegrees = ErrorStatistics.Of(errors.Degrees),
        };
        var title =
            $"{(_relative ? "relative pose error" : "absolute trajectory error")}, {view.Association.Mode} "
            + $"{view.Association.MaxDifference} s, {view.Alignment.Mode}";
        if (parsed.GetValue(_plots) is { } folder)
            view = view with { Files = ScenePictures.Write(folder, Name, TrajectoryPlots.Draw(title, poses, errors)) };
        if (parsed.GetValue(_saveResults) is { } zip)
        {
            EvoArchive.Write(zip, title, $"{Name} (m)", poses, errors);
            view = view with { Files = [.. view.Files, zip] };
        }
        Show(app, view);
    }

    private Delta DeltaOf(ParseResult parsed)
    {
        var (size, unit) = (parsed.GetValue(_delta), parsed.GetValue(_unit));
        if (!(size > 0 && size < 1e9) || (unit == DeltaUnit.Frames && size != Math.Floor(size)))
            throw UserException.Misuse(
                $"--delta {size} {Choice.Word(unit)}",
                "Say a number above zero; frames are whole."
            );
        return new(size, unit, parsed.GetValue(_allPairs));
    }

    private static void Show(App app, EvaluationView view)
    {
        if (app.Json)
        {
            app.Screen.Data(JsonSerializer.Serialize(view, SceneJson.Plain.EvaluationView));
            return;
        }
        if (app.Screen.Quiet)
        {
            app.Screen.Data(view.TranslationMetres.Rmse.ToString("R", CultureInfo.InvariantCulture));
            return;
        }
        void Line(string what, string value) => app.Screen.Data($"{what, -12} {value}");
        Line(
            "association",
            $"{view.Association.Mode}, {view.Association.MaxDifference} s: {view.Pairs} pairs of {view.ReferencePoses} "
                + $"reference and {view.EstimatePoses} estimated poses"
        );
        Line(
            "alignment",
            view.Alignment.Mode
                + (view.Alignment.Mode is "sim3" or "scale" ? $", scale {view.Alignment.Scale:0.#########}" : "")
        );
        if (view.Delta is { } delta)
            Line("pieces", $"{delta.Size} {delta.Unit}, {delta.Pairs}, convention {delta.Convention}");
        var rows = ((string, ErrorStatistics)[])
            [("translation [m]", view.TranslationMetres), ("rotation [°]", view.RotationDegrees)];
        foreach (
            var line in Table.Lines(
                [view.Metric.ToUpperInvariant(), "RMSE", "MEAN", "MEDIAN", "STD", "MIN", "MAX", "SSE", "N"],
                [
                    .. rows.Select(row =>
                        (IReadOnlyList<string>)
                            [
                                row.Item1,
                                Nine(row.Item2.Rmse),
                                Nine(row.Item2.Mean),
                                Nine(row.Item2.Median),
                                Nine(row.Item2.Std),
                                Nine(row.Item2.Min),
                                Nine(row.Item2.Max),
                                Nine(row.Item2.Sse),
                                $"{row.Item2.Count}",
                            ]
                    ),
                ],
                null
            )
        )
            app.Screen.Data(line);
        if (view.Files.Count > 0)
            Line("files", string.Join(' ', view.Files));
    }

    private static string Nine(double value) => value.ToString("F9", CultureInfo.InvariantCulture);
}
