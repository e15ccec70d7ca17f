using System.Globalization;
using System.Net;
using System.Text;
using Muster.Cli.Terminal;
using Muster.Runs.Measures;
using Muster.Shell;

namespace Muster.Cli.Runs;

/// <summary>Metrics of several runs as a picture: a chart for each metric, a colour for each run.</summary>
internal static class MetricSvg
{
    private const int Width = 720;
    private const int Height = 240;
    private const int Left = 80;
    private const int Right = 180;
    private const int Top = 30;
    private const int Bottom = 30;

    private static readonly string[] Colours =
    [
        "#1f77b4",
        "#d62728",
        "#2ca02c",
        "#9467bd",
        "#ff7f0e",
        "#8c564b",
        "#17becf",
        "#7f7f7f",
    ];

    public static string Of(IReadOnlyList<Compared> all, IReadOnlyList<string> metrics)
    {
        var text = new StringBuilder();
        text.Append($"""<svg xmlns="http://www.w3.org/2000/svg" width="{Width}" height="{Height * metrics.Count}" """);
        text.Append("font-family=\"sans-serif\" font-size=\"12\">");
        text.Append("\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n");
        for (var at = 0; at < metrics.Count; at++)
            Chart(text, all, metrics[at], at * Height);
        return text.Append("</svg>\n").ToString();
    }

    private static void Chart(StringBuilder text, IReadOnlyList<Compared> all, string metric, int y)
    {
        var curves = all.Select(one =>
                (
                    one.Label,
                    Points: (one.Measured?.Find(metric)?.Points ?? [])
                        .Where(point => double.IsFinite(point.Value))
                        .ToList()
                )
            )
            .ToList();
        var points = curves.SelectMany(curve => curve.Points).ToList();
        if (points.Count == 0)
            return;
        var (first, last) = (points.Min(point => point.Step), points.Max(point => point.Step));
        var (low, high) = (points.Min(point => point.Value), points.Max(point => point.Value));
        double X(long step) =>
            Left + ((Width - Left - Right) * (last > first ? (step - first) / (double)(last - first) : 0.5));
        double Y(double value) =>
            y + Top + ((Height - Top - Bottom) * (high > low ? (high - value) / (high - low) : 0.5));
        Text(text, Left, y + 18, "start", metric, "font-weight=\"bold\"");
        Text(text, Left - 6, y + Top + 4, "end", LineChart.Short(high));
        Text(text, Left - 6, y + Height - Bottom + 4, "end", LineChart.Short(low));
        Text(text, Left, y + Height - Bottom + 16, "start", $"{first}");
        Text(text, Width - Right, y + Height - Bottom + 16, "end", $"{last}");
        text.Append(
            $"""<path d="M{Left} {y + Top}V{y + Height - Bottom}H{Width - Right}" fill="none" stroke="#999"/>"""
        );
        text.Append('\n');
        for (var at = 0; at < curves.Count; at++)
        {
            var (label, own) = curves[at];
            if (own.Count == 0)
                continue;
            var colour = Colours[at % Colours.Length];
            var line = string.Join(
                ' ',
                own.Select(point =>
                    string.Create(CultureInfo.InvariantCulture, $"{X(point.Step):0.#},{Y(point.Value):0.#}")
                )
            );
            text.Append($"""<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="1.5"/>""")
                .Append('\n');
            if (own.Count == 1)
                text.Append(
                        string.Create(
                            CultureInfo.InvariantCulture,
                            $"""<circle cx="{X(own[0].Step):0.#}" cy="{Y(own[0].Value):0.#}" r="3" fill="{colour}"/>"""
                        )
                    )
                    .Append('\n');
            if (at < 12)
                Text(text, Width - Right + 10, y + Top + 12 + (16 * at), "start", label, $"fill=\"{colour}\"");
        }
    }

    private static void Text(StringBuilder text, int x, int y, string anchor, string words, string more = "") =>
        text.Append($"""<text x="{x}" y="{y}" text-anchor="{anchor}" {more}>{Safe(words)}</text>""").Append('\n');

    private static string Safe(string words) => WebUtility.HtmlEncode(SafeText.OneLine(words));
}
