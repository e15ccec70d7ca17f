using System.CommandLine;
using System.Text.Json;
using Muster.Cli.Context;
using Muster.Cli.Terminal;
using Muster.Faults;
using Muster.Scenes.Datasets;

namespace Muster.Cli.Scenes;

internal static class SceneCheckCommand
{
    public static Command Create()
    {
        var path = new Argument<string>("FOLDER")
        {
            Description =
                "A sequence (images/, depth/, poses.txt, intrinsics.txt, sequence.json), or a folder of sequences.",
        };
        var command = new Command(
            "check",
            "Check training data: do files, poses and depths match, and can clips be cut from them?\n\n  muster scene "
                + "check dataset/\n  muster scene check dataset/kitchen --json"
        )
        {
            path,
        };
        command.SetAction((parsed, ct) => Task.Run(() => Run(parsed.App(), parsed.GetValue(path)!, ct), ct));
        return command;
    }

    private static int Run(App app, string path, CancellationToken ct)
    {
        var reports = SequenceCheck.RunAll(path, SceneCommand.ProgressOn(app.Screen), ct);
        var sound = reports.All(report => report.IsSound);
        if (app.Json)
            app.Screen.Data(
                JsonSerializer.Serialize(
                    new DatasetView(1, sound, [.. reports.Select(SequenceView.Of)]),
                    SceneJson.Plain.DatasetView
                )
            );
        else
            foreach (var report in reports)
                Show(app.Screen, report);
        var faults = reports.Count(report => !report.IsSound);
        app.Screen.Note(
            sound ? "sound" : "not sound",
            $"{Words.Count(reports.Count - faults, "sequence")} of {reports.Count} can be trained on",
            sound ? Tint.Green : Tint.Red
        );
        return sound ? ExitCodes.Done : ExitCodes.Fault;
    }

    private static void Show(Screen screen, SequenceReport report)
    {
        var figures = report.Figures;
        void Line(string what, string? value)
        {
            if (value is not null)
                screen.Data($"{what, -12} {value}");
        }
        if (screen.Quiet)
        {
            if (!report.IsSound)
                screen.Data(report.Path);
            return;
        }
        Line("sequence", report.Path);
        Line(
            "images",
            figures.Width is null ? $"{figures.Images}" : $"{figures.Images} of {figures.Width}×{figures.Height}"
        );
        if (figures.KnownDepth is { } known)
            Line(
                "depth",
                $"{100 * known:0.#} % "
                    + $"known"
                    + (
                        figures.DepthMedian is null
                            ? ""
                            : $", {figures.DepthLeast:0.###} to {figures.DepthMost:0.###} m, half within {figures.DepthMedian:0.###} m"
                    )
            );
        if (figures.MedianStep is { } step)
            Line("steps", $"usually {step:0.####}, at most {figures.LargestStep:0.####}");
        if (figures.WarpError is { } warp)
            Line("warp", $"{warp:0.##} of 255 through depths and poses, {figures.IdentityError:0.##} without");
        if (figures.FlowWithin is { } within)
            Line("flow", $"{figures.FlowBelow} below 8 pixels, {within} within 8 to 96, {figures.FlowAbove} above");
        if (figures.ClipStarts is { } starts)
            Line("clips", $"can start at {starts} of {figures.Images} images");
        foreach (var finding in report.Findings)
            Line(finding.Level == FindingLevel.Error ? "error" : "warning", finding.ToString());
    }
}

/// <summary>What `scene check --json` answers.</summary>
public sealed record DatasetView(int Schema, bool Sound, IReadOnlyList<SequenceView> Sequences);

public sealed record SequenceView(
    string Path,
    bool Sound,
    SequenceFigures Figures,
    IReadOnlyList<DatasetFindingView> Findings
)
{
    public static SequenceView Of(SequenceReport report) =>
        new(
            report.Path,
            report.IsSound,
            report.Figures,
            [
                .. report.Findings.Select(finding => new DatasetFindingView(
                    Choice.Word(finding.Level),
                    finding.ToString().Split(' ')[0],
                    finding.Text
                )),
            ]
        );
}

public sealed record DatasetFindingView(string Level, string Code, string Text);
