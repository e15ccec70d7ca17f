using Muster.Faults;
using Muster.Gateway.Fleet;
using Muster.Gateway.Ledger;
using Muster.Gateway.Model;
using Muster.Gateway.Placing;
using Muster.Gateway.Spool;
using Muster.Gateway.Tokens;
using Muster.NodeOdm;

namespace Muster.Gateway.Carrying;

/// <summary>
/// Sends a task's files to its node, a few groups at once, and commits it there. It may be begun again at any point.
/// </summary>
internal sealed class FileSender(
    TaskLedger ledger,
    NodeFleet fleet,
    SpoolFolder spool,
    BlobWait wait,
    AheadSender ahead,
    NodeForm forms,
    TokenBook tokens,
    GatewayOptions options,
    TimeProvider clock
)
{
    private const int AtOnce = 4;
    private const int MostBeginnings = 4;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    /// <summary>
    /// How long a node may be silent until files go to another: nothing is lost by that, as it has not begun.
    /// </summary>
    private static readonly TimeSpan SilenceBeforeCommit = TimeSpan.FromSeconds(20);

    /// <summary>The same where nobody listens at all.</summary>
    private static readonly TimeSpan AbsenceBeforeCommit = TimeSpan.FromSeconds(3);

    /// <summary>One round: to the end, or until something stands in the way that another round may get past.</summary>
    public async Task SendAsync(GatewayTask task, TaskPhase.Sending at, CancellationToken ct)
    {
        if (fleet.Find(at.Node) is not { } node)
        {
            await FailAsync(task, at, new(FailureKind.NotSent, "Its node was taken off the list."), null);
            return;
        }
        var trip = new Trip(task, at, node, fleet.Client(node, Patience, options.UploadMaxSpeed), ct);
        // What was sent there before it had its place; null where nobody knows.
        var there = at.Stage == SendingStage.Uploading ? await ahead.ClaimAsync(task.Id, at.OnNode, ct) : null;
        if (there is null && at.Stage != SendingStage.Placed && !await ResumeAsync(trip))
            return;
        if (at.Stage != SendingStage.Committing)
        {
            var files = ledger.Files(task.Id).Where(file => there?.Contains(file.Name) is not true).ToList();
            await wait.UntilDoneAsync(task, at, "its files cannot be read", () => spool.ReachAsync(files, ct), ct);
            if (there is null)
            {
                if (await EnterAsync(trip, SendingStage.Uploading) is not { } uploading)
                    return;
                trip = trip with { At = uploading };
                if (!await BegunAsync(trip))
                    return;
            }
            if (
                !await UploadAsync(trip, files) || await EnterAsync(trip, SendingStage.Committing) is not { } committing
            )
                return;
            trip = trip with { At = committing };
        }
        var committed = await trip.Client.CommitAsync(trip.Id, ct);
        if (committed is NodeReply<string>.Said)
            await SentAsync(trip);
        else
            await StoppedAsync(trip, committed);
    }

    /// <summary>
    /// After a break: whether this round goes on. A node that has the task needs no more; of one that does not, nobody
    /// knows which files it has.
    /// </summary>
    private async Task<bool> ResumeAsync(Trip trip)
    {
        switch (await trip.Client.TaskInfoAsync(trip.Id, null, trip.Ct))
        {
            case NodeReply<TaskInfo>.Said:
                await SentAsync(trip);
                return false;
            case NodeReply<TaskInfo>.Denied { IsUnauthorized: false } when trip.At.Stage == SendingStage.Committing:
                return true; // all files are there; it only has to be committed
            case NodeReply<TaskInfo>.Denied { IsUnauthorized: false }:
                await AnewAsync(trip);
                return false;
            case var silent:
                await StoppedAsync(trip, silent);
                return false;
        }
    }

    private async Task<bool> BegunAsync(Trip trip)
    {
        var form = forms.Of(trip.Task, trip.Node, trip.At.OnNode);
        if (await trip.Client.InitAsync(trip.Id, form, trip.Ct) is var begun && begun is NodeReply<string>.Said)
            return true;
        await StoppedAsync(trip, begun);
        return false;
    }

    private async Task<bool> UploadAsync(Trip trip, IEnumerable<SpoolFile> files)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(trip.Ct);
        NodeReply<bool>? wrong = null;
        try
        {
            await Parallel.ForEachAsync(
                FileGroups.Of(files),
                new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = stop.Token },
                async (group, ct) =>
                {
                    if (
                        await trip.Client.UploadAsync(
                            trip.Id,
                            [.. group.Select(file => new UploadFile(file.Name, file.Bytes, () => spool.Open(file)))],
                            ct
                        )
                            is var reply
                        && reply is NodeReply<bool>.Said
                    )
                        return;
                    wrong = reply;
                    await stop.CancelAsync();
                }
            );
        }
        catch (OperationCanceledException) when (wrong is not null) { }
        if (wrong is null)
            return true;
        await StoppedAsync(trip, wrong);
        return false;
    }

    /// <summary>A refusal ends the attempt; silence is waited out for as long as nothing better can be done.</summary>
    private async Task StoppedAsync<T>(Trip trip, NodeReply<T> reply)
    {
        if (reply is NodeReply<T>.Denied denied)
        {
            // A commit that is denied as unknown may be one that has got through already, or an upload that the node
            // has given up.
            if (
                trip.At.Stage != SendingStage.Placed
                && denied.Error.Contains("not found", StringComparison.OrdinalIgnoreCase)
            )
                await AgainAsync(trip);
            else
                await FailAsync(
                    trip.Task,
                    trip.At,
                    new(Failures.KindOfRefusal(denied.Error), tokens.Without(denied.Error)),
                    trip.Node
                );
            return;
        }
        fleet.Refresh(trip.At.Node);
        var away = fleet.Find(trip.At.Node)?.Health.Away(clock.GetUtcNow()) ?? TimeSpan.Zero;
        var patience = reply is NodeReply<T>.Away ? AbsenceBeforeCommit : SilenceBeforeCommit;
        if (trip.At.Stage == SendingStage.Committing || patience > options.MoveAfter)
            patience = options.MoveAfter;
        if (away >= patience)
            await FailAsync(
                trip.Task,
                trip.At,
                new(
                    trip.At.Stage == SendingStage.Committing ? FailureKind.Vanished : FailureKind.NotSent,
                    $"{trip.Node.Name} went away while it got the files: {reply.Text}."
                ),
                trip.Node
            );
        else
            await Task.Delay(Pause.Jittered(), clock, trip.Ct);
    }

    private async Task AgainAsync(Trip trip)
    {
        if (await trip.Client.TaskInfoAsync(trip.Id, null, trip.Ct) is NodeReply<TaskInfo>.Said)
            await SentAsync(trip);
        else
            await AnewAsync(trip);
    }

    /// <summary>
    /// Under another id, as the node may have some files already and would keep them a second time. What it has under
    /// the first it is to forget.
    /// </summary>
    private Task<GatewayTask?> AnewAsync(Trip trip) =>
        trip.At.Anew + 1 >= MostBeginnings
            ? FailAsync(
                trip.Task,
                trip.At,
                new(FailureKind.NotSent, $"The files did not get to {trip.Node.Name} in {MostBeginnings} attempts."),
                trip.Node
            )
            : ChangeAsync(
                trip.Task.Id,
                trip.At,
                (book, task) =>
                {
                    book.Forget(new(trip.At.Node, trip.At.OnNode));
                    return task with
                    {
                        Phase = trip.At with
                        {
                            OnNode = Guid.NewGuid(),
                            Stage = SendingStage.Placed,
                            Anew = trip.At.Anew + 1,
                        },
                    };
                }
            );

    private async Task<TaskPhase.Sending?> EnterAsync(Trip trip, SendingStage stage)
    {
        var entered = trip.At with { Stage = stage };
        return await ChangeAsync(trip.Task.Id, trip.At, (_, task) => task with { Phase = entered }) is null
            ? null
            : entered;
    }

    private Task<GatewayTask?> SentAsync(Trip trip) =>
        ChangeAsync(
            trip.Task.Id,
            trip.At,
            (book, task) =>
                book.Say(
                    task with
                    {
                        Phase = new TaskPhase.Running(trip.At.Node, trip.At.OnNode, book.Now),
                    },
                    $"{trip.Node.Name} has all files, after {(book.Now - trip.At.Since).TotalSeconds:0.0} s."
                )
        );

    private Task<GatewayTask?> FailAsync(
        GatewayTask task,
        TaskPhase.Sending at,
        TaskFailure failure,
        GatewayNode? node
    ) => ChangeAsync(task.Id, at, (book, now) => Retries.Apply(book, now, failure, node, fleet.Possible));

    private Task<GatewayTask?> ChangeAsync(Guid id, TaskPhase at, Func<TaskBook, GatewayTask, GatewayTask> change) =>
        ledger.ChangeAsync(id, (book, task) => task.Phase == at ? change(book, task) : null);

    private sealed record Trip(
        GatewayTask Task,
        TaskPhase.Sending At,
        GatewayNode Node,
        NodeOdmClient Client,
        CancellationToken Ct
    )
    {
        public string Id => At.OnNode.ToString();
    }
}
