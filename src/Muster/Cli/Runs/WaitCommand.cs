using System.CommandLine;
using System.Text.Json;
using Muster.Cli.Context;
using Muster.Cli.Terminal;
using Muster.Faults;
using Muster.Runs;
using Muster.Sites;
using Muster.Sites.Schedulers;

namespace Muster.Cli.Runs;

internal static class WaitCommand
{
    public static Command Create()
    {
        var selectors = new Argument<string[]>("RUN")
        {
            Description = "Runs: `last`, names, or IDs as `ps` shows them.",
            Arity = ArgumentArity.OneOrMore,
        };
        var what = new Option<string>("--for")
        {
            Description = "What to wait for: running, ended, succeeded or port:NAME.",
            HelpName = "WHAT",
            DefaultValueFactory = _ => "ended",
        };
        var timeout = new Option<string?>("--timeout")
        {
            Description = "Give up after this time, with exit code 124.",
            HelpName = "TIME",
        };
        var command = new Command("wait", "Wait for runs; exits with the highest exit code.")
        {
            selectors,
            what,
            timeout,
        };
        command.SetAction(
            async (parsed, ct) =>
            {
                var app = parsed.App();
                var runs = parsed
                    .GetValue(selectors)!
                    .Select(selector => RunSelector.Get(app.Store, selector))
                    .ToList();
                var reached = Goal(parsed.GetValue(what)!);
                if (PortIn(parsed.GetValue(what)!) is { } port)
                    runs.ForEach(run => RunParts.CheckPort(run.Plan, port));
                TimeSpan? patience =
                    parsed.GetValue(timeout) is not { } text ? null
                    : Durations.TryParse(text, out var time) ? time
                    : throw UserException.Misuse(
                        $"'{text}' is not a valid duration",
                        "Examples: --timeout 90s, 30m, 2h."
                    );
                var began = app.Clock.GetTimestamp();
                var told = new HashSet<RunId>();
                var pause = TimeSpan.FromMilliseconds(250);
                while (true)
                {
                    runs =
                    [
                        .. await app.Keeper.RefreshAsync(runs, TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(10), ct),
                    ];
                    await app.NotifyAsync(runs, ct);
                    foreach (
                        var run in runs.Where(run => (reached(run) || run.State is RunState.Ended) && told.Add(run.Id))
                    )
                    {
                        if (app.Json)
                            app.Screen.Data(JsonSerializer.Serialize(RunView.Of(run), RunAnswers.Plain.RunView));
                        var (word, said, tint) = RunText.Describe(run, app.Clock.GetUtcNow());
                        app.Screen.Note(word, $"{run.Plan.Name}: {said}", tint);
                    }
                    if (told.Count == runs.DistinctBy(run => run.Id).Count())
                        break;
                    var waited = app.Clock.GetElapsedTime(began);
                    if (waited > patience)
                        return ExitCodes.TimedOutWaiting;
                    app.Screen.Passing(
                        $"waiting for {Words.Count(runs.Count - told.Count, "run")}, {Words.Duration(waited)}"
                    );
                    // Hosts are asked less often the longer it takes.
                    await Task.Delay(pause, app.Clock, ct);
                    pause = TimeSpan.FromMilliseconds(Math.Min(5000, pause.TotalMilliseconds * 1.3));
                }
                return runs.Select(run => run.State is RunState.Ended ? Attachment.ExitCodeOf(run) : 0)
                    .Where(code => code != 0)
                    .DefaultIfEmpty(0)
                    .First();
            }
        );
        return command;
    }

    private static string? PortIn(string what) =>
        what.StartsWith("port:", StringComparison.Ordinal) ? what["port:".Length..] : null;

    private static Func<Run, bool> Goal(string what) =>
        what switch
        {
            "ended" => run => run.State is RunState.Ended,
            "running" => run => run.State is RunState.Running,
            "succeeded" => run => run.State is RunState.Ended { Outcome: Outcome.Succeeded },
            _ when PortIn(what) is { } name => run => run.Ports.Any(port => port.Name == name),
            _ => throw UserException.Misuse(
                $"'{what}' is not something to wait for",
                "Use running, ended, succeeded or port:NAME."
            ),
        };
}
