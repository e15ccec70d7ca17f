using System.Numerics;

namespace Muster.Samples;

/// <summary>
/// Some acres of hills with fields, a road, houses and trees; the same every time. East and north in meters from its
/// middle.
/// </summary>
internal sealed class Landscape
{
    public const float Highest = 14;
    private const float Cell = 0.05f;
    private const int Columns = 3600,
        Rows = 3000;
    private static readonly Vector3 Sun = Vector3.Normalize(new(-0.55f, 0.35f, 0.75f));

    private readonly float[] _heights = new float[Columns * Rows];
    private readonly Cover[] _cover = new Cover[Columns * Rows];

    private enum Cover : byte
    {
        Ground,
        Roof,
        Tree,
    }

    public Landscape()
    {
        Parallel.For(
            0,
            Rows,
            row =>
            {
                for (var column = 0; column < Columns; column++)
                {
                    _heights[(row * Columns) + column] = Ground(
                        (column - (Columns / 2)) * Cell,
                        (row - (Rows / 2)) * Cell
                    );
                }
            }
        );
        foreach (var (east, north, turn, length, width) in Houses)
            Raise(east, north, MathF.Max(length, width), (x, y) => Roof(x, y, turn, length, width), Cover.Roof);
        for (var tree = 0; tree < 110; tree++)
        {
            var (east, north, radius) = (
                180 * (Noise.Hash(tree, 1) - 0.5f),
                150 * (Noise.Hash(tree, 2) - 0.5f),
                1.2f + (2.4f * Noise.Hash(tree, 3))
            );
            if (
                IsRoad(east, north, margin: 4)
                || Houses.Any(house => Vector2.Distance(new(house.East, house.North), new(east, north)) < 11)
            )
                continue;
            Raise(east, north, radius, (x, y) => Crown(east, north, x, y, radius), Cover.Tree);
        }
    }

    private static IReadOnlyList<(float East, float North, float Turn, float Length, float Width)> Houses { get; } =
    [
        (-22, 14, 0.3f, 12, 8),
        (4, 22, 0.25f, 9, 7),
        (26, 30, 0.45f, 14, 9),
        (-30, -26, -0.2f, 16, 10),
        (12, -22, 0.9f, 10, 8),
        (44, -6, 0.1f, 11, 8),
        (-52, 2, 1.2f, 10, 7),
    ];

    /// <summary>Meters, between the cells too.</summary>
    public float Height(float east, float north)
    {
        var (x, y) = ((east / Cell) + (Columns / 2), (north / Cell) + (Rows / 2));
        var (column, row) = (Math.Clamp((int)x, 0, Columns - 2), Math.Clamp((int)y, 0, Rows - 2));
        var (right, up) = (Math.Clamp(x - column, 0, 1), Math.Clamp(y - row, 0, 1));
        var at = (row * Columns) + column;
        return float.Lerp(
            float.Lerp(_heights[at], _heights[at + 1], right),
            float.Lerp(_heights[at + Columns], _heights[at + Columns + 1], right),
            up
        );
    }

    public Vector3 Color(float east, float north)
    {
        const float reach = 0.15f;
        var slope = new Vector3(
            Height(east - reach, north) - Height(east + reach, north),
            Height(east, north - reach) - Height(east, north + reach),
            2 * reach
        );
        var light = 0.4f + (0.75f * MathF.Max(0, Vector3.Dot(Vector3.Normalize(slope), Sun)));
        var grain =
            (0.5f * Noise.At(east * 2, north * 2))
            + (0.3f * Noise.At(east * 5, north * 5))
            + (0.2f * Noise.At(east * 11, north * 11));
        return light * (0.55f + (0.9f * grain)) * Covered(east, north, grain);
    }

    private Vector3 Covered(float east, float north, float grain)
    {
        var (column, row) = (
            Math.Clamp((int)((east / Cell) + (Columns / 2)), 0, Columns - 1),
            Math.Clamp((int)((north / Cell) + (Rows / 2)), 0, Rows - 1)
        );
        switch (_cover[(row * Columns) + column])
        {
            case Cover.Roof:
                return new(0.62f, 0.33f + (0.12f * Noise.At(east / 9, north / 9)), 0.26f);
            case Cover.Tree:
                return new(0.2f, 0.38f + (0.15f * Noise.At(east / 4, north / 4)), 0.16f);
        }
        if (IsRoad(east, north, margin: 0))
            return new(0.55f, 0.54f, 0.52f);
        var patch = Noise.At((east / 7) + 40, north / 7);
        var meadow = Vector3.Lerp(new(0.33f, 0.5f, 0.2f), new(0.62f, 0.6f, 0.3f), patch);
        if (!IsField(east, north))
            return meadow;
        var furrow = 0.5f + (0.5f * MathF.Sin((east + (0.25f * north)) * 4.2f));
        return Vector3.Lerp(new(0.5f, 0.38f, 0.25f), new(0.36f, 0.52f, 0.22f), furrow * (0.4f + (0.6f * grain)));
    }

    private static bool IsField(float east, float north) =>
        (east is > -62 and < -2 && north is < -4 and > -40 && north < -6 - (0.1f * east))
        || (east is > 18 and < 80 && north is > 4 and < 24);

    private static bool IsRoad(float east, float north, float margin) =>
        MathF.Abs(north - (0.28f * east) - (4 * MathF.Sin(east / 23)) + 3) < 2.6f + margin;

    private static float Ground(float east, float north) =>
        (4.5f * Noise.At((east / 45) + 7, north / 45))
        + (1.2f * Noise.At(east / 13, (north / 13) + 3))
        + (IsRoad(east, north, margin: 0) ? 0 : 0.12f * Noise.At(east * 1.5f, north * 1.5f));

    private void Raise(float east, float north, float reach, Func<float, float, float> shape, Cover cover)
    {
        var ground = Height(east, north);
        var cells = (int)(reach / Cell);
        var (left, bottom) = ((int)(east / Cell) + (Columns / 2), (int)(north / Cell) + (Rows / 2));
        for (var row = Math.Max(0, bottom - cells); row < Math.Min(Rows, bottom + cells); row++)
        {
            for (var column = Math.Max(0, left - cells); column < Math.Min(Columns, left + cells); column++)
            {
                var at = (row * Columns) + column;
                if (
                    shape((column - left) * Cell, (row - bottom) * Cell) is not (> 0 and var height)
                    || ground + height < _heights[at]
                )
                    continue;
                (_heights[at], _cover[at]) = (ground + height, cover);
            }
        }
    }

    private static float Roof(float x, float y, float turn, float length, float width)
    {
        var (sin, cos) = MathF.SinCos(turn);
        var (along, across) = (MathF.Abs((x * cos) + (y * sin)), MathF.Abs((y * cos) - (x * sin)));
        return along > length / 2 || across > width / 2 ? 0 : 3.2f + (2.6f * (1 - (across / (width / 2))));
    }

    private static float Crown(float east, float north, float x, float y, float radius)
    {
        var within = 1 - (((x * x) + (y * y)) / (radius * radius));
        return within <= 0
            ? 0
            : (1.5f + radius) * MathF.Sqrt(within) * (0.7f + (0.45f * Noise.At((east + x) * 2.2f, (north + y) * 2.2f)));
    }
}
