using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Muster.Cli.Context;
using Muster.Cli.Terminal;
using Muster.Faults;
using Muster.Scenes.Export;
using Muster.Scenes.Formats.Colmap;
using Muster.Scenes.Formats.Ply;
using Muster.Scenes.Formats.Trajectories;

namespace Muster.Cli.Scenes;

internal static class SceneExportCommand
{
    private static readonly Argument<string> Path = new("PATH")
    {
        Description =
            "A reconstruction.pth, or a folder with tstamps.npy, images.npy, disps.npy, poses.npy, intrinsics.npy.",
    };
    private static readonly Option<string> Preset = new("--preset")
    {
        Description = "Filter settings to use: upstream (the default), live-2025, live-2022 or fork-2023.",
        HelpName = "upstream|live-2025|live-2022|fork-2023",
        DefaultValueFactory = _ => ExportPreset.Default.Name,
    };
    private static readonly Option<double?> Threshold = new("--threshold")
    {
        Description = "Maximum depth difference between agreeing key frames, in scene units.",
        HelpName = "DEPTH",
    };
    private static readonly Option<int?> Count = new("--count")
    {
        Description = "How many of the six neighbouring key frames must agree.",
        HelpName = "NUMBER",
    };
    private static readonly Option<double?> Ratio = new("--min-disp-ratio")
    {
        Description = "Minimum inverse depth as a fraction of the mean; removes distant points.",
        HelpName = "RATIO",
    };
    private static readonly Option<string?> MeanScope = new("--mean-scope")
    {
        Description = "Compute that mean over all key frames or per key frame.",
        HelpName = "global|perFrame",
    };
    private static readonly Option<int?> Subsample = new("--subsample")
    {
        Description = "Use every Nth row and column of pixels.",
        HelpName = "1|2|4|8",
    };
    private static readonly Option<string> Neighbours = new("--neighbours")
    {
        Description = "Which key frames vote: DROID-SLAM's own (-1 -2 -3 +3 +4 +5), or three on each side.",
        HelpName = "original|symmetric",
        DefaultValueFactory = _ => "original",
    };
    private static readonly Option<double?> Voxel = new("--voxel")
    {
        Description = "Keep one point per cube of this size.",
        HelpName = "SIZE",
    };
    private static readonly Option<double?> MaxDepth = new("--max-depth")
    {
        Description = "Drop points farther than this from their camera, in scene units.",
        HelpName = "DEPTH",
    };
    private static readonly Option<string?> Keyframes = new("--keyframes")
    {
        Description = "Write only key frames A to B (B excluded). All key frames still vote.",
        HelpName = "A:B",
    };
    private static readonly Option<string> Scale = new("--scale")
    {
        Description = "Scale points and positions by this factor; auto fits the scale to --ref.",
        HelpName = "FACTOR|auto",
        DefaultValueFactory = _ => "1",
    };
    private static readonly Option<string?> Reference = new("--ref")
    {
        Description = "The reference trajectory for --scale auto.",
        HelpName = "FILE",
    };
    private static readonly AssociationOptions Pairs = new();
    private static readonly Option<string> Ply = new("--ply")
    {
        Description = "PLY format of the cloud.",
        HelpName = "binary|ascii",
        DefaultValueFactory = _ => "binary",
    };
    private static readonly Option<bool> PlyDouble = new("--ply-double") { Description = "Write 64-bit positions." };
    private static readonly Option<bool> CamerasPly = new("--cameras-ply")
    {
        Description = "Write the cameras as line drawings: cameras.ply.",
    };
    private static readonly Option<bool> Tum = new("--tum")
    {
        Description =
            "Write keyframes.tum, and trajectory.tum if the run left traj_est.npy. On by default; --tum false turns it "
            + "off.",
        DefaultValueFactory = _ => true,
    };
    private static readonly Option<bool> Kitti = new("--kitti")
    {
        Description = "Write the trajectory in KITTI format: trajectory.kitti.",
    };
    private static readonly Option<string?> Colmap = new("--colmap")
    {
        Description = "Write a COLMAP model to colmap/ and its images to images/.",
        HelpName = "text|binary",
    };
    private static readonly Option<bool> DepthMaps = new("--depth-maps")
    {
        Description = "Write a depth map for each key frame: depth/NAME.npy.",
    };
    private static readonly Option<bool> Images = new("--images")
    {
        Description = "Write the image of each key frame as it was processed: images/NAME.png.",
    };
    private static readonly Option<string?> Rule = new("--timestamps")
    {
        Description =
            "Source of timestamps: filename, file:PATH, fps:NUMBER or index. Default: filename if all names are "
            + "numbers, else index.",
        HelpName = "RULE",
    };
    private static readonly Option<string?> Names = new("--names")
    {
        Description = "The folder of input images, or a file with one name per line.",
        HelpName = "PATH",
    };
    private static readonly Option<int?> Stride = new("--stride")
    {
        Description = "The stride the run used on its input images.",
        HelpName = "NUMBER",
    };
    private static readonly Option<int> T0 = new("--t0")
    {
        Description = "The first frame of the run, after striding; its trajectory starts there.",
        HelpName = "FRAME",
    };
    private static readonly Option<string> Out = new("--out", "-o")
    {
        Description = "Output folder.",
        HelpName = "FOLDER",
        DefaultValueFactory = _ => "scene",
    };

