using Muster.Faults;

namespace Muster.NodeOdm.HandIn;

/// <summary>Asks a server until it answers. A break is told once, and so is its end.</summary>
internal sealed class PatientAsking(string server, Action<HandInEvent> tell, TimeProvider clock)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private long? _lost;

    /// <summary>The server's own word.</summary>
    public async Task<NodeReply<T>> AskAsync<T>(Func<Task<NodeReply<T>>> ask, CancellationToken ct)
    {
        for (var pause = FirstPause; ; pause = pause < LongestPause ? 2 * pause : LongestPause)
        {
            var reply = await ask();
            if (reply is NodeReply<T>.Said or NodeReply<T>.Denied)
            {
                Back();
                return reply;
            }
            Lost(reply.Text);
            await Task.Delay(pause, clock, ct);
        }
    }

    /// <summary>The server's answer; a refusal is a fault.</summary>
    public async Task<T> GetAsync<T>(Func<Task<NodeReply<T>>> ask, CancellationToken ct) =>
        Said(await AskAsync(ask, ct));

    public T Said<T>(NodeReply<T> reply) =>
        reply switch
        {
            NodeReply<T>.Said(var value) => value,
            NodeReply<T>.Denied { IsUnauthorized: true } => throw new UserException(
                $"{server} does not accept the token",
                "Pass the right one with --token-file FILE or in $MUSTER_TOKEN."
            )
            {
                ExitCode = ExitCodes.AuthenticationNeeded,
            },
            NodeReply<T>.Denied denied => throw new UserException(
                $"{server} refuses: {denied.Error}",
                "Fix what it names; then run the same command to resume."
            ),
            _ => throw new UserException(
                reply.Text,
                "Check the address, and that a NodeODM server runs there: `muster serve` starts one."
            )
            {
                ExitCode = ExitCodes.Unknown,
            },
        };

    public void Lost(string why)
    {
        lock (_lock)
        {
            if (_lost is not null)
                return;
            _lost = clock.GetTimestamp();
        }
        tell(new HandInEvent.ContactLost(why));
    }

    public void Back()
    {
        long? since;
        lock (_lock)
            (since, _lost) = (_lost, null);
        if (since is { } at)
            tell(new HandInEvent.ContactBack(clock.GetElapsedTime(at)));
    }
}
