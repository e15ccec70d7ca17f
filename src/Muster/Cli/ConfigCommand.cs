using System.CommandLine;
using System.Text.Json;
using Muster.Cli.Context;
using Muster.Cli.Sites;
using Muster.Configuration;
using Muster.Faults;
using Muster.Runs;
using Muster.Runs.Notices;
using Muster.Sites;
using Muster.Sites.Reading;
using Muster.Sites.Schedulers;

namespace Muster.Cli;

internal static class ConfigCommand
{
    public static Command Create() =>
        new("config", "Show the configuration and its sources.") { Show(), Paths(), Schema(), TestNotify() };

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

    private static Command TestNotify()
    {
        var command = new Command("test-notify", "Send a test notice by every way that `notify:` names.");
        command.SetAction(
            async (parsed, ct) =>
            {
                var app = parsed.App();
                var now = app.Clock.GetUtcNow();
                var run = new Run
                {
                    Plan = new()
                    {
                        Id = RunId.New(app.Clock),
                        Name = "test",
                        Site = LocalSite.BuiltInName,
                        Command = ["true"],
                        WorkingFolder = Directory.GetCurrentDirectory(),
                    },
                    Created = now,
                    State = new RunState.Ended(Outcome.Succeeded, 0, now, new("test", "a test of `notify:`")),
                };
                using var notifier = app.OpenNotifier();
                var notice = new RunNotice("ended", "A test of Muster's notices", "This is how they look", run);
                var problems = await notifier.SendAsync(notice, [], ct);
                if (problems.Count > 0)
                    throw new UserException(
                        string.Join("; ", problems),
                        "Correct `notify:`; `muster config show` shows it."
                    );
                app.Screen.Note("sent", string.Join(", ", notifier.Ways));
                return 0;
            }
        );
        return command;
    }
}
