using System.Buffers;

namespace Muster.NodeOdm;

/// <summary>Reads what others send, to its end or to a limit. Memory grows with what has come.</summary>
internal static class BoundedBody
{
    private const int FirstBytes = 4 << 10;

    /// <summary>What has come, up to <paramref name="most"/> bytes, and whether that is all of it.</summary>
    public static async Task<(ReadOnlyMemory<byte> Bytes, bool IsWhole)> ReadAsync(
        Stream body,
        int most,
        CancellationToken ct
    )
    {
        var bytes = new ArrayBufferWriter<byte>(Math.Min(FirstBytes, most));
        while (bytes.WrittenCount < most)
        {
            var room = bytes.GetMemory(1);
            var read = await body.ReadAsync(room[..Math.Min(room.Length, most - bytes.WrittenCount)], ct);
            if (read == 0)
                return (bytes.WrittenMemory, true);
            bytes.Advance(read);
        }
        return (bytes.WrittenMemory, await body.ReadAsync(new byte[1], ct) == 0);
    }
}
