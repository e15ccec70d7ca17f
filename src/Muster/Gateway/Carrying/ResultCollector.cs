using Muster.Faults;
using Muster.Gateway.Fleet;
using Muster.Gateway.Ledger;
using Muster.Gateway.Model;
using Muster.Gateway.Placing;
using Muster.Gateway.Spool;
using Muster.NodeOdm;

namespace Muster.Gateway.Carrying;

/// <summary>Brings the archive of a finished task here. Only then is the task done for its client.</summary>
internal sealed class ResultCollector(
    TaskLedger ledger,
    NodeFleet fleet,
    ResultFolder results,
    SpoolFolder spool,
    BlobWait wait,
    InputLimits limits,
    TimeProvider clock
) : IDisposable
{
    private const int AtOnce = 16;
    private const int Tries = 5;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);

    private readonly SemaphoreSlim _room = new(AtOnce);

    public async Task CollectAsync(GatewayTask task, TaskPhase.Collecting at, CancellationToken ct)
    {
        var part = results.NewPart();
        try
        {
            var why = "";
            for (var attempt = 1; attempt <= Tries; attempt++)
            {
                if (fleet.Find(at.Node) is not { } node)
                    break;
                NodeReply<long>? reply = null;
                await using (
                    var file = new FileStream(
                        part,
                        FileMode.Create,
                        FileAccess.ReadWrite,
                        FileShare.None,
                        bufferSize: 0,
                        FileOptions.Asynchronous
                    )
                )
                {
                    await wait.UntilDoneAsync(
                        task,
                        at,
                        "there is no room on the disk for its result",
                        async () => reply = await BringAsync(node, task, at, file, ct),
                        ct
                    );
                }
                if (
                    reply is NodeReply<long>.Said
                    && await ResultFolder.CheckAsync(part, task.Id, at.Since, ct) is { } result
                )
                {
                    await wait.UntilDoneAsync(
                        task,
                        at,
                        "its result is here and cannot be kept",
                        () => results.KeepAsync(part, result, ct),
                        ct
                    );
                    await DoneAsync(task, at, node, result);
                    return;
                }
                why = reply is NodeReply<long>.Said ? "the archive is damaged" : reply!.Text;
                if (reply is NodeReply<long>.TooLong)
                    break;
                // A node that is away may come back with it; when it stays away, its watch places the task elsewhere.
                if (reply is NodeReply<long>.Away or NodeReply<long>.Silent)
                    attempt--;
                await Task.Delay((Pause * attempt).Jittered(), clock, ct);
            }
            await ledger.ChangeAsync(
                task.Id,
                (book, now) =>
                    now.Phase == at
                        ? Retries.Apply(
                            book,
                            now,
                            new(FailureKind.Node, $"The result could not be collected: {why}."),
                            fleet.Find(at.Node),
                            fleet.Possible
                        )
                        : null
            );
        }
        finally
        {
            File.Delete(part);
        }
    }

    /// <summary>
    /// No more than a task of its size can give; of one that was taken over from another gateway nobody knows that.
    /// </summary>
    private async Task<NodeReply<long>> BringAsync(
        GatewayNode node,
        GatewayTask task,
        TaskPhase.Collecting at,
        FileStream into,
        CancellationToken ct
    )
    {
        await _room.WaitAsync(ct);
        try
        {
            return await BringOneAsync(node, task, at, into, ct);
        }
        finally
        {
            _room.Release();
        }
    }

    private async Task<NodeReply<long>> BringOneAsync(
        GatewayNode node,
        GatewayTask task,
        TaskPhase.Collecting at,
        FileStream into,
        CancellationToken ct
    )
    {
        var most = task.Files > 0 ? limits.ResultOf(task.Bytes) : long.MaxValue;
        using var room = spool.ReserveForResult();
        var booked = 0L;
        try
        {
            return await fleet
                .Client(node, Patience)
                .DownloadAsync(
                    at.OnNode.ToString(),
                    "all.zip",
                    into,
                    ct,
                    room: new(
                        most,
                        bytes =>
                        {
                            if (bytes <= booked)
                                return;
                            room.Use(bytes - booked);
                            booked = bytes;
                        }
                    )
                );
        }
        catch (SpoolFullException full)
        {
            into.SetLength(0);
            throw new IOException("the disk is nearly full", full);
        }
    }

    public void Dispose() => _room.Dispose();

    private Task<GatewayTask?> DoneAsync(
        GatewayTask task,
        TaskPhase.Collecting at,
        GatewayNode node,
        ResultFile result
    ) =>
        ledger.ChangeAsync(
            task.Id,
            (book, now) =>
            {
                if (now.Phase != at)
                    return null;
                book.Note("completed", $"{now.Name}: {result.Bytes} bytes from {node.Name}", now.Id, node.Id);
                return book.DropFiles(
                    now with
                    {
                        Progress = 100,
                        Phase = new TaskPhase.Ended(TaskCode.Completed, book.Now, null, at.Node, at.OnNode, result),
                    }
                );
            }
        );
}
