using Muster.Faults;

namespace Muster.NodeOdm.HandIn;

/// <summary>Follows a task on a server to its end, and brings its archive.</summary>
public sealed class TaskFollow(NodeOdmClient client, string task, Action<HandInEvent> tell, TimeProvider clock)
{
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(1);

    private readonly PatientAsking _asking = new(client.Name, tell, clock);

    public async Task<TaskInfo> UntilEndAsync(CancellationToken ct)
    {
        for (var lines = 0; ; await Task.Delay(LookAgain, clock, ct))
        {
            var reply = await _asking.AskAsync(() => client.TaskInfoAsync(task, lines, ct), ct);
            if (reply is NodeReply<TaskInfo>.Denied { IsUnauthorized: false } denied)
                throw new UserException(
                    $"{client.Name} does not know the task any more: {denied.Error}",
                    "It was removed or has expired. Run the same command to submit it again."
                )
                {
                    ExitCode = ExitCodes.Unknown,
                };
            var info = _asking.Said(reply);
            if (info.Output is { Count: > 0 } more)
            {
                tell(new HandInEvent.Output(more));
                lines += more.Count;
            }
            tell(new HandInEvent.Changed(info));
            if (info.Status.Code is not (TaskCode.Queued or TaskCode.Running))
                return info;
        }
    }

    public async Task DownloadAsync(FileStream into, CancellationToken ct)
    {
        var reply = await client.DownloadAsync(
            task,
            "all.zip",
            into,
            ct,
            new(
                _asking.Lost,
                (bytes, all) =>
                {
                    _asking.Back();
                    tell(new HandInEvent.Fetching(bytes, all));
                }
            )
        );
        _asking.Said(reply);
    }

    public async Task CancelAsync(CancellationToken ct) =>
        await _asking.GetAsync(() => client.CancelAsync(task, ct), ct);
}
