using System.Runtime.InteropServices;
using System.Text;

namespace Muster.Hosts;

/// <summary>A stream that begins behind a mark: what a login shell printed before it is passed over.</summary>
internal sealed class MarkedStream(Stream inner, byte[] mark) : ReadOnlyStream
{
    private byte[] _rest = [];
    private int _restAt;
    private bool _begun;

    /// <summary>The beginning of what was passed over, once the mark has come.</summary>
    public string Before { get; private set; } = "";

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (!_begun && !await BeginAsync(cancellationToken))
            return 0;
        if (_restAt == _rest.Length)
            return await inner.ReadAsync(buffer, cancellationToken);
        var count = Math.Min(buffer.Length, _rest.Length - _restAt);
        _rest.AsMemory(_restAt, count).CopyTo(buffer);
        _restAt += count;
        return count;
    }

    private async Task<bool> BeginAsync(CancellationToken ct)
    {
        var seen = new List<byte>();
        var before = new List<byte>();
        var buffer = new byte[4096];
        while (true)
        {
            var read = await inner.ReadAsync(buffer, ct);
            if (read == 0)
                return false;
            seen.AddRange(buffer.AsSpan(0, read));
            if (before.Count < 4096)
                before.AddRange(buffer.AsSpan(0, read));
            var at = CollectionsMarshal.AsSpan(seen).IndexOf(mark);
            if (at >= 0)
            {
                _rest = [.. seen.Skip(at + mark.Length)];
                var end = CollectionsMarshal.AsSpan(before).IndexOf(mark);
                Before = Encoding.UTF8.GetString(CollectionsMarshal.AsSpan(before)[..(end < 0 ? before.Count : end)]);
                _begun = true;
                return true;
            }
            // A banner may be long; only as much as could hold the beginning of the mark is kept.
            if (seen.Count > mark.Length)
                seen.RemoveRange(0, seen.Count - mark.Length);
        }
    }
}
