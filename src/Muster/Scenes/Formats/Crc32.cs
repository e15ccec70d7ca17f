using System.Buffers.Binary;

namespace Muster.Scenes.Formats;

/// <summary>The checksum of zip and PNG, eight bytes at a step.</summary>
internal sealed class Crc32
{
    private static readonly uint[][] Tables = MakeTables();
    private uint _state = uint.MaxValue;

    public uint Value => ~_state;

    public static uint Of(ReadOnlySpan<byte> bytes)
    {
        var crc = new Crc32();
        crc.Append(bytes);
        return crc.Value;
    }

    [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.AggressiveOptimization)]
    public void Append(ReadOnlySpan<byte> bytes)
    {
        var state = _state;
        uint[] t0 = Tables[0], t1 = Tables[1], t2 = Tables[2], t3 = Tables[3], t4 = Tables[4], t5 = Tables[5], t6 = Tables[6], t7 = Tables[7];
        while (bytes.Length >= 8)
        {
            var low = BinaryPrimitives.ReadUInt32LittleEndian(bytes) ^ state;
            var high = BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]);
            state = t7[(byte)low] ^ t6[(byte)(low >> 8)] ^ t5[(byte)(low >> 16)] ^ t4[low >> 24]
                ^ t3[(byte)high] ^ t2[(byte)(high >> 8)] ^ t1[(byte)(high >> 16)] ^ t0[high >> 24];
            bytes = bytes[8..];
        }
        foreach (var one in bytes) state = t0[(byte)(state ^ one)] ^ (state >> 8);
        _state = state;
    }

    private static uint[][] MakeTables()
    {
        var tables = new uint[8][];
        tables[0] = [.. Enumerable.Range(0, 256).Select(one => Enumerable.Range(0, 8).Aggregate((uint)one, (crc, _) => (crc & 1) != 0 ? 0xedb88320 ^ (crc >> 1) : crc >> 1))];
        for (var i = 1; i < 8; i++) tables[i] = [.. tables[i - 1].Select(crc => tables[0][(byte)crc] ^ (crc >> 8))];
        return tables;
    }
}
