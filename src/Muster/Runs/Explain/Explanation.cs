using System.Globalization;
using Muster.Sites.Schedulers;
using Muster.Sites.Schedulers.Slurm;

namespace Muster.Runs.Explain;

/// <summary>Where a run is and why, in plain words, and what can be done: a pure function of what is known.</summary>
public sealed record Explanation(string Headline, IReadOnlyList<ExplainedLine> Lines)
{
    public static Explanation For(Run run, Circumstances around, bool abandoned, DateTimeOffset now)
    {
        var name = run.Plan.Name;
        var lines = new List<ExplainedLine>();
        void Add(string about, string? text)
        {
            if (text is { Length: > 0 })
                lines.Add(new(about, text));
        }

        if (run.State.IsLive && run.UnreachableSince is { } since)
        {
            Add(
                "contact",
                $"{Place(run)} has not answered for {Span(now - since)}, since {Local(since)}; this says nothing about "
                    + "the run"
            );
            Add(
                "last seen",
                run.SeenAt is { } seen
                    ? $"{run.State.Word}, {Span(now - seen)} ago"
                    : $"never; {run.State.Word} is what was known when it left"
            );
            Add("do", $"muster sites check {run.Plan.Site}   checks the connection");
            return new($"{name} was last seen {run.State.Word}", lines);
        }

        if (run.CancelWished && run.State.IsLive)
            Add("cancel", "cancellation was requested and takes effect once the site has acted on it");
        if (run.State.IsLive)
            Add("host", run.Plan.HostReason);
        foreach (var (attempt, at) in run.Attempts.Select((attempt, at) => (attempt, at + 1)))
            Add(
                "attempts",
                $"attempt {at} ended {Span(now - attempt.At)} ago: {attempt.Outcome.Word()} ({attempt.Text})"
            );
        if (run.State is RunState.Queued && run.Attempts.Count > 0)
            Add("attempts", $"the next one is begun by whoever follows or looks: muster attach {name}, muster ps");
        switch (run.State)
        {
            case RunState.Planned or RunState.Staging when abandoned:
                Add("why", "the process that submitted it has ended before the launch was confirmed");
                Add("do", $"muster attach {name}   completes the launch if everything was uploaded");
                Add("do", $"muster cancel {name}   makes sure it never starts");
                return new($"{name} was interrupted during upload", lines);
            case RunState.Planned when run.Waits is { } waits:
                Add("why", $"its machine on {Place(run)} is being made: {waits}");
                return new($"{name} waits for its machine", lines);
            case RunState.Planned:
                Add("why", "its snapshot is being taken; nothing has been sent yet");
                return new($"{name} is planned", lines);
            case RunState.Staging:
                Add("why", $"its code and inputs are being uploaded to {Place(run)}");
                return new($"{name} is being uploaded", lines);
            case RunState.Launched(var handle):
                Add("why", $"{Place(run)} accepted it as {handle}; it has not been seen running yet");
                if (around.Place is { } place)
                    Queue(run, place, around, now, Add);
                Busy(run, around, Add);
                return new($"{name} is launched", lines);
            case RunState.Queued(var handle, var reason):
                var meant = SlurmReason.Of(around.Place?.Reason ?? reason);
                Add("why", meant.Meaning == meant.Code ? meant.Meaning : $"{meant.Meaning} ({meant.Code})");
                Add("do", meant.Advice);
                Queue(run, around.Place, around, now, Add);
                return new($"{name} is queued on {Place(run)} as job {handle}", lines);
            case RunState.Running(_, var where, var began):
                Add("since", $"{Local(began)}, for {Span(now - began)}");
                if (run.Plan.Time is { } limit)
                    Add(
                        "limit",
                        began + limit > now
                            ? $"{Span(limit)}, of which {Span(began + limit - now)} are left"
                            : $"{Span(limit)}, which is over"
                    );
                Busy(run, around, Add);
                foreach (var use in Use.Of(run, around.Usage))
                    Add("used", use);
                Full(run, around, Add);
                foreach (var line in around.LastErrors.TakeLast(3))
                    Add("stderr", line);
                return new($"{name} runs on {where}", lines);
            case RunState.Ended end:
                Add("evidence", $"{end.Evidence.Source}: {end.Evidence.Text}");
                foreach (var line in around.LastErrors)
                    Add("stderr", line);
                foreach (var use in Use.Of(run, around.Usage))
                    Add("used", use);
                Full(run, around, Add);
                foreach (var advice in Advice(run, end, around.LastErrors))
                    Add("do", advice);
                return new(
                    $"{name} {(end.Outcome is Outcome.Succeeded ? "succeeded" : $"ended: {end.Word}")}, "
                        + $"{Span(now - end.At)} ago",
                    lines
                );
            default:
                return new($"{name} is {run.State.Word}", lines);
        }
    }

    private static void Queue(
        Run run,
        QueuePlace? place,
        Circumstances around,
        DateTimeOffset now,
        Action<string, string?> add
    )
    {
        if (around.BudgetSpent)
            add("position", "not checked: this minute's limit of scheduler queries is reached; try again shortly");
        if (place is not null)
        {
            var before = place.Ahead switch
            {
                null => "",
                0 => $"no visible job is ahead of it in {place.Partition}",
                1 => $"1 job is ahead of it in {place.Partition}",
                var n => $"{n} jobs are ahead of it in {place.Partition}",
            };
            add(
                "position",
                place.Priority is { } priority
                    ? $"{before}{(before.Length > 0 ? "; " : "")}its priority is {priority}"
                    : before
            );
        }
        if (around.Partition is { } part)
        {
            add(
                "free",
                $"{part.Name}: {part.Nodes.Idle} of {part.Nodes.Total} nodes "
                    + $"idle{(part.Nodes.Other > 0 ? $", {part.Nodes.Other} out of use" : "")}"
                    + $"{(part.IsUp ? "" : $"; the partition is {part.Availability}")}"
                    + $"{(part.TimeLimit is { Length: not null } limit ? $"; jobs may take {limit}" : "")}"
            );
        }
        if (place?.Start is { } start)
            add(
                "start",
                start > now
                    ? $"expected in {Span(start - now)}, at {Local(start)}; earlier if other jobs finish early"
                    : "expected at any moment"
            );
        else if (place is not null)
            add("start", "the scheduler has no estimate yet");
        foreach (var after in run.Plan.After)
            add("after", $"it starts when run {after.Id.Short} has succeeded");
    }

