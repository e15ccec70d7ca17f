using Muster.Hosts;
using Muster.Shell;
using Muster.Sites;

namespace Muster.Runs.Follow;

/// <summary>
/// One connection to a host of a run that is followed: all that is heard goes into the channel of <see
/// cref="Follower"/>, and it knows nothing else.
/// </summary>
/// <param name="offsets">Where in each log to go on.</param>
/// <param name="hurried">Give up the attempt soon: another follows.</param>
internal sealed class FollowConnection(
    OpenSite site,
    RunPlan plan,
    string? hostName,
    IReadOnlyDictionary<string, long> offsets,
    bool hurried,
    TimeProvider clock
)
{
    /// <summary>
    /// A host that sends something every second is not heard for so long: its connection is taken for dead.
    /// </summary>
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(4);

    /// <summary>Tells every frame until the connection is over, and why when that was a fault.</summary>
    public async Task ListenAsync(Func<FollowFrame, ValueTask> tell, CancellationToken ct)
    {
        var host = site.HostOf(hostName, hurried);
        try
        {
            await using var channel = await new RunFolder(host, site.Root).FollowAsync(
                plan.FolderOn(hostName),
                once: false,
                offsets,
                ct
            );
            // The first answer takes a few round trips.
            var output = new HeardStream(
                channel.Output,
                Silence * 2,
                Silence,
                clock,
                asking => host.RunAsync(ShellText.Of($":"), asking)
            );
            var at = new Dictionary<string, long>(offsets);
            await foreach (var frame in FollowFrame.ReadAsync(output, ct))
            {
                if (frame is FollowFrame.Log(var name, var offset, var bytes))
                {
                    var expected = at.GetValueOrDefault(name);
                    if (offset != expected)
                        throw new IOException($"{name} continued at {offset} instead of {expected}");
                    at[name] = offset + bytes.Length;
                }
                await tell(frame);
                if (frame is FollowFrame.End)
                    return;
            }
            ct.ThrowIfCancellationRequested();
            await channel.EndAsync(ct).WaitAsync(Silence, clock, ct);
        }
        catch (SilenceException silence)
        {
            // The connection is everybody's. Where it answers, only this channel hangs, as on a file system that does.
            if (host is OpenSshHost ssh && !silence.ConnectionLives)
                await ssh.GiveUpConnectionAsync();
            throw new TimeoutException($"{host.Name} has not been heard for {Silence.TotalSeconds:0} s", silence);
        }
    }
}
