using System.Globalization;
using System.Text;

namespace Muster.Cli.Terminal;

/// <summary>Curves in characters: a letter for each.</summary>
internal static class LineChart
{
    private const string Bars = "▁▂▃▄▅▆▇█";
    public const string Letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

    /// <summary>The rows of a chart, the highest value above; none where there is nothing to draw.</summary>
    public static IEnumerable<string> Lines(
        IReadOnlyList<IReadOnlyList<(double X, double Y)>> curves,
        int width,
        int height
    )
    {
        var all = curves.SelectMany(curve => curve).Where(point => double.IsFinite(point.Y)).ToList();
        if (all.Count == 0)
            yield break;
        var (left, right) = (all.Min(point => point.X), all.Max(point => point.X));
        var (low, high) = (all.Min(point => point.Y), all.Max(point => point.Y));
        var cells = new char[height, width];
        for (var at = 0; at < curves.Count; at++)
        {
            var letter = Letters[at % Letters.Length];
            var curve = curves[at].Where(point => double.IsFinite(point.Y)).ToList();
            for (var column = 0; column < width; column++)
            {
                var x = left + ((right - left) * column / Math.Max(1, width - 1));
                if (Value(curve, x) is not { } y)
                    continue;
                var row = high > low ? (int)Math.Round((high - y) / (high - low) * (height - 1)) : height / 2;
                ref var cell = ref cells[row, column];
                cell = cell == '\0' || cell == letter ? letter : '*';
            }
        }
        var (top, bottom) = (Short(high), Short(low));
        var margin = Math.Max(top.Length, bottom.Length);
        for (var row = 0; row < height; row++)
        {
            var line = new StringBuilder(
                (
                    row == 0 ? top
                    : row == height - 1 ? bottom
                    : ""
                ).PadLeft(margin)
            ).Append(" |");
            for (var column = 0; column < width; column++)
                line.Append(cells[row, column] is var cell and not '\0' ? cell : ' ');
            yield return line.ToString().TrimEnd();
        }
        var (first, last) = (Short(left), Short(right));
        yield return $"{new string(' ', margin)} +{new string('-', width)}";
        last = last.PadLeft(Math.Max(last.Length + 1, width - first.Length));
        yield return $"{new string(' ', margin + 2)}{first}{last}";
    }

    /// <summary>A row of bars, from the least to the most of its values.</summary>
    public static string Spark(IReadOnlyList<double> values, int width, double? from = null)
    {
        var finite = values.Where(double.IsFinite).ToList();
        if (finite.Count < 2)
            return "";
        var (low, high) = (from ?? finite.Min(), finite.Max());
        var text = new StringBuilder();
        var columns = Math.Min(width, finite.Count);
        for (var column = 0; column < columns; column++)
        {
            var (begin, end) = (column * finite.Count / columns, (column + 1) * finite.Count / columns);
            var mean = finite.Skip(begin).Take(Math.Max(1, end - begin)).Average();
            var share = high > low ? (mean - low) / (high - low) : 0;
            text.Append(Bars[Math.Clamp((int)(share * Bars.Length), 0, Bars.Length - 1)]);
        }
        return text.ToString();
    }

    /// <summary>A number as short as it can be told from its neighbours.</summary>
    public static string Short(double value) => value.ToString("G5", CultureInfo.InvariantCulture);

    /// <summary>The value at x, on the line between two points.</summary>
    private static double? Value(List<(double X, double Y)> curve, double x)
    {
        if (curve.Count == 0 || x < curve[0].X || x > curve[^1].X)
            return null;
        var after = curve.FindIndex(point => point.X >= x);
        if (after <= 0)
            return curve[Math.Max(0, after)].Y;
        var (a, b) = (curve[after - 1], curve[after]);
        return b.X > a.X ? a.Y + ((b.Y - a.Y) * (x - a.X) / (b.X - a.X)) : b.Y;
    }
}
