using Muster.Shell;

namespace Muster.Hosts;

/// <summary>One machine on which shell text can be run: this one, or one behind SSH.</summary>
public interface IHost
{
    string Name { get; }

    /// <summary>
    /// Starts <paramref name="script"/> under <c>sh</c>; its streams are the caller's. Throws
    /// <see cref="Faults.HostUnreachableException"/>.
    /// </summary>
    Task<ShellChannel> OpenAsync(ShellText script, CancellationToken ct);

    /// <summary>A byte stream to <paramref name="address"/>:<paramref name="port"/> as seen from the host.</summary>
    Task<Stream> ConnectAsync(string address, int port, CancellationToken ct);
}
