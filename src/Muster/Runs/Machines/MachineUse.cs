using Muster.Sites.Clouds.Keeping;

namespace Muster.Runs.Machines;

/// <summary>Whether somebody still needs a machine that was made for runs.</summary>
public static class MachineUse
{
    /// <summary>Results that nobody has fetched hold a machine so long.</summary>
    public static readonly TimeSpan Hold = TimeSpan.FromHours(12);

    /// <summary>A submission writes its run down before it orders; so young, the run may not be seen yet.</summary>
    private static readonly TimeSpan Young = TimeSpan.FromMinutes(1);

    /// <param name="runs">All runs that were ever planned for it.</param>
    /// <returns>Why nobody needs it; null while somebody does.</returns>
    public static string? Over(MachineRecord machine, IReadOnlyList<Run> runs, DateTimeOffset now)
    {
        if (runs.Count == 0)
            return now - machine.Created < Young ? null : "no run is known that it was made for";
        if (runs.Any(run => run.State.IsLive))
            return null;
        var until = runs.Max(Until);
        return until > now ? null
            : runs.All(run => !HasResults(run)) ? "its run has ended"
            : $"its run has ended, and nobody fetched its results within {Hold.TotalHours:0} hours";
    }

    /// <summary>When a run that has ended needs its machine no longer.</summary>
    public static DateTimeOffset Until(Run run)
    {
        if (run.State is not RunState.Ended end)
            return DateTimeOffset.MaxValue;
        var kept = (run.FetchedAt ?? end.At) + (run.Plan.Keep ?? TimeSpan.Zero);
        var held = HasResults(run) ? end.At + Hold : end.At;
        return kept > held ? kept : held;
    }

    /// <summary>It started, and what it left was not fetched whole.</summary>
    public static bool HasResults(Run run) =>
        run is { FetchedAt: null, State: RunState.Ended { Handle: not null } or RunState.Ended { Started: not null } };
}
