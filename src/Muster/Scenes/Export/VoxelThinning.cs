using Muster.Faults;

namespace Muster.Scenes.Export;

/// <summary>
/// One point in each cube of a lattice: the mean of those that fell into it. Cubes keep the order in which they were
/// first met.
/// </summary>
/// <remarks>
/// Forty bytes a cube and eight to sixteen for finding it, so that fifty million fit where four gigabytes do.
/// </remarks>
public sealed class VoxelThinning
{
    private const int ChunkBits = 16,
        ChunkSize = 1 << ChunkBits;
    private double _size;
    private List<Cube[]> _chunks = [];
    private int[] _slots = new int[1 << 12];
    private int _count;

    public VoxelThinning(double size)
    {
        if (!(size > 0 && double.IsFinite(size)))
            throw UserException.Misuse(
                $"a voxel of size {size}",
                "Give a size above zero, in the units of the output."
            );
        _size = size;
    }

    public int Count => _count;

    public void Add(ReadOnlySpan<ScenePoint> points)
    {
        foreach (ref readonly var point in points)
        {
            if (!point.Position.IsFinite)
                continue;
            var (x, y, z) = (point.Position.X / _size, point.Position.Y / _size, point.Position.Z / _size);
            var (i, j, k) = (Math.Floor(x), Math.Floor(y), Math.Floor(z));
            if (!(Math.Abs(i) < int.MaxValue && Math.Abs(j) < int.MaxValue && Math.Abs(k) < int.MaxValue))
                throw new UserException(
                    $"a voxel of size {_size} is too small for a scene that reaches to {point.Position}",
                    "Choose a larger --voxel, or leave far points out with --max-depth."
                );
            ref var cube = ref Find((int)i, (int)j, (int)k);
            var part = 1f / ++cube.Count;
            cube.MeanX += ((float)(x - i) - cube.MeanX) * part;
            cube.MeanY += ((float)(y - j) - cube.MeanY) * part;
            cube.MeanZ += ((float)(z - k) - cube.MeanZ) * part;
            cube.Red += (point.Red - cube.Red) * part;
            cube.Green += (point.Green - cube.Green) * part;
            cube.Blue += (point.Blue - cube.Blue) * part;
        }
    }

    /// <summary>Makes the cubes twice as large: what was in eight of them is in one.</summary>
    public void Coarsen()
    {
        var (old, count) = (_chunks, _count);
        (_chunks, _count, _size) = ([], 0, 2 * _size);
        _slots = new int[_slots.Length / 2];
        for (var i = 0; i < count; i++)
        {
            ref readonly var cube = ref old[i >> ChunkBits][i & (ChunkSize - 1)];
            ref var into = ref Find(cube.X >> 1, cube.Y >> 1, cube.Z >> 1);
            into.Count += cube.Count;
            var part = (float)cube.Count / into.Count;
            into.MeanX += (((cube.X & 1) + cube.MeanX) / 2 - into.MeanX) * part;
            into.MeanY += (((cube.Y & 1) + cube.MeanY) / 2 - into.MeanY) * part;
            into.MeanZ += (((cube.Z & 1) + cube.MeanZ) / 2 - into.MeanZ) * part;
            into.Red += (cube.Red - into.Red) * part;
            into.Green += (cube.Green - into.Green) * part;
            into.Blue += (cube.Blue - into.Blue) * part;
        }
    }

    public IEnumerable<ScenePoint[]> Points()
    {
        for (var chunk = 0; chunk < _chunks.Count; chunk++)
        {
            var points = new ScenePoint[Math.Min(ChunkSize, _count - (chunk << ChunkBits))];
            for (var at = 0; at < points.Length; at++)
            {
                ref readonly var cube = ref _chunks[chunk][at];
                points[at] = new(
                    new(
                        (cube.X + (double)cube.MeanX) * _size,
                        (cube.Y + (double)cube.MeanY) * _size,
                        (cube.Z + (double)cube.MeanZ) * _size
                    ),
                    Byte(cube.Red),
                    Byte(cube.Green),
                    Byte(cube.Blue)
                );
            }
            yield return points;
        }

        static byte Byte(float mean) => (byte)Math.Clamp(mean + 0.5f, 0, 255);
    }

    private ref Cube Find(int x, int y, int z)
    {
        if (_count >= _slots.Length / 2)
            Grow();
        for (var slot = Hash(x, y, z) & (uint)(_slots.Length - 1); ; slot = (slot + 1) & (uint)(_slots.Length - 1))
        {
            var known = _slots[slot] - 1;
            if (known < 0)
            {
                _slots[slot] = ++_count;
                if (_count > _chunks.Count << ChunkBits)
                    _chunks.Add(new Cube[ChunkSize]);
                ref var made = ref At(_count - 1);
                (made.X, made.Y, made.Z) = (x, y, z);
                return ref made;
            }
            ref var cube = ref At(known);
            if (cube.X == x && cube.Y == y && cube.Z == z)
                return ref cube;
        }
    }

    private void Grow()
    {
        _slots = new int[_slots.Length * 2];
        for (var i = 0; i < _count; i++)
        {
            ref var cube = ref At(i);
            var slot = Hash(cube.X, cube.Y, cube.Z) & (uint)(_slots.Length - 1);
            while (_slots[slot] != 0)
                slot = (slot + 1) & (uint)(_slots.Length - 1);
            _slots[slot] = i + 1;
        }
    }

    private ref Cube At(int index) => ref _chunks[index >> ChunkBits][index & (ChunkSize - 1)];

    private static uint Hash(int x, int y, int z) => (uint)HashCode.Combine(x, y, z);

    private struct Cube
    {
        public int X,
            Y,
            Z,
            Count;
        public float MeanX,
            MeanY,
            MeanZ,
            Red,
            Green,
            Blue;
    }
}
