namespace Muster.Hosts;

/// <summary>
/// A shell whose streams are ours: a process here, which may be the SSH client, or one in a pod. Disposing it ends our
/// side of it.
/// </summary>
public interface IShellProcess : IAsyncDisposable
{
    /// <summary>What it reads. Closing it is the end of its input.</summary>
    Stream Input { get; }
    Stream Output { get; }
    Stream Errors { get; }

    Task<int> ExitCodeAsync(CancellationToken ct);
}
