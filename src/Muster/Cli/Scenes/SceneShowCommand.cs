using System.CommandLine;
using System.Text;
using System.Text.Json;
using Muster.Cli.Context;
using Muster.Cli.Terminal;
using Muster.Scenes.Looking;

namespace Muster.Cli.Scenes;

internal static class SceneShowCommand
{
    private static readonly Option<string?> Preview = new("--preview")
    {
        Description = "Write a picture from three sides as PNG.",
        HelpName = "FILE",
    };
    private static readonly Option<bool> Text = new("--text")
    {
        Description = "Print the picture as text even if the output is not a terminal.",
    };

    public static Command Create()
    {
        var path = ScenePaths.Argument();
        var command = new Command(
            "show",
            "Show counts, bounds and scale of a scene, and a picture from three sides.\n\n  muster scene show scene/\n "
                + " muster scene show points.ply --preview points.png\n  muster scene show colmap/sparse/0 --json"
        )
        {
            path,
            Preview,
            Text,
        };
        command.SetAction((parsed, ct) => Task.Run(() => Run(parsed, parsed.GetValue(path)!, ct), ct));
        return command;
    }

    private static int Run(ParseResult parsed, string path, CancellationToken ct)
    {
        var app = parsed.App();
        var progress = SceneCommand.ProgressOn(app.Screen);
        using var scene = Scene.Open(path, progress, ct);
        var survey = SceneSurvey.Of(scene, progress, ct);
        var (preview, text) = (parsed.GetValue(Preview), parsed.GetValue(Text) || app.Screen.DataIsSeen);
        var picture =
            preview is not null || (text && !app.Json && !app.Screen.Quiet)
                ? CloudPicture.Draw(scene, survey, ct)
                : null;
        var view = SceneView.Of(scene, survey) with
        {
            Files = preview is null ? [] : ScenePictures.Write(preview, picture!.Pixels),
        };
        if (app.Json)
            app.Screen.Data(JsonSerializer.Serialize(view, SceneJson.Plain.SceneView));
        else if (app.Screen.Quiet)
            app.Screen.Data($"{view.Points}");
        else
            Show(app.Screen, scene, view, survey);
        if (!app.Json && !app.Screen.Quiet && text)
            foreach (
                var line in TextPicture.Lines(
                    picture!.Pixels,
                    app.Screen.DataIsSeen ? Math.Clamp(Console.WindowWidth - 1, 30, 160) : 100,
                    app.Screen.DataIsSeen ? TextPicture.ColoursHere() : TextColours.None
                )
            )
                app.Screen.Pass(Encoding.UTF8.GetBytes(line + "\n"), toNotes: false);
        return 0;
    }

    private static void Show(Screen screen, Scene scene, SceneView view, SceneSurvey survey)
    {
        void Line(string what, string value) => screen.Data($"{what, -12} {value}");
        foreach (var warning in scene.Warnings)
            screen.Note("note", warning.ToString(), Tint.Yellow);
        Line("kind", view.Kind);
        Line("points", $"{view.Points:N0}");
        Line(
            "cameras",
            view.ImageWidth is null
                ? $"{view.Cameras:N0}"
                : $"{view.Cameras:N0}, images of {view.ImageWidth}×{view.ImageHeight}"
        );
        if (survey.Bounds is { } bounds)
            Line("bounds", SceneExportCommand.Box(bounds));
        if (survey.Core is { } core && survey.Points > 0)
            Line("core", $"{SceneExportCommand.Box(core)}  (without the farthest hundredth at each side)");
        if (view.WayLength > 0)
            Line("way", $"{view.WayLength:0.###}");
        if (view.TypicalDistance is { } typical)
            Line(
                "scale",
                $"half of the points are within {typical:0.###} of the middle of the way; units of the scene, metres "
                    + "only where it was scaled"
            );
        if (view.Files.Count > 0)
            Line("files", string.Join(' ', view.Files));
    }
}
