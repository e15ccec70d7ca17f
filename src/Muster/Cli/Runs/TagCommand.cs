using System.CommandLine;
using System.Text.Json;
using Muster.Cli.Context;
using Muster.Runs;

namespace Muster.Cli.Runs;

internal static class TagCommand
{
    public static Command Create()
    {
        var selector = new Argument<string>("RUN") { Description = "Run: `last`, a name, or an ID as `ps` shows it." };
        var tags = new Argument<string[]>("TAG")
        {
            Description = "Words to find it by; none to show those that it has.",
            Arity = ArgumentArity.ZeroOrMore,
        };
        var remove = new Option<bool>("--remove") { Description = "Take these tags away." };
        var command = new Command(
            "tag",
            """
            Give a run tags, to find it by with `ps --tag`.

              muster tag last baseline paper
              muster tag train-3 --remove paper
              muster ps --tag baseline
            """
        )
        {
            selector,
            tags,
            remove,
        };
        command.SetAction(parsed =>
        {
            var app = parsed.App();
            var run = RunSelector.Get(app.Store, parsed.GetValue(selector)!);
            List<string> given = [.. (parsed.GetValue(tags) ?? []).Select(RunNames.ParseTag)];
            if (given.Count > 0)
                run = app.Store.Change(
                    run.Id,
                    known =>
                        known with
                        {
                            Tags = parsed.GetValue(remove)
                                ? [.. known.Tags.Except(given)]
                                : [.. known.Tags.Union(given).Order(StringComparer.Ordinal)],
                        }
                );
            if (app.Json)
                app.Screen.Data(JsonSerializer.Serialize(RunView.Of(run), RunAnswers.Plain.RunView));
            else if (given.Count > 0)
                app.Screen.Note(
                    "tags",
                    $"{run.Plan.Name}: {(run.Tags.Count == 0 ? "none" : string.Join(' ', run.Tags))}"
                );
            else
                foreach (var tag in run.Tags)
                    app.Screen.Data(tag);
        });
        return command;
    }
}
