using System.Globalization;
using System.Text.RegularExpressions;
using Muster.Cli.Context;
using Muster.Cli.Runs;
using Muster.Configuration;
using Muster.Faults;
using Muster.Hosts;
using Muster.Runs;
using Muster.Runs.Follow;
using Muster.Shell;
using Muster.Sites.Schedulers;

namespace Muster.Cli.Personas;

/// <summary>
/// The jobs of DROID-SLAM among the runs: found by the ids that people have of them, copied as DROIDSLAMCLI lays them
/// down.
/// </summary>
internal static partial class DroidSlamJobs
{
    public const string RecipePrefix = "droid-slam/";
    private const int NotFound = 7;

    public static IReadOnlyList<Run> All(App app) =>
        [
            .. app
                .Store.Live()
                .Concat(app.Store.Ended(int.MaxValue))
                .Where(run => run.Plan.Recipe?.StartsWith(RecipePrefix, StringComparison.Ordinal) is true),
        ];

    /// <summary>By the id that was printed, a beginning of it of at least 8 letters, or SLURM's number.</summary>
    public static Run Find(App app, string id) =>
        All(app)
            .Where(run =>
                run.Handle?.Number == id
                || (id.Length >= 8 && run.Id.ToString().StartsWith(id, StringComparison.Ordinal))
            )
            .ToList() switch
        {
            [var only] => only,
            [] => throw new UserException(
                $"no job has the id '{ConfigFile.Flat(id)}'",
                "`droidslamcli status` lists the jobs; those of another machine are taken over with `muster ps --adopt "
                    + "FILE`."
            )
            {
                ExitCode = NotFound,
            },
            var several => throw new UserException(
                $"'{id}' is the beginning of {several.Count} jobs",
                "Type more of the id."
            )
            {
                ExitCode = NotFound,
            },
        };

    public static bool Succeeded(Run run) => run.State is RunState.Ended { Outcome: Outcome.Succeeded };

    /// <summary>Results, logs and the request; of checkpoints only the newest unless all are wanted.</summary>
    /// <param name="export">More options of the export; null for none.</param>
    public static async Task CopyAsync(
        App app,
        Run run,
        string folder,
        bool allCheckpoints,
        IReadOnlyList<string>? export,
        CancellationToken ct
    )
    {
        IReadOnlyList<string> only =
            run.Plan.Recipe is RecipePrefix + "train" && !allCheckpoints
                ? ["/*", "/state/**", "/runs/**", .. await NewestAsync(app, run, ct)]
                : [];
        await FetchCommand.BringAsync(
            app,
            run,
            folder,
            only,
            always: true,
            ct,
            export is null ? [] : [.. run.Plan.AfterFetch.Select(step => (IReadOnlyList<string>)[.. step, .. export])]
        );
        Directory.CreateDirectory(Path.Combine(folder, "logs"));
        await File.WriteAllTextAsync(
            Path.Combine(folder, "job.json"),
            System.Text.Json.JsonSerializer.Serialize(run.Plan, RunJson.Indented.RunPlan),
            ct
        );
        var logs = new Dictionary<string, FileStream>();
        try
        {
            await foreach (
                var log in new Follower(app.Store, app.OpenSite(run.Plan.Site), app.Clock).ReadAsync(run, ct)
            )
            {
                if (!logs.TryGetValue(log.Name, out var file))
                    logs[log.Name] = file = File.Create(Path.Combine(folder, "logs", Path.GetFileName(log.Name)));
                await file.WriteAsync(log.Bytes, ct);
            }
        }
        finally
        {
            foreach (var file in logs.Values)
                await file.DisposeAsync();
        }
    }

    private static async Task<IEnumerable<string>> NewestAsync(App app, Run run, CancellationToken ct)
    {
        var site = app.OpenSite(run.Plan.Site);
        var names = await site.HostOf(run.Plan.Host)
            .GetAsync(
                ShellText.Of(
                    $"{RunFolder.Expand(site.Root)}\n"
                        + $"ls \"$root\"/runs/{run.Id.ToString()}/out/checkpoints 2>/dev/null || :"
                ),
                "looking for checkpoints",
                ct
            );
        return names
            .Split('\n')
            .Select(name => Step().Match(name))
            .Where(match => match.Success)
            .OrderBy(match => long.Parse(match.Groups["step"].ValueSpan, CultureInfo.InvariantCulture))
            .TakeLast(1)
            .Select(match => $"/checkpoints/{match.Value}");
    }

    [GeneratedRegex(@"\A[A-Za-z0-9._-]+_(?<step>[0-9]{6,12})\.pth\z")]
    private static partial Regex Step();
}
