using System.Security.Cryptography;
using Muster.Faults;

namespace Muster.NodeOdm.HandIn;

/// <summary>
/// Brings a task to a server, several files at once. After a break, or in another process, it goes on where it stopped:
/// our own servers say what they
/// have, by hash; of others the journal knows what they have acknowledged.
/// </summary>
public sealed class TaskHandIn(
    NodeOdmClient client,
    HandInJournal journal,
    SourceFiles source,
    TaskForm form,
    Action<HandInEvent> tell,
    TimeProvider clock
)
{
    private const int AtOnce = 6;
    private const int MostRounds = 3;

    private readonly PatientAsking _asking = new(client.Name, tell, clock);
    private int _doubtful;

    public async Task SendAsync(CancellationToken ct)
    {
        var began = clock.GetTimestamp();
        if (journal.IsCommitted && await IsKnownAsync(ct))
            return;
        if (journal.IsCommitted)
            BeginAnew("the server does not know the task any more");
        if (!await BeginAsync(ct))
            return;
        var (missing, isListed) = await MissingAsync(ct);
        tell(new HandInEvent.Begun(journal.Task, source.Files.Count - missing.Count));
        for (var round = 1; missing.Count > 0; round++)
        {
            if (round > MostRounds)
                throw new UserException(
                    $"{client.Name} does not keep {missing[0].Name} and {missing.Count - 1} more",
                    "Look at its log and its disk."
                );
            await UploadAsync(missing, ct);
            // What the server says that it has is compared with what was read here.
            missing = isListed ? (await MissingAsync(ct)).Files : [];
        }
        await CommitAsync(ct);
        if (!isListed)
            await CountAsync(ct);
        tell(new HandInEvent.Committed(journal.Task, source.Files.Count, source.Bytes, clock.GetElapsedTime(began)));
    }

    /// <summary>False when it turns out that the task was committed already.</summary>
    private async Task<bool> BeginAsync(CancellationToken ct)
    {
        var begun = await _asking.AskAsync(() => client.InitAsync(journal.Task, form, ct), ct);
        if (begun is NodeReply<string>.Denied { IsUnauthorized: false } && journal.IsOld)
        {
            if (await IsKnownAsync(ct))
            {
                journal.Committed();
                return false;
            }
            BeginAnew(begun.Text);
            begun = await _asking.AskAsync(() => client.InitAsync(journal.Task, form, ct), ct);
        }
        _asking.Said(begun);
        return true;
    }

    /// <summary>A task is known to its server from its commit on.</summary>
    private async Task<bool> IsKnownAsync(CancellationToken ct) =>
        await _asking.AskAsync(() => client.TaskInfoAsync(journal.Task, null, ct), ct)
            is NodeReply<TaskInfo>.Said
                or NodeReply<TaskInfo>.Denied { IsUnauthorized: true };

    private void BeginAnew(string why)
    {
        tell(new HandInEvent.Warning($"{journal.Task} cannot be resumed, so it is submitted again: {why}"));
        journal.BeginAnew();
    }

    /// <summary>What the server lacks, and whether it says so itself.</summary>
    private async Task<(IReadOnlyList<SourceFile> Files, bool IsListed)> MissingAsync(CancellationToken ct)
    {
        if (await client.ReceivedAsync(journal.Task, ct) is not NodeReply<ReceivedAnswer>.Said(var answer))
            return ([.. source.Files.Where(file => journal.HashOf(file.Name) is null)], false);
        var there = answer.Files.ToDictionary(file => file.Name, file => file.Sha256);
        var missing = new List<SourceFile>();
        foreach (var file in source.Files)
        {
            if (!there.TryGetValue(file.Name, out var hash))
                missing.Add(file);
            else if (hash != (journal.HashOf(file.Name) ?? await HashAsync(file, ct)))
                throw new UserException(
                    $"{file.Path} has changed while it was handed in",
                    "Run the command again: it begins a new task with the file as it is now."
                );
        }
        return (missing, true);
    }

    private static async Task<string> HashAsync(SourceFile file, CancellationToken ct)
    {
        await using var stream = UploadFile.OnDisk(file.Path).Open();
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(stream, ct));
    }

    private async Task UploadAsync(IReadOnlyList<SourceFile> missing, CancellationToken ct)
    {
        var (files, bytes) = (source.Files.Count - missing.Count, source.Bytes - missing.Sum(file => file.Bytes));
        void Moved(int more) =>
            tell(new HandInEvent.Sending(files, source.Files.Count, Interlocked.Add(ref bytes, more), source.Bytes));
        await Parallel.ForEachAsync(
            missing,
            new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = ct },
            async (file, stop) =>
            {
                var attempts = 0;
                var hash = await _asking.GetAsync(
                    async () =>
                    {
                        if (++attempts == 2)
                            Interlocked.Increment(ref _doubtful);
                        var read = 0L;
                        using var content = new HashingFile(
                            file,
                            more =>
                            {
                                read += more;
                                Moved(more);
                            }
                        );
                        var reply = await client.UploadAsync(journal.Task, [content.Upload], stop);
                        if (reply is not NodeReply<bool>.Said)
                            Interlocked.Add(ref bytes, -read);
                        return reply.Select(_ => content.Sha256());
                    },
                    stop
                );
                journal.Sent(file.Name, hash);
                Interlocked.Increment(ref files);
            }
        );
    }

    private async Task CommitAsync(CancellationToken ct)
    {
        var committed = await _asking.AskAsync(() => client.CommitAsync(journal.Task, ct), ct);
        // The answer to an earlier attempt may have been lost.
        if (committed is NodeReply<string>.Said || !await IsKnownAsync(ct))
            _asking.Said(committed);
        journal.Committed();
    }

    /// <summary>A server that does not say what it has keeps a file twice when its answer was lost.</summary>
    private async Task CountAsync(CancellationToken ct)
    {
        if (_doubtful == 0 && !journal.IsOld)
            return;
        var info = await _asking.GetAsync(() => client.TaskInfoAsync(journal.Task, null, ct), ct);
        if (info.ImagesCount > source.Images)
            tell(
                new HandInEvent.Warning(
                    $"{client.Name} has {info.ImagesCount} photos for {source.Images}: answers were lost on the way, "
                        + "and it does not say what it has"
                )
            );
        if (info.ImagesCount >= 0 && info.ImagesCount < source.Images)
            throw new UserException(
                $"{client.Name} has {info.ImagesCount} of {source.Images} photos",
                "Remove the task there, and hand it in again with --new."
            );
    }
}
