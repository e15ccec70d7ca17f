using Microsoft.Extensions.Logging;
using Muster.Faults;
using Muster.Node.Engines;
using Muster.NodeOdm;

namespace Muster.Node;

/// <summary>
/// Decides when each task is set up, runs, and ends. A slot is free only when nothing of its last task runs any more,
/// whatever clients were told meanwhile.
/// </summary>
internal sealed partial class NodeQueue(
    NodeSettings settings,
    NodeFolders folders,
    NodeTaskStore store,
    Outputs outputs,
    Task<IEngine> engine,
    TaskSetup setup,
    Webhooks webhooks,
    ResultBucket bucket,
    ProgressPort progress,
    TimeProvider clock,
    ILogger log
) : IDisposable
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(1);

    private readonly Lock _turn = new();
    private readonly Dictionary<string, Job> _jobs = [];
    private readonly CancellationTokenSource _stopping = new();
    private bool _fillsLater;

    /// <summary>What is being done for a task right now.</summary>
    private sealed class Job(bool hasSlot) : IDisposable
    {
        public CancellationTokenSource End { get; } = new();
        public Task Work { get; set; } = Task.CompletedTask;

        /// <summary>It runs the engine, and so holds a slot.</summary>
        public bool HasSlot { get; set; } = hasSlot;

        public void Dispose() => End.Dispose();
    }

    private long Now => clock.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>Goes on with what the last node left behind.</summary>
    public void Resume()
    {
        lock (_turn)
        {
            foreach (var task in store.All())
            {
                if (task.Phase == NodeTaskPhase.Initialising)
                    Begin(task.Uuid, hasSlot: false, SetUpAsync);
                else if (task.Phase == NodeTaskPhase.Running)
                    Begin(task.Uuid, hasSlot: true, RunAsync);
                else if (task.WebhookDue)
                    webhooks.Call(task, _stopping.Token);
            }
            Fill();
        }
    }

    /// <summary>Takes a committed task. One of this id that is there already stays as it is.</summary>
    public void Add(NodeTask task)
    {
        lock (_turn)
        {
            if (store.TryAdd(task))
                Begin(task.Uuid, hasSlot: false, SetUpAsync);
        }
    }

    /// <summary>True when the task is known. One that has ended stays as it ended.</summary>
    public bool Cancel(string uuid)
    {
        lock (_turn)
        {
            if (store.Find(uuid) is not { } task)
                return false;
            if (!task.HasEnded)
            {
                var ran = task.Phase == NodeTaskPhase.Running;
                store.Change(
                    uuid,
                    now => now with { Phase = NodeTaskPhase.Canceled, Ended = Now, Took = -1, WebhookDue = ran }
                );
                _ = _jobs.GetValueOrDefault(uuid)?.End.CancelAsync(); // not here and now: what it wakes needs our lock
                if (ran)
                    webhooks.Call(store.Find(uuid)!, _stopping.Token);
            }
            return true;
        }
    }

    public async Task<bool> RemoveAsync(string uuid)
    {
        if (!Cancel(uuid))
            return false;
        while (JobEndAsync(uuid) is { } job)
            await job;
        await folders.DeleteAsync(folders.Upload(uuid));
        _ = folders.DeleteAsync(folders.Project(uuid));
        store.Remove(uuid);
        outputs.Forget(uuid);
        return true;
    }

    /// <summary>Null when it waits to run again; else why it does not.</summary>
    public string? Restart(string uuid, Func<NodeTask, NodeTask> change)
    {
        lock (_turn)
        {
            if (store.Find(uuid) is not { } task)
                return $"{uuid} not found";
            if (!task.HasEnded)
                return "Task cannot be restarted";
            // In this order, as its last set-up may still be about to move the one to the other.
            if (
                !Directory.Exists(folders.Upload(uuid))
                && !Directory.Exists(folders.Images(uuid))
                && task.ZipUrl is null
            )
                return "Task cannot be restarted";
            ClearResults(uuid);
            store.Change(
                uuid,
                now =>
                    change(now) with
                    {
                        Phase = NodeTaskPhase.Initialising,
                        Created = Now,
                        Started = null,
                        Ended = null,
                        Took = -1,
                        Progress = 0,
                        Error = null,
                        WebhookDue = false,
                    }
            );
            Fill();
            return null;
        }
    }

    private void ClearResults(string uuid)
    {
        if (!Directory.Exists(folders.Notes(uuid)))
            return;
        File.Delete(folders.Archive(uuid));
        File.Delete(folders.ExitRecord(uuid));
        outputs.Of(uuid).Clear();
    }

    /// <summary>Ends the engines and leaves their tasks to the next node.</summary>
    public async Task StopAsync()
    {
        await _stopping.CancelAsync();
        Task[] work;
        lock (_turn)
        {
            foreach (var job in _jobs.Values)
                _ = job.End.CancelAsync();
            work = [.. _jobs.Values.Select(job => job.Work)];
        }
        await Task.WhenAll(work);
        await webhooks.CalledAsync();
    }

    public void Dispose() => _stopping.Dispose();

    private Task? JobEndAsync(string uuid)
    {
        lock (_turn)
            return _jobs.GetValueOrDefault(uuid)?.Work;
    }

    private void Begin(string uuid, bool hasSlot, Func<string, Job, Task> work)
    {
        var job = _jobs[uuid] = new(hasSlot);
        job.Work = Task.Run(async () =>
        {
            try
            {
                try
                {
                    await work(uuid, job);
                }
                catch (Exception fault) when (!HasNoEngine && (fault is not OperationCanceledException || !IsOver(job)))
                {
                    Broke(uuid, fault);
                    await FinishAsync(uuid, job, $"Could not process: {fault.Message}");
                }
            }
            catch (OperationCanceledException) { } // it was cancelled, or the next node goes on with it
            catch (Exception) when (HasNoEngine) { } // the node ends for this reason; the next one goes on
            finally
            {
                lock (_turn)
                {
                    _jobs.Remove(uuid);
                    job.Dispose();
                    Fill();
                }
            }
        });
    }

    private bool IsOver(Job job) => job.End.IsCancellationRequested || _stopping.IsCancellationRequested;

    /// <summary>Starts what waits and may; a restarted task too, once its last engine has ended.</summary>
    private void Fill()
    {
        if (_stopping.IsCancellationRequested || HasNoEngine)
            return;
        try
        {
            foreach (
                var task in store
                    .All()
                    .Where(task =>
                        task.Phase is NodeTaskPhase.Queued or NodeTaskPhase.Initialising
                        && !_jobs.ContainsKey(task.Uuid)
                    )
            )
            {
                if (task.Phase == NodeTaskPhase.Initialising)
                    Begin(task.Uuid, hasSlot: false, SetUpAsync);
                else if (HasFreeSlot)
                    Start(task.Uuid);
            }
        }
        catch (IOException fault)
        {
            if (_fillsLater)
                return;
            _fillsLater = true;
            Waits(fault.Message);
            _ = FillLaterAsync();
        }
    }

    private async Task FillLaterAsync()
    {
        await Task.Delay(FirstPause.Jittered(), clock, _stopping.Token)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        lock (_turn)
        {
            _fillsLater = false;
            Fill();
        }
    }

    /// <summary>
    /// Writes what has happened to a task, again and again where the disk is full: what it held is free meanwhile, and
    /// nobody is told of what is not written.
    /// </summary>
    private async Task RecordAsync(Job job, Action write)
    {
        for (var pause = FirstPause; ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            try
            {
                lock (_turn)
                {
                    write();
                    return;
                }
            }
            catch (IOException fault)
            {
                Waits(fault.Message);
            }
            lock (_turn)
            {
                var held = job.HasSlot;
                job.HasSlot = false;
                if (held)
                    Fill();
            }
            await Task.Delay(pause.Jittered(), clock, job.End.Token);
        }
    }

    /// <summary>The engine could not be opened, and never will be.</summary>
    private bool HasNoEngine => engine.IsFaulted || engine.IsCanceled;

    private bool HasFreeSlot => _jobs.Values.Count(job => job.HasSlot) < settings.Parallel;

    private void Start(string uuid)
    {
        store.Change(uuid, task => task with { Phase = NodeTaskPhase.Running, Started = Now });
        Begin(uuid, hasSlot: true, RunAsync);
    }

    private async Task SetUpAsync(string uuid, Job job)
    {
        try
        {
            var (ready, lines) = await setup.PrepareAsync(store.Find(uuid)!, job.End.Token);
            ClearResults(uuid); // of a run before a restart, which has ended only by now
            foreach (var line in lines)
                outputs.Of(uuid).Say(line);
            await RecordAsync(
                job,
                () =>
                {
                    job.End.Token.ThrowIfCancellationRequested();
                    // Where a slot is free nobody may see the task as queued: ODM's split-merge takes that for a full
                    // node.
                    var starts = HasFreeSlot;
                    store.Change(
                        uuid,
                        task =>
                            task with
                            {
                                ImagesCount = ready.ImagesCount,
                                Options = ready.Options,
                                Phase = starts ? NodeTaskPhase.Running : NodeTaskPhase.Queued,
                                Started = starts ? Now : null,
                            }
                    );
                    job.HasSlot = starts;
                }
            );
            if (!job.HasSlot)
                return;
        }
        catch (RefusalException refusal)
        {
            await FinishAsync(uuid, job, refusal.Message, tellWebhooks: false);
            await folders.DeleteAsync(folders.Upload(uuid));
            await folders.DeleteAsync(folders.Project(uuid));
            return;
        }
        await RunAsync(uuid, job);
    }

    private async Task RunAsync(string uuid, Job job)
    {
        var task = store.Find(uuid)!;
        var output = outputs.Of(uuid);
        using var limit = Limit(task);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(job.End.Token, limit.Token);
        var timedOut = limit.Token.Register(() => TimedOut(uuid, output));
        string? error;
        try
        {
            // Also of a task that was cancelled meanwhile: only its engine knows what still runs of it.
            var opened = await engine.WaitAsync(_stopping.Token);
            var work = new EngineWork(
                uuid,
                folders.Project(uuid),
                task.Options,
                output,
                percent => Report(uuid, percent * 0.9),
                progress.Port,
                settings.EndPatience
            );
            using (progress.Listen(uuid, work.Progress))
                error = await opened.RunAsync(work, end.Token);
            output.Close();
            end.Token.ThrowIfCancellationRequested();
            if (error is null)
                await PackAsync(opened, store.Find(uuid)!, output, end.Token);
        }
        catch (OperationCanceledException) when (end.IsCancellationRequested)
        {
            if (!job.End.IsCancellationRequested)
                await RecordAsync(job, () => Cancel(uuid)); // it ran too long, and that was not written
            return;
        }
        catch (IOException fault)
        {
            error = $"Could not write the result: {fault.Message}";
        }
        finally
        {
            await timedOut.DisposeAsync();
        }
        await FinishAsync(uuid, job, error);
    }

    private CancellationTokenSource Limit(NodeTask task)
    {
        if (settings.MaxRuntime is not { } most || task.Started is not { } started)
            return new();
        var left = most - TimeSpan.FromMilliseconds(Now - started);
        return new(left > TimeSpan.Zero ? left : TimeSpan.FromMilliseconds(1), clock);
    }

    private void TimedOut(string uuid, TaskOutput output)
    {
        try
        {
            output.Say(
                $"The task ran longer than {settings.MaxRuntime!.Value.TotalMinutes:0.##} minutes, as long as this "
                    + "node permits, and was cancelled."
            );
            Cancel(uuid);
        }
        catch (IOException fault)
        {
            Waits(fault.Message);
        }
    }

    private async Task PackAsync(IEngine opened, NodeTask task, TaskOutput output, CancellationToken ct)
    {
        Report(task.Uuid, 93);
        await File.WriteAllLinesAsync(
            Path.Combine(folders.Project(task.Uuid), "task_output.txt"),
            output.Read(null),
            ct
        );
        var results = task.Outputs ?? opened.Results;
        var missing = await Task.Run(
            () => ZipFiles.Pack(folders.Project(task.Uuid), results, folders.Archive(task.Uuid), folders.NewPart(), ct),
            ct
        );
        foreach (var path in missing.Where(_ => task.Outputs is not null))
            output.Say($"Asked for and not there: {path}");
        Report(task.Uuid, 97);
        await bucket.PutAsync(task.Uuid, results, output, ct);
    }

    /// <summary>Progress never goes back. Small steps are not worth a write.</summary>
    private void Report(string uuid, double percent)
    {
        try
        {
            store.Change(
                uuid,
                task =>
                    percent >= task.Progress + 0.1 && task.Phase == NodeTaskPhase.Running
                        ? task with
                        {
                            Progress = Math.Clamp(Math.Round(percent, 2), 0, 100),
                        }
                        : task
            );
        }
        catch (IOException) { } // the next step tells more
    }

    private Task FinishAsync(string uuid, Job job, string? error, bool tellWebhooks = true)
    {
        var (ended, took) = (Now, store.Find(uuid)?.ProcessingTime(Now) ?? -1);
        return RecordAsync(
            job,
            () =>
            {
                // A cancelled job that was about to end has nothing to say: the task may have been restarted since, or
                // goes to the next node.
                if (store.Find(uuid) is not { HasEnded: false } || job.End.IsCancellationRequested)
                    return;
                var told = store.Change(
                    uuid,
                    task =>
                        task with
                        {
                            Phase = error is null ? NodeTaskPhase.Completed : NodeTaskPhase.Failed,
                            Error = error,
                            Progress = 100,
                            Ended = ended,
                            Took = took,
                            WebhookDue = tellWebhooks,
                        }
                );
                if (tellWebhooks)
                    webhooks.Call(told!, _stopping.Token);
            }
        );
    }

    [LoggerMessage(LogLevel.Error, "Waiting for room on the disk: {Why}")]
    private partial void Waits(string why);

    [LoggerMessage(LogLevel.Error, "Task {Uuid} met a fault")]
    private partial void Broke(string uuid, Exception fault);
}
