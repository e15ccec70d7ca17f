using Muster.Cli.Context;
using Muster.Cli.Terminal;
using Muster.Faults;
using Muster.Runs;

namespace Muster.Cli.Runs;

/// <summary>Brings what is new of live runs again and again, until they have ended.</summary>
internal static class FetchFollow
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Soonest = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Latest = TimeSpan.FromSeconds(60);

    /// <returns>The runs as they ended. What came between the last look and the end is still to be brought.</returns>
    public static async Task<IReadOnlyList<Run>> UntilEndAsync(
        App app,
        IReadOnlyList<Run> runs,
        string? to,
        IReadOnlyList<string> only,
        CancellationToken ct
    )
    {
        var said = new HashSet<string>();
        while (true)
        {
            runs = await app.Keeper.RefreshAsync(runs, Patience, Patience, ct);
            var live = runs.Where(run => run.State is not RunState.Ended).ToList();
            if (live.Count == 0)
                return runs;
            var began = app.Clock.GetTimestamp();
            foreach (var run in live.Where(run => run.State is RunState.Running))
            {
                try
                {
                    await FetchCommand.BringAsync(app, run, to, only, always: false, ct, steps: [], onlyNews: true);
                }
                catch (UserException fault)
                {
                    // A host out of reach, or a file that went while it was read: the next look may find it well.
                    if (said.Add(fault.Message))
                        app.Screen.Note("note", $"{fault.Message}; trying again", Tint.Yellow);
                }
            }
            app.Screen.Passing($"following   {string.Join(", ", live.Select(run => run.Plan.Name))}");
            // A large folder is looked at less often: looking takes at most a fifth of the time.
            var pause = app.Clock.GetElapsedTime(began) * 4;
            await Task.Delay(
                pause < Soonest ? Soonest
                    : pause > Latest ? Latest
                    : pause,
                app.Clock,
                ct
            );
        }
    }
}