    private static void Full(Run run, Circumstances around, Action<string, string?> add)
    {
        if (around.FullDisk is not { } at)
            return;
        add("disk", $"{at} on {Place(run)}, which holds the run's folder, is full");
        add("do", $"muster sites tidy {run.Plan.Site}   removes old runs there; or make room on {at} yourself");
    }

    private static void Busy(Run run, Circumstances around, Action<string, string?> add)
    {
        if (around.Load is not { } load)
            return;
        var cpus = around.Cpus is { } count ? $" for {count} CPUs" : "";
        add(
            "load",
            $"{load.ToString("0.0", CultureInfo.InvariantCulture)} processes are ready to run on "
                + $"{run.Plan.Host ?? "the host"}{cpus}"
                + $"{(around.Cpus is { } all && load > all * 1.5 ? ": it is busy, and everything is slow" : "")}"
        );
    }

    /// <summary>
    /// What to do after an end, by the outcome, the exit code, and words that are plain in any program's last lines.
    /// </summary>
    internal static IEnumerable<string> Advice(Run run, RunState.Ended end, IReadOnlyList<string> errors)
    {
        var name = run.Plan.Name;
        bool Says(string text) => errors.Any(line => line.Contains(text, StringComparison.OrdinalIgnoreCase));
        switch (end.Outcome)
        {
            case Outcome.Succeeded:
                if (run.FetchedTo is null && run.Plan.Outputs.Count > 0)
                    yield return $"muster fetch {name}   downloads its results";
                yield break;
            case Outcome.Cancelled:
                yield return $"muster rerun {name}   runs it again";
                yield break;
            case Outcome.OutOfMemory:
                yield return "resubmit with more memory: --memory SIZE";
                yield break;
            case Outcome.TimedOut:
                yield return $"resubmit with more time: --time, currently "
                    + $"{(run.Plan.Time is { } time ? Span(time) : "as the site sets it")}; or resume from a "
                    + "checkpoint";
                yield break;
            case Outcome.Preempted:
                yield return $"muster rerun {name}   runs it again; a job with higher priority replaced it";
                yield break;
            case Outcome.NodeFailed:
                yield return $"muster rerun {name}   runs it again; the machine failed, not the job";
                yield break;
            case Outcome.Lost:
                yield return $"muster show {name} --evidence   shows every record; muster sites check "
                    + $"{run.Plan.Site} checks the site";
                yield break;
        }
        var program = run.Plan.Command is [var first, ..] ? first : "";
        var byCode = end.Code switch
        {
            78 when end.Evidence.Text.Contains("setup line", StringComparison.Ordinal) =>
                $"fix `setup:` of site {run.Plan.Site}; end a line that may fail with `|| true`, or set `setup-errors: "
                    + "ignore` to start the command anyway",
            127 => $"a command was not found: is it installed there, and does the site's `setup:` put it on the PATH? "
                + $"The command began with {program}",
            126 =>
                $"{program} is not executable: `chmod +x` it, or name its interpreter; a wrong architecture looks the "
                    + "same",
            137 => "it was killed (SIGKILL), usually for using too much memory; resubmit with --memory SIZE",
            139 => "it crashed (SIGSEGV): a bug, or a library that does not match the machine",
            143 => "it was terminated (SIGTERM) from outside",
            _ => null,
        };
        if (byCode is not null)
            yield return byCode;
        if (Says("CUDA out of memory") || Says("OutOfMemoryError"))
            yield return "the GPU ran out of memory: use smaller batches or images, or choose a larger " + "GPU";
        if (Says("No module named"))
            yield return "a Python module is missing: activate the environment in the site's `setup:`";
        if (Says("No space left on device"))
            yield return $"a disk is full: muster sites check {run.Plan.Site}";
        if (Says("No such file or directory") && byCode is null)
            yield return "a file is missing: is it git-ignored and therefore not uploaded? Upload it with --input";
        yield return $"muster logs {name} --all   shows its whole output";
    }

    private static string Place(Run run) =>
        run.Plan.Host is { } host && host != run.Plan.Site ? $"{run.Plan.Site}:{host}" : run.Plan.Site;

    private static string Local(DateTimeOffset time) =>
        time.ToLocalTime().ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);

    private static string Span(TimeSpan time) =>
        time.Duration() switch
        {
            var span when span < TimeSpan.FromMinutes(2) => $"{(int)span.TotalSeconds} s",
            var span when span < TimeSpan.FromHours(2) => $"{(int)span.TotalMinutes} min",
            var span when span < TimeSpan.FromDays(2) => $"{(int)span.TotalHours} h {span.Minutes} min",
            var span => $"{(int)span.TotalDays} d {span.Hours} h",
        };
}

/// <param name="About">A word, such as <c>why</c> or <c>do</c>.</param>
public sealed record ExplainedLine(string About, string Text);
