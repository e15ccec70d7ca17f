using System.CommandLine;
using System.Text.Json;
using Muster.Cli.Context;
using Muster.Cli.Sites;
using Muster.Configuration;
using Muster.Sites.Reading;

namespace Muster.Cli;

internal static class ConfigCommand
{
    public static Command Create() =>
        new("config", "Show the configuration and its sources.") { Show(), Paths(), Schema() };

    private static Command Show()
    {
        var origin = new Option<bool>("--origin")
        {
            Description = "Print the file and line that each value comes from.",
        };
        var command = new Command("show", "Show the values in effect, one per line.") { origin };
        command.SetAction(parsed =>
        {
            var app = parsed.App();
            var settings = app.Config.InForce();
            if (app.Json)
            {
                var views = settings.Select(setting => new SettingView(
                    setting.Key,
                    setting.Value,
                    setting.Origin.Place,
                    setting.Origin.Line
                ));
                app.Screen.Data(
                    JsonSerializer.Serialize(new ConfigView(1, app.Config.Files, [.. views]), SiteJson.Plain.ConfigView)
                );
                return;
            }
            var width = parsed.GetValue(origin) ? settings.Max(setting => Line(setting).Length) : 0;
            foreach (var setting in settings)
                app.Screen.Data(
                    parsed.GetValue(origin) ? $"{Line(setting).PadRight(width)}  {setting.Origin}" : Line(setting)
                );
        });
        return command;

        static string Line(Setting setting) => $"{setting.Key}: {setting.Value.ReplaceLineEndings(" ").TrimEnd()}";
    }

    private static Command Paths()
    {
        var command = new Command("path", "List the files that are looked for, nearest first, and which are read.");
        command.SetAction(parsed =>
        {
            var app = parsed.App();
            var files = LocalSources.Find().Candidates();
            if (app.Json)
            {
                app.Screen.Data(
                    JsonSerializer.Serialize(
                        new ConfigPathView(
                            1,
                            [.. files.Select(file => new ConfigFileView(file.Path, file.What, file.IsRead))]
                        ),
                        SiteJson.Plain.ConfigPathView
                    )
                );
                return;
            }
            foreach (var file in files.Where(file => file.IsRead || !app.Screen.Quiet))
            {
                app.Screen.Data(
                    app.Screen.Quiet ? file.Path : $"{(file.IsRead ? "read" : "absent"), -7} {file.Path}  ({file.What})"
                );
            }
        });
        return command;
    }

    private static Command Schema()
    {
        var command = new Command("schema", "Print a JSON schema of muster.yaml, for editors.");
        command.SetAction(parsed => parsed.Invocation().Screen.Data(ConfigSchema.ToJson()));
        return command;
    }
}
