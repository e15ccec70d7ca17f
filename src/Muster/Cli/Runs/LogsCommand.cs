using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Muster.Cli.Context;
using Muster.Cli.Terminal;
using Muster.Faults;
using Muster.Runs;
using Muster.Runs.Follow;
using Muster.Sites;

namespace Muster.Cli.Runs;

internal static class LogsCommand
{
    public static Command Create()
    {
        var selectors = AttachCommand.RunsArgument();
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
        var grep = new Option<string?>("--grep")
        {
            Description = "Show only lines that match this regular expression, of the whole log.",
            HelpName = "PATTERN",
        };
        var raw = new Option<bool>("--raw")
        {
            Description = "Show progress bars as they were written, not only their last state.",
        };
        var since = new Option<string?>("--since")
        {
            Description = "Show only lines written since: 10m ago, or a time such as '2026-11-30 14:00'.",
            HelpName = "TIME",
        };
        var until = new Option<string?>("--until")
        {
            Description = "Show only lines written before: 10m ago, or a time.",
            HelpName = "TIME",
        };
        var timestamps = new Option<bool>("--timestamps", "-t")
        {
            Description = "Show when each line was written, output and errors ('!') in one stream.",
        };
        var command = new Command(
            "logs",
            """
            Print the logs of runs: output to standard output, errors to standard error.

              muster logs                       the last 100 lines of the last run
              muster logs train -f              from the beginning until it ends
              muster logs sweep --rank main.3   one rank or index
              muster logs a b --grep 'loss|Error'
              muster logs train --since 10m -t  what was written in the last ten minutes, and when

            Times are to the second, and so is the order of output and errors.
            """
        )
        {
            selectors,
            follow,
            all,
            tail,
            errors,
            rank,
            grep,
            since,
            until,
            timestamps,
            raw,
        };
        command.SetAction(
            async (parsed, ct) =>
            {
                var app = parsed.App();
                var runs = RunSelector.GetAll(app.Store, parsed.GetValue(selectors)!);
                var pattern = parsed.GetValue(grep) is { } text ? Pattern(text) : null;
                bool Wanted(string name) =>
                    (!parsed.GetValue(errors) || name.EndsWith(".err", StringComparison.Ordinal))
                    && (parsed.GetValue(rank) is not { } only || name.StartsWith(only + ".", StringComparison.Ordinal));
                if (runs.Count > 1 && parsed.GetValue(follow))
                    throw UserException.Misuse("--follow follows one run", "Name one, or leave -f out.");
                if (parsed.GetValue(follow) && pattern is not null)
                    throw UserException.Misuse(
                        "--grep does not go with --follow",
                        "Leave -f out, or pipe it: muster logs -f | grep …"
                    );
                var (stamps, from, to) = (
                    parsed.GetValue(timestamps),
                    Moment(parsed.GetValue(since), "--since", app.Clock),
                    Moment(parsed.GetValue(until), "--until", app.Clock)
                );
                var isTimed = stamps || from is not null || to is not null;
                if (isTimed && parsed.GetValue(follow))
                    throw UserException.Misuse(
                        "--since, --until and --timestamps do not go with --follow",
                        "Leave -f out."
                    );
                foreach (var run in runs)
                {
                    if (parsed.GetValue(rank) is { } asked)
                        RunParts.CheckRank(run.Plan, asked);
                    if (runs.Count > 1 && !app.Json)
                        app.Screen.Note("run", run.Plan.Name);
                    var several = run.Plan.Roles.Count > 0 || run.Plan.Array is not null;
                    var margin = several && parsed.GetValue(rank) is null ? new LogMargin() : null;
                    if (parsed.GetValue(follow))
                    {
                        await FollowAsync(app, run, Wanted, margin, ct);
                    }
                    else
                    {
                        var lines = new LogLines(fold: !parsed.GetValue(raw) && !app.Json, pattern);
                        int? last = parsed.GetValue(all) || pattern is not null ? null : parsed.GetValue(tail);
                        if (isTimed)
                            await ReadTimedAsync(
                                app,
                                run,
                                Wanted,
                                times => new(times, lines, from, to),
                                from is null && to is null ? last : null,
                                stamps,
                                margin,
                                ct
                            );
                        else
                            await ReadAsync(app, run, Wanted, lines, last, margin, ct);
                    }
                    End(app, margin);
                }
                return 0;
            }
        );
        return command;
    }

