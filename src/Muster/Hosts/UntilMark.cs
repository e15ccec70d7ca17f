namespace Muster.Hosts;

/// <summary>
/// Bytes as they come, up to a mark: what could be the mark's beginning is held back until that is known.
/// </summary>
internal sealed class UntilMark(byte[] mark)
{
    private byte[] _held = [];

    /// <summary>The mark has come: nothing more is given.</summary>
    public bool Reached { get; private set; }

    /// <summary>What came behind the mark together with it.</summary>
    public ReadOnlyMemory<byte> Behind { get; private set; }

    /// <summary>What of these bytes, and of those held back, surely stands before the mark.</summary>
    public ReadOnlyMemory<byte> Add(ReadOnlySpan<byte> bytes)
    {
        if (Reached)
            return default;
        byte[] all = [.. _held, .. bytes];
        var at = all.AsSpan().IndexOf(mark);
        Reached = at >= 0;
        var sure = Reached ? at : all.Length;
        if (!Reached)
            for (var tail = Math.Max(0, all.Length - mark.Length + 1); tail < all.Length && sure == all.Length; tail++)
                if (mark.AsSpan().StartsWith(all.AsSpan(tail)))
                    sure = tail;
        _held = Reached ? [] : all[sure..];
        if (Reached)
            Behind = all.AsMemory(at + mark.Length);
        return all.AsMemory(0, sure);
    }

    /// <summary>What was held back, where the stream ended without the mark.</summary>
    public ReadOnlyMemory<byte> Rest() => _held;
}
