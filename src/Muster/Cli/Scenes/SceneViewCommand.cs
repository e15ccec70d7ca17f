using System.CommandLine;
using System.Text.Json;
using Muster.Cli.Context;
using Muster.Cli.Terminal;
using Muster.Faults;
using Muster.Scenes.Formats;
using Muster.Scenes.Looking;

namespace Muster.Cli.Scenes;

internal static class SceneViewCommand
{
    private const int Most = 20_000_000;

    public static Command Create()
    {
        var path = ScenePaths.Argument();
        var to = new Option<string?>("--out", "-o")
        {
            Description = "The HTML file to write. Default: NAME.html in this folder.",
            HelpName = "FILE",
        };
        var points = new Option<int>("--points")
        {
            Description = "Maximum number of points in the page; larger clouds are thinned evenly.",
            HelpName = "NUMBER",
            DefaultValueFactory = _ => 1_000_000,
        };
        var command = new Command(
            "view",
            "Write a scene as one self-contained HTML file, viewable in any browser without a network.\n\n  muster "
                + "scene view scene/\n  muster scene view points.ply --points 3000000 --out points.html"
        )
        {
            path,
            to,
            points,
        };
        command.SetAction(
            (parsed, ct) =>
                Task.Run(
                    () => Run(parsed.App(), parsed.GetValue(path)!, parsed.GetValue(to), parsed.GetValue(points), ct),
                    ct
                )
        );
        return command;
    }

    private static int Run(App app, string path, string? to, int most, CancellationToken ct)
    {
        if (most is < 1 or > Most)
            throw UserException.Misuse(
                $"a page cannot hold {most:N0} points",
                $"Give --points 1 to {Most:N0}; a browser takes a million with ease."
            );
        var progress = SceneCommand.ProgressOn(app.Screen);
        using var scene = Scene.Open(path, progress, ct);
        var survey = SceneSurvey.Of(scene, progress, ct);
        var name = Path.GetFileNameWithoutExtension(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path)));
        var page = to ?? $"{name}.html";
        var points = CloudSample.Of(scene, survey, most, progress, ct);
        WholeFile.Write(page, stream => ViewerPage.Write(stream, name, scene, survey, points));
        foreach (var warning in scene.Warnings)
            app.Screen.Note("note", warning.ToString(), Tint.Yellow);
        var view = new SceneFileView(1, page, points.Length, survey.Points, new FileInfo(page).Length);
        app.Screen.Data(app.Json ? JsonSerializer.Serialize(view, SceneJson.Plain.SceneFileView) : page);
        app.Screen.Note(
            "written",
            $"{view.Points:N0} of {view.PointsBefore:N0} points and {scene.Cameras.Count:N0} cameras, "
                + $"{Words.Size(view.Bytes)}; open it in a browser",
            Tint.Green
        );
        return ExitCodes.Done;
    }
}