    private static Regex Pattern(string text)
    {
        try
        {
            return new(text, RegexOptions.CultureInvariant);
        }
        catch (ArgumentException fault)
        {
            throw UserException.Misuse(
                $"'{text}' is not a valid regular expression: {fault.Message}",
                "Put a backslash before characters that are meant as they stand: 'a\\.b'"
            );
        }
    }

    /// <summary>A moment as people write it: how long ago, or a date and a time of here.</summary>
    private static DateTimeOffset? Moment(string? text, string option, TimeProvider clock) =>
        text is null ? null
        : Durations.TryParse(text, out var ago) ? clock.GetUtcNow() - ago
        : DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeLocal, out var moment)
            ? moment
        : throw UserException.Misuse(
            $"'{text}' is not a time for {option}",
            "Examples: 10m, 2h (ago), 14:00, '2026-11-30 14:00', 2026-11-30T13:00:00Z"
        );

    /// <summary>Prints what stands in the logs by now, in the order in which it was written.</summary>
    private static async Task ReadTimedAsync(
        App app,
        Run run,
        Func<string, bool> wanted,
        Func<LogTimes, TimedLines> begin,
        int? last,
        bool stamps,
        LogMargin? margin,
        CancellationToken ct
    )
    {
        var site = app.OpenSite(run.Plan.Site);
        var times = await LogTimes.ReadAsync(site, run.Plan, ct);
        if (times.IsEmpty)
            throw new UserException(
                $"there are no times for the log of {run.Plan.Name}: it has not begun, or an older Muster started it",
                "Leave --since, --until and --timestamps out."
            );
        var lines = begin(times);
        await foreach (var log in new Follower(app.Store, site, app.Clock).ReadAsync(run, ct))
        {
            if (wanted(log.Name))
                lines.Add(log);
        }
        foreach (var line in lines.All(last))
        {
            if (app.Json)
                app.Screen.Data(
                    JsonSerializer.Serialize(
                        EventView.Of(line.Log) with
                        {
                            Time = line.Time,
                        },
                        RunAnswers.Plain.EventView
                    )
                );
            else
                Print(app, stamps ? line.Stamped : line.Log, margin);
        }
    }

    /// <summary>Prints what stands in the logs by now.</summary>
    /// <param name="last">Only so many lines of each.</param>
    private static async Task ReadAsync(
        App app,
        Run run,
        Func<string, bool> wanted,
        LogLines lines,
        int? last,
        LogMargin? margin,
        CancellationToken ct
    )
    {
        var tails = new SortedDictionary<string, LogTail>(LogOrder.Usual);
        void Take(RunEvent.Log log)
        {
            if (last is not { } most)
                Print(app, log, margin);
            else
                (tails.TryGetValue(log.Name, out var kept) ? kept : tails[log.Name] = new(most)).Add(log);
        }
        var follower = new Follower(app.Store, app.OpenSite(run.Plan.Site), app.Clock);
        await foreach (var log in follower.ReadAsync(run, ct))
        {
            if (wanted(log.Name) && lines.Add(log) is { } whole)
                Take(whole);
        }
        foreach (var log in lines.Rest())
            Take(log);
        foreach (var log in tails.Values.Select(kept => kept.Rest()).OfType<RunEvent.Log>())
            Print(app, log, margin);
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

    private static void End(App app, LogMargin? margin)
    {
        foreach (var (rest, isError) in margin?.Rest() ?? [])
            app.Screen.Pass(rest, isError);
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
