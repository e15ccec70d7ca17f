namespace Muster.Storage;

/// <summary>
/// Where contents lie that are too large for a database. One is there whole or not at all, and what was put survives a
/// power cut.
/// </summary>
public interface IBlobStore : IDisposable
{
    /// <summary>Bytes that may still come in at once.</summary>
    long Room { get; }

    /// <summary>
    /// A file of its own on this machine for something on its way; <see cref="PutAsync"/> takes it, or a start deletes
    /// it.
    /// </summary>
    string NewPart();

    /// <summary>
    /// Keeps the part under <paramref name="key"/>. After an <see cref="IOException"/> it is still there, to be put
    /// again.
    /// </summary>
    Task PutAsync(string part, string key, CancellationToken ct);

    /// <summary>A content that was put, to be read from any place on.</summary>
    Stream Open(string key, long bytes);

    Task DeleteAsync(string key, CancellationToken ct);

    /// <summary>Whether a key is there.</summary>
    Task<bool> HasAsync(string key, CancellationToken ct);

    IAsyncEnumerable<string> KeysAsync(string prefix, CancellationToken ct);

    /// <summary>Where anybody can read a content for a while without us; null where only we can give it out.</summary>
    Uri? AddressOf(string key, TimeSpan lifetime);

    /// <summary>A fault where nothing can be put.</summary>
    Task CheckAsync(CancellationToken ct);
}
