using System.Globalization;

namespace Muster.Scenes.Drawing;

/// <summary>Lines over two axes.</summary>
/// <param name="Square">A unit is as long to the right as it is up.</param>
internal sealed record Chart(string Title, string Across, string Up, IReadOnlyList<Curve> Curves, bool Square = false)
{
    /// <summary>More corners than this no picture shows.</summary>
    private const int MostCorners = 4000;

    public void Draw(Sketch sketch, double left, double top, double width, double height)
    {
        var (x0, x1) = Range(Curves.SelectMany(curve => curve.Points.Select(point => point.X)));
        var (y0, y1) = Range(Curves.SelectMany(curve => curve.Points.Select(point => point.Y)));
        var (inLeft, inTop, inWidth, inHeight) = (left + 70, top + 34, width - 90, height - 86);
        if (Square)
        {
            var unit = Math.Max((x1 - x0) / inWidth, (y1 - y0) / inHeight);
            (x0, x1) = (((x0 + x1) / 2) - (unit * inWidth / 2), ((x0 + x1) / 2) + (unit * inWidth / 2));
            (y0, y1) = (((y0 + y1) / 2) - (unit * inHeight / 2), ((y0 + y1) / 2) + (unit * inHeight / 2));
        }
        double X(double value) => inLeft + ((value - x0) / (x1 - x0) * inWidth);
        double Y(double value) => inTop + inHeight - ((value - y0) / (y1 - y0) * inHeight);

        sketch.Text(new(left + 70, top + 20), Title, Ink.Black, size: 10);
        foreach (var tick in Ticks(x0, x1))
        {
            sketch.Line([new(X(tick), inTop), new(X(tick), inTop + inHeight)], Ink.Pale);
            sketch.Text(new(X(tick), inTop + inHeight + 16), Label(tick), Ink.Grey, Anchor.Middle);
        }
        foreach (var tick in Ticks(y0, y1))
        {
            sketch.Line([new(inLeft, Y(tick)), new(inLeft + inWidth, Y(tick))], Ink.Pale);
            sketch.Text(new(inLeft - 6, Y(tick) + 4), Label(tick), Ink.Grey, Anchor.End);
        }
        sketch.Line(
            [
                new(inLeft, inTop),
                new(inLeft + inWidth, inTop),
                new(inLeft + inWidth, inTop + inHeight),
                new(inLeft, inTop + inHeight),
                new(inLeft, inTop),
            ],
            Ink.Grey
        );
        sketch.Text(new(inLeft + (inWidth / 2), inTop + inHeight + 36), Across, Ink.Black, Anchor.Middle);
        sketch.Text(new(left + 16, inTop + (inHeight / 2)), Up, Ink.Black, Anchor.Middle, upright: true);
        foreach (var curve in Curves)
        {
            var step = Math.Max(1, (curve.Points.Count + MostCorners - 1) / MostCorners);
            sketch.Line(
                curve
                    .Points.Where((_, i) => i % step == 0 || i == curve.Points.Count - 1)
                    .Select(point => new Spot(X(point.X), Y(point.Y))),
                curve.Ink,
                curve.Width
            );
        }
        var at = inLeft + inWidth;
        foreach (var curve in Curves.Reverse().Where(curve => curve.Name.Length > 0))
        {
            at -= StrokeFont.WidthOf(curve.Name, 8);
            sketch.Text(new(at, top + 20), curve.Name, curve.Ink);
            sketch.Line([new(at - 24, top + 16), new(at - 6, top + 16)], curve.Ink, 2);
            at -= 40;
        }
    }

    /// <summary>Round numbers, about five of them.</summary>
    private static IEnumerable<double> Ticks(double from, double to)
    {
        var rough = (to - from) / 5;
        var power = Math.Pow(10, Math.Floor(Math.Log10(rough)));
        var step =
            power
            * (
                (rough / power) switch
                {
                    < 1.5 => 1,
                    < 3.5 => 2,
                    < 7.5 => 5,
                    _ => 10,
                }
            );
        for (var i = Math.Ceiling(from / step); i * step <= to + (step * 1e-9); i++)
            yield return i * step;
    }

    private static string Label(double value) =>
        Math.Abs(value) < 1e-12 ? "0"
        : value.ToString("0.####", CultureInfo.InvariantCulture) is var text && text is not ("0" or "-0") ? text
        : value.ToString("0.#e+0", CultureInfo.InvariantCulture);

    private static (double, double) Range(IEnumerable<double> values)
    {
        double least = double.PositiveInfinity,
            most = double.NegativeInfinity;
        foreach (var value in values.Where(double.IsFinite))
            (least, most) = (Math.Min(least, value), Math.Max(most, value));
        if (least > most)
            return (0, 1);
        var margin = most > least ? (most - least) * 0.04 : Math.Max(1e-6, Math.Abs(most) * 0.01);
        return (least - margin, most + margin);
    }
}

internal sealed record Curve(string Name, Ink Ink, double Width, IReadOnlyList<Spot> Points);
