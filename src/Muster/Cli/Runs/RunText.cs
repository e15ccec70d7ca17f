using Muster.Cli.Terminal;
using Muster.Runs;
using Muster.Sites.Schedulers;
using Muster.Sites.Schedulers.Slurm;

namespace Muster.Cli.Runs;

/// <summary>A run's state in words for people.</summary>
internal static class RunText
{
    public static (string Word, string Text, Tint Tint) Describe(Run run, DateTimeOffset now) =>
        run.State switch
        {
            RunState.Planned or RunState.Staging when RunKeeper.IsAbandoned(run) => (
                run.State.Word,
                "its submission was interrupted; apparently nothing was started",
                Tint.Yellow
            ),
            RunState.Planned => ("planned", run.Waits ?? "", Tint.None),
            RunState.Staging => ("staging", "on its way", Tint.None),
            RunState.Launched => ("launched", $"{run.Plan.Name} on {Place(run)}", Tint.None),
            RunState.Queued(var handle, var reason) => (
                "queued",
                $"job {handle}: {SlurmReason.Of(reason).Meaning}",
                Tint.Cyan
            ),
            RunState.Running(_, var where, var since) => (
                "running",
                $"on {where} since {since.ToLocalTime():HH:mm:ss}",
                Tint.Cyan
            ),
            RunState.Ended end => (
                end.Word,
                EndText(run, end),
                end.Outcome == Outcome.Succeeded ? Tint.Green
                : end.Outcome == Outcome.Cancelled ? Tint.Yellow
                : Tint.Red
            ),
            _ => ("", "", Tint.None),
        };

    public static string? Retry(PlannedRetry? retry) =>
        retry is null
            ? null
            : $"up to {Words.Count(retry.Times, "time")} after {string.Join(", ", retry.On.Select(one => one.Word()))}"
                + $"{(retry.GrowMemory is { } factor ? $"; after out-of-memory with {factor} times the memory" : "")}"
                + $"{(retry.Resume is { } line ? $"; then {line}" : "")}";

    public static string Place(Run run) =>
        run.Plan.Hosts() is { Count: > 1 } hosts ? $"{SiteName(run)}:{string.Join(',', hosts)}"
        : run.Plan.Host is { } host && host != run.Plan.Site ? $"{SiteName(run)}:{host}"
        : SiteName(run);

    /// <summary>A site that is a file is shown by the file's name.</summary>
    public static string SiteName(Run run) =>
        run.Plan.Site.Contains('/') ? Path.GetFileName(run.Plan.Site) : run.Plan.Site;

    private static string EndText(Run run, RunState.Ended end)
    {
        // Records hold whole seconds.
        var seconds = Math.Ceiling((end.At - (end.Started ?? run.Created)).TotalSeconds);
        var took = Words.Duration(TimeSpan.FromSeconds(Math.Max(1, seconds)));
        var code = end.Code is > 0 and { } number ? $"code {number}, " : "";
        var when = end.Started is null ? $"{took} after it was submitted" : $"after {took}";
        return $"{code}{when} ({end.Evidence.Source}: {end.Evidence.Text})";
    }
}
