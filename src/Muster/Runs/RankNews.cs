using System.Text;
using Muster.Hosts;
using Muster.Shell;

namespace Muster.Runs;

/// <summary>
/// What one host of a run cannot know by itself: the records of ranks elsewhere, and that a supervisor of its own is
/// gone for good. The supervisors decide what follows.
/// </summary>
/// <param name="Gone">Ranks of this host whose supervisor is gone, and how.</param>
public sealed record RankNews(
    string? Host,
    IReadOnlyList<StatusRecord> Records,
    IReadOnlyList<KeyValuePair<string, Liveness>> Gone
)
{
    public static IReadOnlyList<RankNews> For(Run run, RunFacts facts, DateTimeOffset now)
    {
        var hosts = run.Plan.Hosts();
        if (run.Plan.Roles.Count == 0 || run.State is RunState.Ended)
            return [];
        var ranks = run.Plan.Ranks();
        bool HasEnded(string rank) => facts.Records.ContainsKey(rank + ".exit");
        // Where the others gave up waiting for a rank that never spoke, it is looked for.
        var givenUp = facts.Ending(".exit").Any(record => record["reason"] == "unready");
        var gone = facts
            .Supervisors.Where(pair =>
                pair.Value != Liveness.Alive && now - run.VanishedSince >= RunJudge.RecordPatience
            )
            .Concat(
                givenUp
                    ? ranks
                        .Where(rank => !facts.Records.ContainsKey(rank + ".address"))
                        .Select(rank => KeyValuePair.Create(rank, Liveness.Gone))
                    : []
            )
            .Where(pair => !HasEnded(pair.Key))
            .ToList();
        return
        [
            .. from host in hosts
            let own = ranks.Where(rank => run.Plan.HostOf(rank) == host).ToList()
            where !facts.Silent.Contains(host ?? "") && !own.All(HasEnded)
            let records = ranks
                .Except(own)
                .SelectMany(rank => facts.Records.Values.Where(record => IsTold(record.Name, rank)))
                .ToList()
            let missing = gone.Where(pair => own.Contains(pair.Key)).ToList()
            where records.Count > 0 || missing.Count > 0
            select new RankNews(host, records, missing),
        ];
    }

    /// <summary>Brings it there. Doing so again changes nothing.</summary>
    public async Task BringAsync(IHost host, string root, string folder, CancellationToken ct)
    {
        var text = new StringBuilder();
        foreach (var record in Records)
        {
            text.Append(record.Name).Append('\n');
            foreach (var (key, value) in record.Values)
                text.Append(' ').Append(key).Append('=').Append(value).Append('\n');
            text.Append(".\n");
        }
        await host.RunAsync(
            ShellText.Script(
                "Runs/Roles/carry.sh",
                [
                    root,
                    folder,
                    .. Gone.SelectMany(pair =>
                        (string[])[pair.Key, pair.Value == Liveness.Rebooted ? "rebooted" : "lost"]
                    ),
                ]
            ),
            text.ToString(),
            ct
        );
    }

    private static bool IsTold(string name, string rank) =>
        name.StartsWith(rank + ".", StringComparison.Ordinal)
        && name[(rank.Length + 1)..].Split('.')[0] is "address" or "ready" or "exit" or "call";
}
