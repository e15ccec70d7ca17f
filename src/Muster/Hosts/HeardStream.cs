namespace Muster.Hosts;

/// <summary>A stream that tells whenever something arrives on it.</summary>
public sealed class HeardStream(Stream inner, Action heard) : ReadOnlyStream
{
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var read = await inner.ReadAsync(buffer, cancellationToken);
        if (read > 0) heard();
        return read;
    }
}
