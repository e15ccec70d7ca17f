namespace Muster.Node.Engines.Survey;

/// <summary>
/// Points in the plane, halved again and again, so that looking around one of them takes few steps wherever the others
/// are.
/// </summary>
internal sealed class PlaceTree
{
    private const int LeafSize = 8;

    private readonly double[] _xs;
    private readonly double[] _ys;
    private readonly int[] _order;
    private readonly List<Part> _parts = [];

    /// <summary>
    /// A stretch of the order and the box around its points; halves begin behind it, the first one at once.
    /// </summary>
    private readonly record struct Part(
        int From,
        int To,
        double Left,
        double Right,
        double Bottom,
        double Top,
        int Second
    );

    public PlaceTree(double[] xs, double[] ys)
    {
        (_xs, _ys, _order) = (xs, ys, [.. Enumerable.Range(0, xs.Length)]);
        if (xs.Length > 0)
            Halve(0, xs.Length);
    }

    /// <summary>Steps taken so far, of parts and points looked at.</summary>
    internal long Steps { get; private set; }

    /// <summary>How far the nearest other point is; infinitely far where there is none.</summary>
    public double Nearest(int point)
    {
        var best = double.PositiveInfinity;
        if (_parts.Count > 0)
            Approach(0, point, ref best);
        return Math.Sqrt(best);
    }

    /// <summary>How many points are no farther than this to each side, the point itself among them.</summary>
    public int Around(int point, double reach) => _parts.Count == 0 ? 0 : Count(0, _xs[point], _ys[point], reach);

    private int Halve(int from, int to)
    {
        var at = _parts.Count;
        var (left, right, bottom, top) = (
            double.PositiveInfinity,
            double.NegativeInfinity,
            double.PositiveInfinity,
            double.NegativeInfinity
        );
        foreach (var point in _order.AsSpan(from, to - from))
        {
            (left, right) = (Math.Min(left, _xs[point]), Math.Max(right, _xs[point]));
            (bottom, top) = (Math.Min(bottom, _ys[point]), Math.Max(top, _ys[point]));
        }
        _parts.Add(new(from, to, left, right, bottom, top, 0));
        if (to - from <= LeafSize)
            return at;
        var along = right - left >= top - bottom ? _xs : _ys;
        _order.AsSpan(from, to - from).Sort((one, other) => along[one].CompareTo(along[other]));
        var middle = (from + to) / 2;
        Halve(from, middle);
        _parts[at] = _parts[at] with { Second = Halve(middle, to) };
        return at;
    }

    private void Approach(int at, int point, ref double best)
    {
        Steps++;
        var part = _parts[at];
        if (part.Second == 0)
        {
            foreach (var other in _order.AsSpan(part.From, part.To - part.From))
            {
                Steps++;
                if (other != point)
                    best = Math.Min(best, Square(_xs[other] - _xs[point]) + Square(_ys[other] - _ys[point]));
            }
            return;
        }
        var (near, far) = (at + 1, part.Second);
        if (Distance(far, point) < Distance(near, point))
            (near, far) = (far, near);
        if (Distance(near, point) < best)
            Approach(near, point, ref best);
        if (Distance(far, point) < best)
            Approach(far, point, ref best);
    }

    /// <summary>Squared, to the box of a part.</summary>
    private double Distance(int at, int point)
    {
        var part = _parts[at];
        return Square(Math.Max(0, Math.Max(part.Left - _xs[point], _xs[point] - part.Right)))
            + Square(Math.Max(0, Math.Max(part.Bottom - _ys[point], _ys[point] - part.Top)));
    }

    private int Count(int at, double x, double y, double reach)
    {
        Steps++;
        var part = _parts[at];
        if (part.Left > x + reach || part.Right < x - reach || part.Bottom > y + reach || part.Top < y - reach)
            return 0;
        if (part.Left >= x - reach && part.Right <= x + reach && part.Bottom >= y - reach && part.Top <= y + reach)
            return part.To - part.From;
        if (part.Second != 0)
            return Count(at + 1, x, y, reach) + Count(part.Second, x, y, reach);
        var count = 0;
        foreach (var other in _order.AsSpan(part.From, part.To - part.From))
        {
            Steps++;
            if (Math.Abs(_xs[other] - x) <= reach && Math.Abs(_ys[other] - y) <= reach)
                count++;
        }
        return count;
    }

    private static double Square(double number) => number * number;
}
