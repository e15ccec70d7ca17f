using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Muster.Cli.Context;
using Muster.Cli.Runs;
using Muster.Faults;
using Muster.NodeOdm;
using Muster.Runs;
using Muster.Runs.Measures;

namespace Muster.Cli.Ui;

/// <summary>
/// What runs have measured, for the page: one run's charts and several beside each other are the same answer, that of
/// `muster compare`. Sites are asked no oftener than <see cref="Rest"/>, whoever looks.
/// </summary>
internal sealed class UiMeasures(App app, CancellationToken stopping)
{
    private const int MostRuns = 50;
    private const int MostKept = 16;
    private const string Hidden = "not shown here";
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<string, Asked> _asked = [];

    private sealed record Asked(DateTimeOffset At, Task<Comparison> Answer);

    public void Map(IEndpointRouteBuilder api)
    {
        api.MapGet("/compare", CompareAsync);
        api.MapGet("/runs/{id}/usage", UsageAsync);
    }

    /// <summary>With <c>known=1</c> what is known here, at once; else what the sites say now.</summary>
    private async Task CompareAsync(HttpContext http)
    {
        var ids = http.Request.Query["run"];
        if (ids.Count is 0 or > MostRuns)
            throw new UserException(
                $"{ids.Count} runs cannot be compared here",
                $"Choose 1 to {MostRuns}; `muster compare` takes more."
            );
        var runs = ids.Select(id => UiRuns.Get(app, id)).DistinctBy(run => run.Id).ToList();
        var comparison =
            http.Request.Query["known"] == "1"
                ? await Comparison.KnownAsync(app, runs, http.RequestAborted)
                : await AskAsync(runs).WaitAsync(http.RequestAborted);
        var view = comparison.View(Compared.MetricsOf(comparison.All), app.Clock.GetUtcNow());
        var hidden = runs.ToDictionary(run => run.Id.ToString(), run => run.Plan.Environment);
        await http.AnswerAsync(
            view with
            {
                Runs = [.. view.Runs.Select(run => run with { Parameters = Without(run.Parameters, hidden[run.Id]) })],
                Notes = comparison.Notes,
            },
            RunAnswers.Plain.ComparisonView
        );
    }

    private Task<Comparison> AskAsync(IReadOnlyList<Run> runs)
    {
        var now = app.Clock.GetUtcNow();
        var key = string.Join(' ', runs.Select(run => run.Id));
        foreach (var old in _asked.Where(pair => now - pair.Value.At > Rest).OrderBy(pair => pair.Value.At).ToList())
            if (old.Key == key || _asked.Count > MostKept)
                _asked.TryRemove(old);
        return _asked
            .GetOrAdd(key, _ => new(now, Task.Run(() => Comparison.AskAsync(app, runs, Patience, stopping), stopping)))
            .Answer;
    }

    /// <summary>Values of the environment stay away from a browser; that they differ is said.</summary>
    private static Dictionary<string, string> Without(
        IReadOnlyDictionary<string, string> all,
        IReadOnlyDictionary<string, string> environment
    ) =>
        all.ToDictionary(
            pair => pair.Key,
            pair => environment.GetValueOrDefault(pair.Key) == pair.Value ? Hidden : pair.Value
        );

    /// <summary>What each rank used over time, as its measures were last brought home.</summary>
    private Task UsageAsync(HttpContext http)
    {
        var run = UiRuns.Get(app, http.Request.RouteValues["id"] as string);
        var (cpus, memory) = Resources.AskedBy(run.Plan);
        var ranks = app
            .Measures.Find(run.Id)
            .Files.Where(pair => pair.Value.Usage is { Samples.Count: > 1 })
            .OrderBy(pair => pair.Key, StringComparer.Ordinal)
            .Select(pair => UiRankUsage.Of(NameOf(pair.Key), pair.Value.Usage!));
        return http.AnswerAsync(new(1, cpus, memory, [.. ranks]), UiJson.Plain.UiUsage);
    }

    /// <summary><c>main.0</c> of <c>HOST logs/main.0.usage</c>.</summary>
    private static string NameOf(string key) => Path.GetFileNameWithoutExtension(key[(key.LastIndexOf('/') + 1)..]);
}

/// <param name="Cpus">What a rank was given; with memory in megabytes.</param>
public sealed record UiUsage(int Schema, int? Cpus, int? MemoryMb, IReadOnlyList<UiRankUsage> Ranks);

/// <summary>What one rank used: for each time, in seconds since 1970, what is known of it.</summary>
/// <param name="Memory">In megabytes, as all sizes here.</param>
/// <param name="Gpu">In percent.</param>
public sealed record UiRankUsage(
    string Rank,
    IReadOnlyList<long> Times,
    IReadOnlyList<double?> Cores,
    IReadOnlyList<double?> Memory,
    IReadOnlyList<double?> Gpu,
    IReadOnlyList<double?> GpuMemory,
    IReadOnlyList<double?> Disk
)
{
    public static UiRankUsage Of(string rank, RankUsage usage)
    {
        var cores = usage.Cores().ToLookup(part => part.Time, part => Math.Round(part.Cores, 3));
        IReadOnlyList<double?> All(Func<UsageSample, double?> of) => [.. usage.Samples.Select(of)];
        return new(
            rank,
            [.. usage.Samples.Select(sample => sample.Time)],
            All(sample => cores[sample.Time].Select(value => (double?)value).FirstOrDefault()),
            All(sample => sample.Memory),
            All(sample => sample.Gpu),
            All(sample => sample.GpuMemory),
            All(sample => sample.Disk)
        );
    }
}