    public static Command Create()
    {
        var command = new Command(
            "export",
            "Convert DROID-SLAM output to a coloured point cloud, a trajectory and camera models.\n\n  muster scene "
                + "export reconstruction.pth\n  muster scene export out/ --names rgb/ --stride 2 --colmap text --out "
                + "scene\n  muster scene export reconstruction.pth --threshold 0.02 --voxel 0.01"
        )
        {
            Path,
            Preset,
            Threshold,
            Count,
            Ratio,
            MeanScope,
            Subsample,
            Neighbours,
            Voxel,
            MaxDepth,
            Keyframes,
            Scale,
            Ply,
            PlyDouble,
            CamerasPly,
            Tum,
            Kitti,
            Colmap,
            DepthMaps,
            Images,
            Rule,
            Names,
            Stride,
            T0,
            Out,
        };
        command.Add(Reference);
        foreach (var option in Pairs.All)
            command.Add(option);
        command.SetAction((parsed, ct) => Task.Run(() => Run(parsed, ct), ct));
        return command;
    }

    private static int Run(ParseResult parsed, CancellationToken ct)
    {
        var app = parsed.App();
        var began = app.Clock.GetTimestamp();
        using var scene = Reconstruction.Open(parsed.GetValue(Path)!);
        var images = parsed.GetValue(Names) is { } names ? ImageNames.Read(names) : null;
        var frames = parsed.GetValue(T0) is >= 0 and var first
            ? scene.CameraToWorldTracked?.Length + first
            : throw UserException.Misuse($"--t0 {parsed.GetValue(T0)}", "Say 0 or more.");
        var timestamps = Timestamps.Read(
            parsed.GetValue(Rule),
            parsed.GetValue(Stride),
            images,
            frames,
            Math.Max(scene.Times.Max(), (frames ?? 0) - 1)
        );
        var options = Options(parsed, scene) with { Scale = ScaleOf(parsed, scene, timestamps) };
        var report = new SceneExport(scene, timestamps, images, options, parsed.GetValue(Out)!).Run(
            SceneCommand.ProgressOn(app.Screen),
            ct
        );
        foreach (var warning in report.Warnings)
            app.Screen.Note("note", warning.ToString(), Tint.Yellow);
        if (app.Json)
            app.Screen.Data(JsonSerializer.Serialize(report, SceneJson.Plain.ExportReport));
        else if (app.Screen.Quiet)
            app.Screen.Data(report.Folder);
        else
            Show(app.Screen, report);
        app.Screen.Note(
            "exported",
            $"{report.Points:N0} points of {report.Keyframes} key frames in "
                + $"{Words.Duration(app.Clock.GetElapsedTime(began))} to {report.Folder}",
            Tint.Green
        );
        return ExitCodes.Done;
    }

    private static void Show(Screen screen, ExportReport report)
    {
        void Line(string what, string value) => screen.Data($"{what, -12} {value}");
        Line(
            "filter",
            $"{report.Filter.Preset}: threshold {report.Filter.Threshold}, count {report.Filter.Count}, ratio "
                + $"{report.Filter.MinDispRatio} {report.Filter.MeanScope}, neighbours {report.Filter.Neighbours}"
        );
        Line(
            "grid",
            $"{report.GridWidth}×{report.GridHeight}, every "
                + $"{report.Filter.Subsample}"
                + $"{(report.Filter.Subsample == 1 ? "st" : report.Filter.Subsample == 2 ? "nd" : "th")}"
                + $" pixel"
        );
        Line("votes", string.Join("  ", report.Votes.Select((number, count) => $"{count}: {number:N0}")));
        Line(
            "points",
            report.Points == report.PointsKept
                ? $"{report.Points:N0}"
                : $"{report.Points:N0}, thinned from {report.PointsKept:N0}"
        );
        if (report.Bounds is { } box)
            Line("bounds", Box(box));
        Line(
            "times",
            report.Timestamps == "index" ? "the index of the frame" : $"{report.Timestamps}, stride {report.Stride}"
        );
        Line("files", string.Join(' ', report.Files));
    }

    public static string Box(Bounds box) =>
        $"x {box.Min.X:0.###}…{box.Max.X:0.###}  y {box.Min.Y:0.###}…{box.Max.Y:0.###}  z "
        + $"{box.Min.Z:0.###}…{box.Max.Z:0.###}";

