using System.Diagnostics;
using System.Text;
using Muster.Faults;
using Muster.Hosts;
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
    public sealed record Taken(Snapshot Snapshot) : SubmitEvent;
    public sealed record Sending(TransferProgress Progress) : SubmitEvent;
    public sealed record Sent(DeliveryReport Report, TimeSpan Time) : SubmitEvent;
    public sealed record Launched(Run Run) : SubmitEvent;
    public sealed record Retrying(string Why) : SubmitEvent;
}

/// <summary>Carries a plan to its site and launches it there, once or not at all.</summary>
/// <param name="agrees">Asked before an unusually large snapshot is taken; false leaves everything as it was.</param>
public sealed class Submission(RunStore store, OpenSite site, ContentCache cache, TimeProvider clock, Func<SnapshotSurvey, bool> agrees)
{
    public async Task<Run> SubmitAsync(RunPlan plan, IReadOnlyDictionary<string, string> environment, Action<SubmitEvent> tell, CancellationToken ct)
    {
        using var self = Process.GetCurrentProcess();
        var run = new Run { Plan = plan, Created = clock.GetUtcNow(), Submitter = new(self.Id, new(self.StartTime.ToUniversalTime(), TimeSpan.Zero)) };
        store.Add(run);
        tell(new SubmitEvent.Recorded(run));
        IReadOnlyList<Area> areas;
        try
        {
            // The way to the host is opened while the snapshot is taken: a refused key is known before anything is sent.
            var connecting = site.HostOf(plan.Host) is OpenSshHost ssh ? ssh.ConnectAsync(ct) : Task.CompletedTask;
            (plan, areas) = await GatherAsync(plan, tell, ct);
            await connecting;
        }
        catch
        {
            // Nothing has left this machine.
            if (plan.Snapshot) await GitSnapshot.ForgetAsync(plan.WorkingFolder, new RunRef(plan.Id.ToString()), CancellationToken.None);
            store.Remove(run.Id);
            throw;
        }
        run = store.Change(run.Id, known => known with { Plan = plan });
        while (true)
        {
            run = store.Find(run.Id)!;
            switch (LaunchProtocol.Next(run))
            {
                case LaunchProtocol.Act.EndHere:
                case LaunchProtocol.Act.AskCancel:
                    run = await new RunKeeper(store, _ => site, clock).CancelAsync(run.Id, hard: false, ct);
                    return run;
                case LaunchProtocol.Act.Deliver:
                    run = await DeliverAsync(run, areas, environment, tell, ct);
                    break;
                default:
                    run = store.Change(run.Id, known => known with { Submitter = null });
                    tell(new SubmitEvent.Launched(run));
                    return run;
            }
        }
    }

    private async Task<Run> DeliverAsync(Run run, IReadOnlyList<Area> areas, IReadOnlyDictionary<string, string> environment, Action<SubmitEvent> tell, CancellationToken ct)
    {
        run = store.Change(run.Id, known => LaunchProtocol.After(known, null, clock.GetUtcNow()));
        if (LaunchProtocol.Next(run) is not LaunchProtocol.Act.Deliver) return run;   // somebody ended it a moment ago
        var files = RunFiles.For(run.Plan, site.Scheduler, environment).Select(file => new PlainFile(file.Name, Encoding.UTF8.GetBytes(file.Text), file.Private)).ToList();
        var shipment = new Shipment(run.Id.ToString(), areas, files, RunFolder.Launch(site.Root, run.Id));
        var siteKey = $"{site.Site.Name}/{run.Plan.Host}";
        var began = clock.GetTimestamp();
        try
        {
            var target = new SiteStore(site.HostOf(run.Plan.Host), site.Root, siteKey, cache);
            var report = await target.DeliverAsync(shipment, new Progress(tell), ct);
            tell(new SubmitEvent.Sent(report, clock.GetElapsedTime(began)));
            var answer = LaunchAnswer.Read(report.Output, report.Said);
            var after = store.Change(run.Id, known => LaunchProtocol.After(known, answer, clock.GetUtcNow()));
            switch (answer)
            {
                case LaunchAnswer.Refused(var said):
                    throw Refusal(said);
                case LaunchAnswer.Unclear(var said):
                    tell(new SubmitEvent.Retrying(said.Length > 0 ? said : "another launcher is at it"));
                    await Task.Delay(TimeSpan.FromSeconds(2), clock, ct);
                    break;
            }
            return after;
        }
        catch (HostUnreachableException fault) when (fault.MayPass)
        {
            store.Change(run.Id, known => RunJudge.Unseen(known, clock.GetUtcNow()));
            tell(new SubmitEvent.Retrying(fault.Message));
            await Task.Delay(TimeSpan.FromSeconds(1), clock, ct);
            return store.Find(run.Id)!;
        }
        catch (UserException fault) when (fault is not HostUnreachableException)
        {
            // The launcher comes last in a delivery: where the delivery failed, nothing was started.
            store.Change(run.Id, known => known.State is RunState.Staging
                ? known with { State = new RunState.Ended(Outcome.Failed, null, clock.GetUtcNow(), new("delivery", fault.Message)), Submitter = null }
                : known);
            throw;
        }
    }

    private UserException Refusal(string said)
    {
        var refusal = SbatchRefusal.Find(said);
        return new($"{site.Site.Name}: {refusal?.What ?? said}", refusal?.Mend ?? "`muster sites check` shows what the site offers.");
    }

    private async Task<(RunPlan Plan, IReadOnlyList<Area> Areas)> GatherAsync(RunPlan plan, Action<SubmitEvent> tell, CancellationToken ct)
    {
        var areas = new List<Area>();
        if (plan.Snapshot)
        {
            var survey = await SnapshotSurvey.LookAsync(plan.WorkingFolder, ct);
            if (survey is not null && !agrees(survey)) throw new UserException("not submitted: the snapshot was declined", "Ignore what should stay here in .gitignore or .musterignore.");
            var snapshot = await GitSnapshot.TakeAsync(plan.WorkingFolder, new RunRef(plan.Id.ToString()), cache, ct) ?? FolderSnapshot.Take(plan.WorkingFolder, ct);
            tell(new SubmitEvent.Taken(snapshot));
            plan = plan with { Commit = snapshot.Commit, Branch = snapshot.Branch, Folder = snapshot.Subfolder?.Text ?? "" };
            areas.Add(new("code", snapshot.Items, plan.CodeMode switch { "copy" => AreaMode.Copy, "link" => AreaMode.Link, _ => AreaMode.Auto }));
        }
        foreach (var input in plan.Inputs)
        {
            var taken = FolderSnapshot.Take(input.Path, ct);
            areas.Add(new($"in/{input.Name}", input.Only.Count == 0 ? taken.Items : [.. taken.Items.Where(item => Wildcard.FitsAny(input.Only, item.Path.Text))], AreaMode.Link));
        }
        return (plan, areas);
    }

    private sealed class Progress(Action<SubmitEvent> tell) : IProgress<TransferProgress>
    {
        public void Report(TransferProgress value) => tell(new SubmitEvent.Sending(value));
    }
}
