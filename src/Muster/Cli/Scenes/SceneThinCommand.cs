using System.CommandLine;
using System.Text.Json;
using Muster.Cli.Context;
using Muster.Cli.Terminal;
using Muster.Faults;
using Muster.Scenes.Export;
using Muster.Scenes.Formats;
using Muster.Scenes.Formats.Ply;
using Muster.Scenes.Looking;

namespace Muster.Cli.Scenes;

internal static class SceneThinCommand
{
    public static Command Create()
    {
        var path = ScenePaths.Argument();
        var voxel = new Option<double>("--voxel")
        {
            Description = "Replace the points in each cube of this size by their mean.",
            HelpName = "SIZE",
            Required = true,
        };
        var to = new Option<string>("--out", "-o")
        {
            Description = "The PLY file to write.",
            HelpName = "FILE",
            Required = true,
        };
        var command = new Command(
            "thin",
            "Thin a point cloud evenly.\n\n  muster scene thin points.ply --voxel 0.02 --out thin.ply"
        )
        {
            path,
            voxel,
            to,
        };
        command.SetAction(
            (parsed, ct) =>
                Task.Run(
                    () => Run(parsed.App(), parsed.GetValue(path)!, parsed.GetValue(voxel), parsed.GetValue(to)!, ct),
                    ct
                )
        );
        return command;
    }

    private static int Run(App app, string path, double voxel, string to, CancellationToken ct)
    {
        var progress = SceneCommand.ProgressOn(app.Screen);
        var thinning = new VoxelThinning(voxel);
        using var scene = Scene.Open(path, progress, ct);
        var before = 0L;
        foreach (var batch in scene.Points(ct))
        {
            thinning.Add(batch);
            progress.Report(new("thinning", before += batch.Count, 0));
        }
        WholeFile.Write(
            to,
            stream =>
            {
                var ply = new PlyWriter(stream, thinning.Count);
                foreach (var batch in thinning.Points())
                    ply.Write(batch);
            }
        );
        var view = new SceneFileView(1, to, thinning.Count, before, new FileInfo(to).Length);
        app.Screen.Data(app.Json ? JsonSerializer.Serialize(view, SceneJson.Plain.SceneFileView) : to);
        app.Screen.Note(
            "thinned",
            $"{view.PointsBefore:N0} points to {view.Points:N0}, {Words.Size(view.Bytes)}",
            Tint.Green
        );
        return ExitCodes.Done;
    }
}
