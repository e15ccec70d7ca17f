using System.Text;
using Muster.Faults;
using Muster.Hosts;
using Muster.Runs.Images;
using Muster.Sites;
using Muster.Sites.Schedulers;
using Muster.Sites.Schedulers.Slurm;
using Muster.Snapshots;
using Muster.Transfers;

namespace Muster.Runs.Submit;

/// <summary>What a submission tells on its way.</summary>
public abstract record SubmitEvent
{
    private SubmitEvent() { }

    public sealed record Recorded(Run Run) : SubmitEvent;

    public sealed record HostChosen(string Reason) : SubmitEvent;

    public sealed record Taken(Snapshot Snapshot) : SubmitEvent;

    public sealed record Staging(string Text) : SubmitEvent;

    public sealed record Sending(TransferProgress Progress) : SubmitEvent;

    public sealed record Sent(DeliveryReport Report, TimeSpan Time) : SubmitEvent;

    public sealed record Launched(Run Run) : SubmitEvent;

    public sealed record Retrying(string Why) : SubmitEvent;
}

/// <summary>Carries a plan to its site and launches it there, once or not at all.</summary>
/// <param name="agrees">Asked before an unusually large snapshot is taken; false leaves everything as it was.</param>
public sealed class Submission(
    RunStore store,
    OpenSite site,
    ContentCache cache,
    TimeProvider clock,
    Func<SnapshotSurvey, bool> agrees
)
{
    /// <summary>Makes the machine of the run, before anything is sent to it.</summary>
    public Func<Run, CancellationToken, Task>? BringUp { get; init; }

    /// <summary>The commit of an earlier snapshot, to be sent instead of the code of now.</summary>
    public string? SameCode { get; init; }

    /// <summary>Told where the site did not take the run, and nothing of it was or will be started there.</summary>
    public Action? NotTaken { get; init; }

    /// <summary>Where the run's host tells of its end; it holds secrets.</summary>
    public string? Notices { get; init; }

    public async Task<Run> SubmitAsync(
        RunPlan plan,
        IReadOnlyDictionary<string, string> environment,
        Action<SubmitEvent> tell,
        CancellationToken ct
    )
    {
        var run = store.Add(
            new()
            {
                Plan = plan,
                Tags = plan.Tags,
                Created = clock.GetUtcNow(),
                Submitter = Submitter.OfThisProcess(),
            }
        );
        plan = run.Plan; // its name may have become another
        tell(new SubmitEvent.Recorded(run));
        IReadOnlyList<Area> areas;
        IReadOnlyDictionary<string, Area> links;
        using var giveUp = CancellationTokenSource.CreateLinkedTokenSource(ct);
        List<Task> beside = [];
        var isSites = true;
        try
        {
            plan = await ChooseAsync(plan, tell, ct);
            // The way to the host is opened while the snapshot is taken: a refused key is known before anything is
            // sent.
            var up = BringUp is null ? Task.CompletedTask : BringUp(run, giveUp.Token);
            beside.Add(up);
            beside.Add(ConnectAsync(plan, up, giveUp.Token));
            var looking = LookAsync(plan, up, giveUp.Token);
            beside.Add(looking);
            var staging = StageImagesAsync(plan, up, tell, giveUp.Token);
            beside.Add(staging);
            isSites = false;
            (plan, areas) = await GatherAsync(plan, tell, ct);
            isSites = true;
            await Task.WhenAll(beside);
            plan = plan with { Images = await staging };
            links = await looking;
        }
        catch (Exception fault)
        {
            await giveUp.CancelAsync();
            await Task.WhenAll(beside).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            // Nothing has left this machine.
            if (plan.Snapshot)
                await GitSnapshot.ForgetAsync(
                    plan.WorkingFolder,
                    new RunRef(plan.Id.ToString()),
                    CancellationToken.None
                );
            store.Remove(run.Id);
            if (isSites && fault is UserException)
                NotTaken?.Invoke();
            throw;
        }
        run = store.Change(run.Id, known => known with { Plan = plan });
        for (var tries = 1; ; tries++)
        {
            run = store.Find(run.Id)!;
            switch (LaunchProtocol.Next(run))
            {
                case LaunchProtocol.Act.EndHere:
                case LaunchProtocol.Act.AskCancel:
                    run = await new RunKeeper(store, _ => site, clock).CancelAsync(run.Id, hard: false, ct);
                    return run;
                case LaunchProtocol.Act.Deliver:
                    run = await DeliverAsync(
                        run,
                        host => links.TryGetValue(host ?? "", out var there) ? [.. areas, there] : areas,
                        environment,
                        tell,
                        tries,
                        ct
                    );
                    break;
                default:
                    run = store.Change(run.Id, known => known with { Submitter = null });
                    tell(new SubmitEvent.Launched(run));
                    return run;
            }
        }
    }

    /// <summary>The host that is free soonest, where several may take it.</summary>
    private async Task<RunPlan> ChooseAsync(RunPlan plan, Action<SubmitEvent> tell, CancellationToken ct)
    {
        if (plan.HostChoices.Count < 2)
            return plan;
        var asked = await Task.WhenAll(plan.HostChoices.Select(host => HostQueue.AskAsync(site, host, plan, ct)));
        var chosen = HostPlan.For(
            plan,
            [.. asked.OfType<HostQueue>()],
            [.. plan.HostChoices.Where((_, at) => asked[at] is null)]
        );
        if (chosen.HostReason is { } reason)
            tell(new SubmitEvent.HostChosen(reason));
        return store.Change(plan.Id, known => known with { Plan = chosen }).Plan;
    }

    private async Task ConnectAsync(RunPlan plan, Task up, CancellationToken ct)
    {
        await up;
        var hosts = plan.Hosts().Select(host => site.HostOf(host)).OfType<OpenSshHost>();
        await Task.WhenAll(hosts.Select(ssh => ssh.ConnectAsync(ct)));
    }

    /// <summary>Links to the inputs that are on the site already, for each host; one that is missing is told.</summary>
    private async Task<IReadOnlyDictionary<string, Area>> LookAsync(RunPlan plan, Task up, CancellationToken ct)
    {
        await up;
        if (!plan.Inputs.Any(input => input.OnSite))
            return new Dictionary<string, Area>();
        var hosts = plan.Hosts();
        var found = await Task.WhenAll(
            hosts.Select(host => SiteInputs.FindAsync(site.HostOf(host), site.Root, plan, ct))
        );
        return hosts.Zip(found).ToDictionary(pair => pair.First ?? "", pair => pair.Second);
    }

    private async Task<IReadOnlyList<PlannedImage>> StageImagesAsync(
        RunPlan plan,
        Task up,
        Action<SubmitEvent> tell,
        CancellationToken ct
    )
    {
        await up;
        var images = new ImageStaging(site, cache, text => tell(new SubmitEvent.Staging(text)), new Progress(tell));
        return await images.StageAsync(plan, ct);
    }

    private async Task<Run> DeliverAsync(
        Run run,
        Func<string?, IReadOnlyList<Area>> areas,
        IReadOnlyDictionary<string, string> environment,
        Action<SubmitEvent> tell,
        int tries,
        CancellationToken ct
    )
    {
        run = store.Change(run.Id, known => LaunchProtocol.After(known, null, clock.GetUtcNow()));
        if (LaunchProtocol.Next(run) is not LaunchProtocol.Act.Deliver)
            return run; // somebody ended it a moment ago
        var isRefused = false;
        try
        {
            var answer = LaunchAnswer.Together(
                await Task.WhenAll(
                    run.Plan.Hosts().Select(host => DeliverAsync(run.Plan, host, areas(host), environment, tell, ct))
                )
            );
            var after = store.Change(run.Id, known => LaunchProtocol.After(known, answer, clock.GetUtcNow()));
            switch (answer)
            {
                case LaunchAnswer.Refused(var said):
                    isRefused = true;
                    throw Refusal(said);
                case LaunchAnswer.Unclear(var said):
                    tell(new SubmitEvent.Retrying(said.Length > 0 ? said : "another launcher is at it"));
                    // Each time the launcher looks for the job, which costs the scheduler two commands.
                    var pause = Pause.Usual.After(tries, TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(20));
                    await Task.Delay(pause, clock, ct);
                    break;
            }
            return after;
        }
        catch (HostUnreachableException fault) when (fault.MayPass)
        {
            store.Change(run.Id, known => RunJudge.Unseen(known, clock.GetUtcNow()));
            tell(new SubmitEvent.Retrying(fault.Message));
            await Task.Delay(Pause.Usual.After(tries, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(5)), clock, ct);
            return store.Find(run.Id)!;
        }
        catch (UserException fault) when (fault is not HostUnreachableException)
        {
            // The launcher comes last in a delivery: where the delivery failed, nothing was started. Ranks elsewhere
            // wait for those, and are told not to.
            if (run.Plan.Hosts().Count > 1 && !await TakenBackAsync(run, ct))
                throw;
            var over = store.Change(
                run.Id,
                known =>
                    known.State is RunState.Staging
                        ? known with
                        {
                            State = new RunState.Ended(
                                Outcome.Failed,
                                null,
                                clock.GetUtcNow(),
                                new("delivery", fault.Message)
                            ),
                            Submitter = null,
                        }
                        : known
            );
            // A delivery before this one may have launched it all the same. A refusal is final, whatever was before.
            if (over.State is RunState.Ended { Outcome: Outcome.Failed } && (tries == 1 || isRefused))
                NotTaken?.Invoke();
            throw;
        }
    }

    /// <summary>
    /// Ends what waits on the hosts that the delivery reached. Where one is out of reach by now, the request is kept.
    /// </summary>
    private async Task<bool> TakenBackAsync(Run run, CancellationToken ct)
    {
        store.Change(run.Id, known => known with { CancelWished = true, Submitter = null });
        try
        {
            await new RunPlaces(site, run.Plan).CancelAsync(hard: false, ct);
        }
        catch (UserException fault)
        {
            return fault is not HostUnreachableException; // a host without the request has started nothing
        }
        return true;
    }

    /// <summary>Brings one host its part, and launches it there.</summary>
    private async Task<LaunchAnswer> DeliverAsync(
        RunPlan plan,
        string? host,
        IReadOnlyList<Area> areas,
        IReadOnlyDictionary<string, string> environment,
        Action<SubmitEvent> tell,
        CancellationToken ct
    )
    {
        var files = RunFiles
            .For(plan, environment, host, Notices)
            .Select(file => new PlainFile(file.Name, Encoding.UTF8.GetBytes(file.Text), file.Private))
            .ToList();
        var shipment = new Shipment(
            plan.FolderOn(host),
            areas,
            files,
            RunFolder.Launch(site.Root, plan.FolderOn(host))
        );
        var began = clock.GetTimestamp();
        var report = await new SiteStore(site.HostOf(host), site.Root, $"{site.Site.Name}/{host}", cache).DeliverAsync(
            shipment,
            new Progress(tell),
            ct
        );
        tell(new SubmitEvent.Sent(report, clock.GetElapsedTime(began)));
        return LaunchAnswer.Read(report.Output, report.Said);
    }

    private UserException Refusal(string said)
    {
        var refusal = SbatchRefusal.Find(said);
        return new(
            $"{site.Site.Name}: {refusal?.What ?? said}",
            refusal?.Fix ?? "`muster sites check` shows what the site offers."
        );
    }

    private async Task<(RunPlan Plan, IReadOnlyList<Area> Areas)> GatherAsync(
        RunPlan plan,
        Action<SubmitEvent> tell,
        CancellationToken ct
    )
    {
        var areas = new List<Area>();
        if (plan.Snapshot)
        {
            var survey = SameCode is null ? await SnapshotSurvey.LookAsync(plan.WorkingFolder, ct) : null;
            if (survey is not null && !agrees(survey))
                throw new UserException(
                    "not submitted: the snapshot was declined",
                    "Ignore what should stay here in .gitignore or .musterignore."
                );
            var snapshot =
                await GitSnapshot.TakeAsync(plan.WorkingFolder, new RunRef(plan.Id.ToString()), SameCode, cache, ct)
                ?? FolderSnapshot.TakeCode(plan.WorkingFolder, Git.IsInstalled, ct);
            tell(new SubmitEvent.Taken(snapshot));
            plan = plan with
            {
                Commit = snapshot.Commit,
                Branch = SameCode is null ? snapshot.Branch : plan.Branch,
                Folder = snapshot.Subfolder?.Text ?? "",
            };
            areas.Add(
                new(
                    "code",
                    snapshot.Items,
                    plan.CodeMode switch
                    {
                        "copy" => AreaMode.Copy,
                        "link" => AreaMode.Link,
                        _ => AreaMode.Auto,
                    }
                )
            );
        }
        if (plan.Stdin is { } stdin)
            areas.Add(new("stdin", FolderSnapshot.Take(stdin.Path, ct).Items, AreaMode.Link));
        foreach (var input in plan.Inputs.Where(input => !input.OnSite))
            areas.Add(new($"in/{input.Name}", ItemsOf(input, ct), AreaMode.Link));
        return (plan, areas);
    }

    /// <summary>What of a local input is sent.</summary>
    public static IReadOnlyList<CargoItem> ItemsOf(PlannedInput input, CancellationToken ct)
    {
        var taken = FolderSnapshot.Take(input.Path, input.Except, ct).Items;
        return input.Only.Count == 0 ? taken : [.. taken.Where(item => Wildcard.FitsAny(input.Only, item.Path.Text))];
    }

    private sealed class Progress(Action<SubmitEvent> tell) : IProgress<TransferProgress>
    {
        public void Report(TransferProgress value) => tell(new SubmitEvent.Sending(value));
    }
}