    private static ExportOptions Options(ParseResult parsed, Reconstruction scene)
    {
        var preset = ExportPreset.Get(parsed.GetValue(Preset)!);
        var subsample = parsed.GetValue(Subsample) ?? preset.Subsample;
        if (subsample is not (1 or 2 or 4 or 8))
            throw UserException.Misuse($"--subsample {subsample}", "Say 1, 2, 4 or 8.");
        return new()
        {
            Filter = preset with
            {
                Subsample = subsample,
                Offset = subsample == preset.Subsample ? preset.Offset : 0,
                Threshold = Positive("--threshold", parsed.GetValue(Threshold)) ?? preset.Threshold,
                Count =
                    parsed.GetValue(Count) is not { } count ? preset.Count
                    : count is >= 0 and <= 6 ? count
                    : throw UserException.Misuse($"--count {count}", "There are six neighbours: say 0 to 6."),
                Ratio = parsed.GetValue(Ratio) ?? preset.Ratio,
                PerFrame = parsed.GetValue(MeanScope) is { } scope
                    ? OneOf("--mean-scope", scope, "global", "perFrame") == "perFrame"
                    : preset.PerFrame,
            },
            FirstFrame = parsed.GetValue(T0),
            Symmetric = OneOf("--neighbours", parsed.GetValue(Neighbours)!, "original", "symmetric") == "symmetric",
            Voxel = Positive("--voxel", parsed.GetValue(Voxel)),
            MaxDepth = Positive("--max-depth", parsed.GetValue(MaxDepth)),
            Keyframes = parsed.GetValue(Keyframes) is { } some ? Slice(some, scene.Keyframes) : Range.All,
            Ply =
                OneOf("--ply", parsed.GetValue(Ply)!, "binary", "ascii") == "ascii"
                    ? PlyFormat.Ascii
                    : PlyFormat.Binary,
            PlyDoubles = parsed.GetValue(PlyDouble),
            CamerasPly = parsed.GetValue(CamerasPly),
            Tum = parsed.GetValue(Tum),
            Kitti = parsed.GetValue(Kitti),
            Colmap =
                parsed.GetValue(Colmap) is not { } form ? null
                : OneOf("--colmap", form, "text", "binary") == "text" ? ColmapForm.Text
                : ColmapForm.Binary,
            DepthMaps = parsed.GetValue(DepthMaps),
            Images = parsed.GetValue(Images),
        };
    }

    private static double ScaleOf(ParseResult parsed, Reconstruction scene, Timestamps timestamps)
    {
        var (scale, reference) = (parsed.GetValue(Scale)!, parsed.GetValue(Reference));
        if (scale == "auto")
            return ScaleFit.Of(
                scene,
                timestamps,
                TrajectoryFile.Read(
                    reference
                        ?? throw UserException.Misuse(
                            "--scale auto without --ref",
                            "Name the true trajectory: --ref groundtruth.txt."
                        )
                ),
                Pairs.Of(parsed),
                parsed.GetValue(T0)
            );
        if (reference is not null)
            throw UserException.Misuse("--ref without --scale auto", "Say --scale auto, or leave --ref out.");
        return Positive(
            "--scale",
            double.TryParse(scale, NumberStyles.Float, CultureInfo.InvariantCulture, out var factor)
                ? factor
                : throw UserException.Misuse($"--scale '{scale}'", "Say a number above zero, or auto.")
        )!.Value;
    }

    private static double? Positive(string option, double? value) =>
        value is null or (> 0 and < double.PositiveInfinity)
            ? value
            : throw UserException.Misuse($"{option} {value}", "Say a number above zero.");

    private static string OneOf(string option, string word, params ReadOnlySpan<string> words)
    {
        foreach (var known in words)
            if (string.Equals(known, word, StringComparison.OrdinalIgnoreCase))
                return known;
        throw UserException.Misuse($"{option} '{word}'", $"Say {string.Join(" or ", words.ToArray())}.");
    }

    private static Range Slice(string text, int count)
    {
        var ends = text.Split(':');
        int? At(string end) =>
            end.Length == 0 ? null
            : int.TryParse(end, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var at)
                ? Math.Clamp(at < 0 ? at + count : at, 0, count)
            : throw UserException.Misuse($"--keyframes '{text}'", "Say A:B, such as 10:20, :50 or 100:.");
        if (ends.Length != 2)
            throw UserException.Misuse($"--keyframes '{text}'", "Say A:B, such as 10:20, :50 or 100:.");
        var (from, to) = (At(ends[0]) ?? 0, At(ends[1]) ?? count);
        return from < to
            ? from..to
            : throw UserException.Misuse(
                $"--keyframes '{text}' names none of the {count} key frames",
                $"Say A:B with A below B, between 0 and {count}."
            );
    }
}
