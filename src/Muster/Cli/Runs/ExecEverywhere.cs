using Muster.Cli.Context;
using Muster.Cli.Terminal;
using Muster.Faults;
using Muster.Hosts;
using Muster.Runs;
using Muster.Runs.Follow;
using Muster.Sites;

namespace Muster.Cli.Runs;

/// <summary>`exec --all`: one command in many places of a run at once, each line with its place before it.</summary>
internal sealed class ExecEverywhere(App app, OpenSite site)
{
    /// <summary>A connection carries ten sessions at a time, and others need some of them.</summary>
    private const int AtOnce = 6;

    private readonly LogMargin _margin = new();
    private readonly Lock _screen = new();

    private sealed record Place(string Name, Entrance Way);

    /// <param name="role">Only the ranks of this role.</param>
    /// <returns>The highest exit code; where a host could not be reached, that counts as 125.</returns>
    public static async Task<int> RunAsync(
        App app,
        Run run,
        string? role,
        IReadOnlyList<string> words,
        CancellationToken ct
    )
    {
        if (role is not null)
            RunParts.CheckRole(run.Plan, role);
        var site = app.OpenSite(run.Plan.Site);
        run = await Entrance.NowAsync(app, site, run, ct);
        if (run.State is not RunState.Running)
            throw new UserException(
                $"{run.Plan.Name} does not run now ({run.State.Word})",
                $"For the folder of one rank: muster exec {run.Plan.Name} --rank {run.Plan.Ranks()[0]} -- …"
            );
        return await new ExecEverywhere(app, site).OnAsync(await PlacesAsync(app, site, run, role, words, ct), ct);
    }

    private static async Task<IReadOnlyList<Place>> PlacesAsync(
        App app,
        OpenSite site,
        Run run,
        string? role,
        IReadOnlyList<string> words,
        CancellationToken ct
    )
    {
        Place Of(string name, string rank, string? node) =>
            new(name, Entrance.Of(run, rank, site.Site.HasScheduler, site.Root, EntranceKind.Closed, words, node));
        var ranks = run.Plan.Ranks();
        if (ranks is [var only] && Entrance.NodesOf(run) is { Count: > 1 } nodes)
            return [.. nodes.Select(node => Of(node, only, node))];
        var wanted = ranks.Where(rank => role is null || rank[..rank.LastIndexOf('.')] == role).ToList();
        var facts = (await new RunPlaces(site, run.Plan).LookAsync(TimeSpan.FromSeconds(10), ct))?.OfItsAttempt();
        bool Has(string rank, string record) => facts?.Records.ContainsKey($"{rank}.{record}") is true;
        var running = wanted.Where(rank => Has(rank, "started") && !Has(rank, "exit")).ToList();
        if (facts?.Silent is { Count: > 0 } silent)
            app.Screen.Note(
                "silent",
                $"{string.Join(", ", silent)} did not answer; its ranks are left out",
                Tint.Yellow
            );
        if (running.Count < wanted.Count)
            app.Screen.Note("exec", $"on {running.Count} of {wanted.Count} ranks; the others do not run now");
        return [.. running.Select(rank => Of(rank, rank, null))];
    }

    private async Task<int> OnAsync(IReadOnlyList<Place> places, CancellationToken ct)
    {
        var codes = new int[places.Count];
        await Parallel.ForAsync(
            0,
            places.Count,
            new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = ct },
            async (at, each) => codes[at] = await OnAsync(places[at], each)
        );
        foreach (var (rest, isError) in _margin.Rest())
            app.Screen.Pass(rest, isError);
        var worst = codes.DefaultIfEmpty(ExitCodes.Unknown).Max();
        if (app.Json)
            ExecCommand.Tell(app, new(1, "exit") { Code = worst });
        return worst;
    }

    private async Task<int> OnAsync(Place place, CancellationToken ct)
    {
        int code;
        try
        {
            code = await site.HostOf(place.Way.Host)
                .PassAsync(place.Way.Text, null, (bytes, isError) => Show(place.Name, bytes, isError), ct);
        }
        catch (UserException fault)
        {
            lock (_screen)
                app.Screen.Note("unreachable", $"{place.Name}: {fault.Message}", Tint.Yellow);
            code = ExitCodes.Unknown;
        }
        lock (_screen)
            if (app.Json)
                ExecCommand.Tell(app, new(1, "exit") { Name = place.Name, Code = code });
            else if (code != 0)
                app.Screen.Note("exit", $"{place.Name}: code {code}", Tint.Yellow);
        return code;
    }

    private void Show(string name, ReadOnlyMemory<byte> bytes, bool isError)
    {
        if (bytes.IsEmpty)
            return;
        lock (_screen)
            if (app.Json)
                ExecCommand.Tell(app, EventView.Of(isError ? "stderr" : "stdout", bytes) with { Name = name });
            else
                app.Screen.Pass(
                    _margin.Add(new RunEvent.Log($"{name}{(isError ? ".err" : ".out")}", 0, bytes)),
                    isError
                );
    }
}
