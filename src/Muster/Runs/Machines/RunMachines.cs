using Muster.Faults;
using Muster.Sites;
using Muster.Sites.Clouds;
using Muster.Sites.Clouds.Keeping;
using Muster.Sites.Schedulers;

namespace Muster.Runs.Machines;

/// <summary>
/// The machines of a cloud site that runs of this person are on: made for a run, or kept from an earlier one, and given
/// back when nobody needs them any more. Any command may die at any moment: the next one goes on from what is written.
/// </summary>
public sealed class RunMachines(OpenCloud cloud, RunStore store, TimeProvider clock)
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(500);

    /// <summary>The plan with its machine: one that is kept and idle, or one that is to be made.</summary>
    public async Task<RunPlan> ChooseAsync(RunPlan plan, CancellationToken ct)
    {
        var wanted = plan.Host;
        var settings = cloud.Settings;
        var image = cloud.ImageFor(plan.Container);
        // A run that is repeated names a machine that may be long gone; its type is what was meant.
        var type =
            settings.Machines.FirstOrDefault(size => size.Type == wanted)?.Type
            ?? (wanted is null || plan.Machine is null ? null : plan.Machine.Type)
            ?? cloud.TypeFor(wanted, plan.Cpus, plan.Memory, plan.Gpus);
        var kept = cloud.IsUsed ? await IdleAsync(ct) : [];
        var chosen = kept.Find(record =>
            (record.Name == wanted || (type ?? record.Request.Type) == record.Request.Type)
            && (image ?? record.Request.Image) == record.Request.Image
        );
        if (wanted is not null && type is null && chosen?.Name != wanted)
            throw new UserException(
                $"site {cloud.Site.Name} has no machine and no type of machine '{wanted}'",
                $"Choose one of: {string.Join(", ", settings.Machines.Select(size => size.Type))}."
            );
        var id = chosen?.Id ?? Guid.CreateVersion7(clock.GetUtcNow());
        return plan with
        {
            Host = cloud.NameOf(id),
            Machine = new(id, chosen?.Request.Type ?? type ?? settings.Machines[0].Type, image),
        };
    }

    /// <summary>The most that the machine of a plan can cost; null where no price is known, or it is there.</summary>
    public async Task<(CloudPrice Price, decimal Most)?> EstimateAsync(RunPlan plan, CancellationToken ct)
    {
        if (await FindAsync(plan.Machine!.Id, ct) is not null)
            return null;
        try
        {
            return await cloud.PriceAsync(plan.Machine.Type, ct) is { } price
                ? (price, MachineLedger.Estimate(price, cloud.Settings.MaxLife))
                : null;
        }
        catch (CloudException fault) when (!OpenCloud.IsFinal(fault.Fault))
        {
            return null; // ordering says what is wrong
        }
    }

    /// <summary>
    /// Makes the machine of a run, and sets it up; or takes the one that was kept. If that is given up, so is the
    /// machine.
    /// </summary>
    /// <param name="said">Is told each step.</param>
    public async Task BringUpAsync(Run run, Action<string> said, CancellationToken ct)
    {
        var planned = run.Plan.Machine!;
        var (id, site) = (planned.Id, cloud.Site.Name);
        if (await FindAsync(id, ct) is { State: MachineState.Ready } kept)
        {
            await cloud.RenewAsync(kept, cloud.Settings.Lease, ct);
            said($"on {kept.Name}, which was kept");
            return;
        }
        var size =
            cloud.Settings.Machines.FirstOrDefault(one => one.Type == planned.Type)
            ?? new MachineSize(null, planned.Type);
        Task<string?>? settingUp = null;
        using var giveUp = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var isDone = false;
        try
        {
            if (
                await cloud.OrderAsync(id, size, $"run {run.Plan.Name}", ct, planned.Image) is OrderAnswer.Refused(
                    var refusal
                )
            )
                throw new UserException(
                    $"{site}: {refusal}",
                    $"Raise it in the configuration, or give a machine back: muster sites machines {site}"
                );
            await cloud.Keeper.TryAgainAsync(ct); // what was wrong may have been mended since
            string? told = null;
            while (true)
            {
                var next = await cloud.Keeper.StepAsync(ct);
                var record = (await FindAsync(id, ct))!;
                if (record.Why is { } why && why != told)
                    Say(told = why);
                if (record.IsGone || record.Released is not null)
                    throw new UserException(
                        $"{site} gave no machine: {record.Why}",
                        $"See what is wrong with it: muster sites check {site}"
                    );
                if (record.State is MachineState.Ready)
                    break;
                if (record.State is MachineState.Planned && await cloud.RefusalAsync(ct) is { } final)
                    throw new UserException($"{site}: {final}", $"See what is missing: muster sites check {site}");
                if (record.State is MachineState.Booting && settingUp is null)
                    settingUp = cloud.SetUpAsync(record, Say, giveUp.Token);
                if (settingUp is { IsCompleted: true })
                    await settingUp; // cancelled, or a fault that nobody foresaw
                var pause = next - clock.GetUtcNow();
                await Task.Delay(pause < Tick && pause > TimeSpan.Zero ? pause : Tick, clock, ct);
            }
            isDone = true;
            store.Change(run.Id, known => known with { Waits = null });
        }
        finally
        {
            await giveUp.CancelAsync();
            if (settingUp is not null)
                await ((Task)settingUp).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!isDone)
                await GiveBackAsync(id, "the submission was given up", CancellationToken.None);
        }

        void Say(string what)
        {
            store.Change(run.Id, known => known with { Waits = what });
            said(what);
        }
    }

    /// <summary>From now on the machine stays as long as the run goes on, whether anybody looks or not.</summary>
    public async Task HoldAsync(Run run, CancellationToken ct)
    {
        if (await FindAsync(run.Plan.Machine!.Id, ct) is not { State: MachineState.Ready } record)
            return;
        var keep = run.Plan.Keep ?? TimeSpan.Zero;
        await cloud.HoldAsync(
            record,
            run.Plan.FolderOn(record.Name),
            keep > MachineUse.Hold ? keep : MachineUse.Hold,
            ct
        );
    }

    /// <summary>
    /// Gives back what nobody needs, and ends the runs whose machine is proved gone. To be called whenever a run of the
    /// site may have ended.
    /// </summary>
    /// <returns>Machines that have gone, or are to go.</returns>
    public async Task<IReadOnlyList<MachineRecord>> SettleAsync(CancellationToken ct)
    {
        if (!cloud.IsUsed)
            return [];
        var now = clock.GetUtcNow();
        var given = new List<Guid>();
        var before = await cloud.MachinesAsync(ct);
        if (before.All(record => record.IsGone && !cloud.Hosts.Contains(record.Name)))
            return [];
        foreach (var record in before)
        {
            var runs = RunsOn(record);
            if (record.IsGone)
            {
                EndRuns(record, runs);
                cloud.Forget(record);
            }
            else if (record.State is MachineState.Destroying)
                given.Add(record.Id);
            else if (record.Released is null && MachineUse.Over(record, runs, now) is { } why)
            {
                await cloud.Keeper.ReleaseAsync(record.Id, why, ct);
                given.Add(record.Id);
            }
            else if (runs.Any(run => run.State.IsLive && run.UnreachableSince is not null))
                await cloud.Keeper.LookAsync(record.Id, ct);
            else if (record.State is MachineState.Ready && runs.All(run => run.State is RunState.Ended))
                await ShortenAsync(record, runs.Max(MachineUse.Until) - now, ct);
        }
        await cloud.Keeper.StepAsync(ct);
        var after = await cloud.MachinesAsync(ct);
        foreach (var record in after.Where(record => record.IsGone))
        {
            EndRuns(record, RunsOn(record));
            cloud.Forget(record);
        }
        return [.. after.Where(record => given.Contains(record.Id))];
    }

    /// <summary>Somebody says that it is not needed, or it never was.</summary>
    public async Task GiveBackAsync(Guid id, string why, CancellationToken ct)
    {
        if (await FindAsync(id, ct) is not { IsGone: false })
            return;
        await cloud.Keeper.ReleaseAsync(id, why, ct);
        await cloud.Keeper.StepAsync(ct);
    }

    /// <summary>The site's machines and what is on them.</summary>
    public async Task<IReadOnlyList<(MachineRecord Machine, IReadOnlyList<Run> Runs)>> ListAsync(
        CancellationToken ct
    ) => cloud.IsUsed ? [.. (await cloud.MachinesAsync(ct)).Select(record => (record, RunsOn(record)))] : [];

    /// <summary>Runs that have ended on machines that are still there.</summary>
    public async Task<IReadOnlyList<Run>> EndedAsync(CancellationToken ct) =>
        [
            .. (await ListAsync(ct))
                .Where(one => one.Machine.State is MachineState.Ready)
                .SelectMany(one => one.Runs)
                .Where(run => run.State is RunState.Ended),
        ];

    private IReadOnlyList<Run> RunsOn(MachineRecord record) => store.On(record.Id);

    private async Task<MachineRecord?> FindAsync(Guid id, CancellationToken ct) =>
        cloud.IsUsed ? (await cloud.MachinesAsync(ct)).FirstOrDefault(record => record.Id == id) : null;

    /// <summary>Machines that are kept and have nothing to do.</summary>
    private async Task<List<MachineRecord>> IdleAsync(CancellationToken ct) =>
        [
            .. (await cloud.MachinesAsync(ct)).Where(record =>
                record is { State: MachineState.Ready, Released: null }
                && record.Until - clock.GetUtcNow() > TimeSpan.FromMinutes(10)
                && RunsOn(record).All(run => run.State is RunState.Ended)
                && MachineUse.Over(record, RunsOn(record), clock.GetUtcNow()) is null
            ),
        ];

    /// <summary>Also when nobody comes again, it goes when it is not needed any more.</summary>
    private async Task ShortenAsync(MachineRecord record, TimeSpan left, CancellationToken ct)
    {
        try
        {
            await cloud.RenewAsync(record, left, ct);
        }
        catch (UserException)
        {
            await cloud.Keeper.LookAsync(record.Id, ct);
        }
    }

    /// <summary>What was on a machine that is gone has ended with it.</summary>
    private void EndRuns(MachineRecord record, IReadOnlyList<Run> runs)
    {
        foreach (var run in runs.Where(run => run.State.IsLive))
            store.Change(
                run.Id,
                known =>
                    known.State is RunState.Ended
                        ? known
                        : known with
                        {
                            State = new RunState.Ended(
                                known.CancelWished ? Outcome.Cancelled : record.Machine?.Lost ?? Outcome.NodeFailed,
                                null,
                                record.MeterTo ?? clock.GetUtcNow(),
                                new(
                                    cloud.Settings.Provider.ToString().ToLowerInvariant(),
                                    $"{record.Name} is {record.Why}"
                                )
                            )
                            {
                                Handle = known.Handle,
                            },
                            UnreachableSince = null,
                            Submitter = null,
                        }
            );
    }
}
