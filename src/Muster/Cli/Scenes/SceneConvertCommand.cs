using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Muster.Cli.Context;
using Muster.Cli.Terminal;
using Muster.Faults;
using Muster.Scenes.Datasets;

namespace Muster.Cli.Scenes;

internal static class SceneConvertCommand
{
    public static Command Create()
    {
        var from = new Argument<string>("FOLDER")
        {
            Description = "A recording in the TUM RGB-D layout: rgb.txt, depth.txt, groundtruth.txt.",
        };
        var calibration = new Option<string>("--calib")
        {
            Description =
                "Camera intrinsics on one line: fx fy cx cy, optionally k1 k2 p1 p2 [k3], which are undistorted.",
            HelpName = "FILE",
            Required = true,
        };
        var to = new Option<string>("--out", "-o")
        {
            Description = "Output folder for the sequence; must be new or empty.",
            HelpName = "FOLDER",
            Required = true,
        };
        var split = new Option<string>("--split")
        {
            Description = "Which split the sequence belongs to.",
            HelpName = "train|val",
            DefaultValueFactory = _ => "train",
        };
        var every = new Option<int>("--every")
        {
            Description = "Use every Nth image.",
            HelpName = "NUMBER",
            DefaultValueFactory = _ => 1,
        };
        var scale = new Option<double>("--depth-scale")
        {
            Description = "Depth map units per metre.",
            HelpName = "NUMBER",
            DefaultValueFactory = _ => 5000,
        };
        var difference = new Option<double>("--max-diff")
        {
            Description = "Maximum time difference between image, depth map and pose, in seconds.",
            HelpName = "SECONDS",
            DefaultValueFactory = _ => 0.02,
        };
        var command = new Command(
            "convert",
            "Convert an RGB-D recording with poses into a training sequence.\n\n  muster scene convert "
                + "rgbd_dataset_freiburg1_desk --calib fr1.txt --out dataset/desk"
        )
        {
            from,
            calibration,
            to,
            split,
            every,
            scale,
            difference,
        };
        command.SetAction(
            (parsed, ct) =>
                Task.Run(
                    () =>
                    {
                        var app = parsed.App();
                        var target = parsed.GetValue(to)!;
                        if (Directory.Exists(target) && Directory.EnumerateFileSystemEntries(target).Any())
                            throw UserException.Misuse($"--out {target} is not empty", "Name a new folder.");
                        if (parsed.GetValue(split) is not ("train" or "val"))
                            throw UserException.Misuse($"--split '{parsed.GetValue(split)}'", "Say train or val.");
                        if (
                            parsed.GetValue(every) < 1
                            || !(parsed.GetValue(scale) > 0)
                            || !(parsed.GetValue(difference) > 0)
                        )
                            throw UserException.Misuse(
                                "--every, --depth-scale or --max-diff is not above zero",
                                "Say a number above zero."
                            );
                        var numbers = Camera(parsed.GetValue(calibration)!);
                        var conversion = new TumConversion(
                            parsed.GetValue(from)!,
                            target,
                            new(numbers[0], numbers[1], numbers[2], numbers[3]),
                            [.. numbers.Skip(4)]
                        )
                        {
                            Split = parsed.GetValue(split)!,
                            Every = parsed.GetValue(every),
                            DepthScale = parsed.GetValue(scale),
                            MaxDifference = parsed.GetValue(difference),
                        };
                        var (kept, left) = conversion.Run(SceneCommand.ProgressOn(app.Screen), ct);
                        if (app.Json)
                            app.Screen.Data(
                                JsonSerializer.Serialize(
                                    new ConversionView(1, target, kept, left),
                                    SceneJson.Plain.ConversionView
                                )
                            );
                        else if (app.Screen.Quiet)
                            app.Screen.Data(target);
                        app.Screen.Note(
                            "converted",
                            $"{Words.Count(kept, "image")} to "
                                + $"{target}"
                                + (left > 0 ? $"; {left} without a depth map or a pose near enough were left out" : "")
                                + $". Look it over: muster scene check {target}",
                            Tint.Green
                        );
                        return ExitCodes.Done;
                    },
                    ct
                )
        );
        return command;
    }

    private static List<double> Camera(string path)
    {
        string text;
        try
        {
            text = string.Join(' ', File.ReadLines(path).Where(line => !line.TrimStart().StartsWith('#')));
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new UserException(
                $"{path} cannot be read: {fault.Message}",
                "Name the camera's file with --calib.",
                fault
            );
        }
        var numbers = text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)
            .Select(word =>
                double.TryParse(word, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
                    ? number
                    : double.NaN
            )
            .ToList();
        return numbers.Count is 4 or 8 or 9 && numbers.All(double.IsFinite) && numbers[0] > 0 && numbers[1] > 0
            ? numbers
            : throw new UserException(
                $"{path} does not hold fx fy cx cy, and k1 k2 p1 p2 [k3]",
                "Write 4, 8 or 9 numbers on one line."
            );
    }
}

/// <summary>What `scene convert --json` answers.</summary>
public sealed record ConversionView(int Schema, string Folder, int Images, int LeftOut);
