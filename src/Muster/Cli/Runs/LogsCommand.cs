using System.CommandLine;
using System.Text.Json;
using Muster.Cli.Context;
using Muster.Cli.Terminal;
using Muster.Runs;
using Muster.Runs.Follow;

namespace Muster.Cli.Runs;

internal static class LogsCommand
{
    public static Command Create()
    {
        var selector = AttachCommand.RunArgument();
        var follow = new Option<bool>("--follow", "-f") { Description = "Keep following until the run ends." };
        var all = new Option<bool>("--all") { Description = "Show the whole log." };
        var tail = new Option<int>("--tail")
        {
            Description = "Show the last N lines.",
            HelpName = "N",
            DefaultValueFactory = _ => 100,
        };
        var errors = new Option<bool>("--errors") { Description = "Show only standard error." };
        var rank = new Option<string?>("--rank")
        {
            Description = "Show one rank, such as main.3, without its name before each line.",
            HelpName = "ROLE.N",
        };
        var command = new Command("logs", "Print a run's logs: output to standard output, errors to standard error.")
        {
            selector,
            follow,
            all,
            tail,
            errors,
            rank,
        };
        command.SetAction(
            async (parsed, ct) =>
            {
                var app = parsed.App();
                var run = RunSelector.Get(app.Store, parsed.GetValue(selector)!);
                if (parsed.GetValue(rank) is { } asked)
                    RunParts.CheckRank(run.Plan, asked);
                bool Wanted(string name) =>
                    (!parsed.GetValue(errors) || name.EndsWith(".err", StringComparison.Ordinal))
                    && (parsed.GetValue(rank) is not { } only || name.StartsWith(only + ".", StringComparison.Ordinal));
                var site = app.OpenSite(run.Plan.Site);
                var margin = run.Plan.Roles.Count > 0 && parsed.GetValue(rank) is null ? new LogMargin() : null;
                if (parsed.GetValue(follow))
                {
                    await FollowAsync(app, run, Wanted, margin, ct);
                    return End(app, margin);
                }
                var tails = new Dictionary<string, LogTail>();
                await foreach (var log in new Follower(app.Store, site, app.Clock).ReadAsync(run, ct))
                {
                    if (!Wanted(log.Name))
                        continue;
                    if (parsed.GetValue(all))
                        Print(app, log, margin);
                    else
                        (
                            tails.TryGetValue(log.Name, out var kept)
                                ? kept
                                : tails[log.Name] = new(parsed.GetValue(tail))
                        ).Add(log);
                }
                foreach (
                    var log in tails
                        .OrderBy(pair => pair.Key, StringComparer.Ordinal)
                        .Select(pair => pair.Value.Rest())
                        .OfType<RunEvent.Log>()
                )
                    Print(app, log, margin);
                return End(app, margin);
            }
        );
        return command;
    }

    /// <summary>Prints the logs that are wanted from their first byte until the run ends.</summary>
    public static async Task<Run> FollowAsync(
        App app,
        Run run,
        Func<string, bool> wanted,
        LogMargin? margin,
        CancellationToken ct
    )
    {
        var follower = new Follower(app.Store, app.OpenSite(run.Plan.Site), app.Clock);
        await foreach (var happening in follower.FollowAsync(run.Id, ct))
        {
            if (happening is RunEvent.Changed(var now))
                run = now;
            else if (happening is RunEvent.Log log && wanted(log.Name))
                Print(app, log, margin);
        }
        return run;
    }

    private static int End(App app, LogMargin? margin)
    {
        foreach (var (rest, isError) in margin?.Rest() ?? [])
            app.Screen.Pass(rest, isError);
        return 0;
    }

    private static void Print(App app, RunEvent.Log log, LogMargin? margin)
    {
        if (app.Json)
            app.Screen.Data(JsonSerializer.Serialize(EventView.Of(log), RunAnswers.Plain.EventView));
        else
            app.Screen.Pass(margin?.Add(log) ?? log.Bytes, log.IsError);
    }

    /// <summary>The last lines of one log, without keeping the rest.</summary>
    private sealed class LogTail(int lines)
    {
        private readonly Queue<RunEvent.Log> _parts = [];
        private int _breaks;

        public void Add(RunEvent.Log log)
        {
            _parts.Enqueue(log);
            _breaks += log.Bytes.Span.Count((byte)'\n');
            while (_parts.Count > 1 && _breaks - _parts.Peek().Bytes.Span.Count((byte)'\n') > lines)
                _breaks -= _parts.Dequeue().Bytes.Span.Count((byte)'\n');
        }

        public RunEvent.Log? Rest()
        {
            if (_parts.Count == 0)
                return null;
            var first = _parts.Peek();
            byte[] bytes = [.. _parts.SelectMany(part => part.Bytes.ToArray())];
            var skip = bytes.AsSpan().Count((byte)'\n') - lines - (bytes[^1] == (byte)'\n' ? 0 : -1);
            var at = 0;
            for (; skip > 0; skip--)
                at = Array.IndexOf(bytes, (byte)'\n', at) + 1;
            return first with { Offset = first.Offset + at, Bytes = bytes.AsMemory(at) };
        }
    }
}
