using Muster.Faults;
using Muster.Sites;

namespace Muster.Runs;

/// <summary>All folders of one run: one, or one on each host that has ranks of it.</summary>
public sealed class RunPlaces(OpenSite site, RunPlan plan)
{
    private readonly Dictionary<string, string> _brought = [];

    public IReadOnlyList<string?> Hosts { get; } = plan.Hosts();

    /// <summary>Ranks that have nobody above them: no scheduler starts them or ends them together.</summary>
    public bool IsGang { get; } = plan.Roles.Count > 0 && !site.Site.HasScheduler;

    public RunFolder FolderOn(string? host, bool hurried = false) => new(site.HostOf(host, hurried), site.Root);

    /// <summary>
    /// The run's records from every host that answers within <paramref name="patience"/>; when none does, that fault.
    /// </summary>
    public async Task<RunFacts?> LookAsync(TimeSpan patience, CancellationToken ct)
    {
        var answers = await EachAsync(async host =>
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
            limit.CancelAfter(patience);
            try
            {
                return (await FolderOn(host).LookAsync([plan.FolderOn(host)], limit.Token)).GetValueOrDefault(
                    plan.FolderOn(host)
                );
            }
            catch (OperationCanceledException) when (!ct.IsCancellationRequested)
            {
                throw new HostUnreachableException(
                    host ?? "",
                    ContactFault.Silent,
                    $"{host} did not answer within {patience.TotalSeconds:0} s",
                    "Try again later."
                );
            }
        });
        var seen = answers.Where(answer => answer.Fault is null).ToList();
        if (seen.Count == 0)
            throw answers[0].Fault!;
        return seen.All(answer => answer.Value is null)
            ? null
            : RunFacts.Together(
                [.. seen.Select(answer => answer.Value).OfType<RunFacts>()],
                [.. answers.Where(answer => answer.Fault is not null).Select(answer => answer.Host ?? "")]
            );
    }

    /// <summary>Launches what has arrived on each host. Where it was launched before, nothing changes.</summary>
    public async Task<LaunchAnswer> LaunchAsync(CancellationToken ct)
    {
        var answers = await EachAsync(host => FolderOn(host).LaunchAsync(plan.FolderOn(host), ct));
        return answers.FirstOrDefault(answer => answer.Fault is not null)?.Fault is { } fault
            ? throw fault
            : LaunchAnswer.Together([.. answers.Select(answer => answer.Value!)]);
    }

    /// <summary>
    /// Leaves the request to cancel on every host. Those that can be reached have it also when one cannot.
    /// </summary>
    public async Task<LaunchAnswer> CancelAsync(bool hard, CancellationToken ct)
    {
        var answers = await EachAsync(host => FolderOn(host).CancelAsync(plan.FolderOn(host), hard, ct));
        return answers.FirstOrDefault(answer => answer.Fault is not null)?.Fault is { } fault
            ? throw fault
            : LaunchAnswer.Together([.. answers.Select(answer => answer.Value!)]);
    }

    /// <summary>Tells each host what it has to know of the others.</summary>
    public async Task CarryAsync(Run run, RunFacts facts, DateTimeOffset now, CancellationToken ct)
    {
        foreach (var carriage in RankNews.For(run, facts, now))
        {
            var key = carriage.Host ?? "";
            var what = string.Join(
                ' ',
                carriage
                    .Records.Select(record => $"{record.Name}@{record["attempt"]}")
                    .Concat(carriage.Gone.Select(pair => pair.Key))
            );
            if (_brought.GetValueOrDefault(key) == what)
                continue;
            try
            {
                await carriage.BringAsync(site.HostOf(carriage.Host), site.Root, plan.FolderOn(carriage.Host), ct);
                _brought[key] = what;
            }
            catch (HostUnreachableException) { } // its own line tells; what it missed is brought when it is back
        }
    }

    private sealed record Answer<T>(string? Host, T? Value, UserException? Fault);

    private async Task<IReadOnlyList<Answer<T>>> EachAsync<T>(Func<string?, Task<T>> ask) =>
        await Task.WhenAll(
            Hosts.Select(async host =>
            {
                try
                {
                    return new Answer<T>(host, await ask(host), null);
                }
                catch (UserException fault)
                {
                    return new Answer<T>(host, default, fault);
                }
            })
        );
}
