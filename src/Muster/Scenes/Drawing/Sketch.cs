using System.Globalization;
using System.Text;

namespace Muster.Scenes.Drawing;

public enum Anchor
{
    Start,
    Middle,
    End,
}

/// <summary>A drawing of lines and words, that becomes vectors (SVG) or pixels (PNG).</summary>
public sealed class Sketch(int width, int height)
{
    private readonly List<Mark> _marks = [];

    private abstract record Mark;

    private sealed record Stroke(Spot[] Points, Ink Ink, double Width) : Mark;

    private sealed record Word(Spot At, string Text, double Size, Ink Ink, Anchor Anchor, bool Upright) : Mark;

    public void Line(IEnumerable<Spot> points, Ink ink, double width = 1) =>
        _marks.Add(new Stroke([.. points], ink, width));

    /// <param name="size">The height of a capital letter.</param>
    /// <param name="upright">Read from below to above.</param>
    public void Text(
        Spot at,
        string text,
        Ink ink,
        Anchor anchor = Anchor.Start,
        double size = 8,
        bool upright = false
    ) => _marks.Add(new Word(at, text, size, ink, anchor, upright));

    public string ToSvg()
    {
        var svg = new StringBuilder();
        svg.Append(
            CultureInfo.InvariantCulture,
            $"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} "
                + $"{height}\" font-family=\"sans-serif\">\n<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n"
        );
        foreach (var mark in _marks)
        {
            if (mark is Stroke stroke)
            {
                svg.Append(
                    CultureInfo.InvariantCulture,
                    $"<polyline fill=\"none\" stroke=\"{stroke.Ink}\" stroke-width=\"{stroke.Width}\" "
                        + $"stroke-linejoin=\"round\" points=\""
                );
                svg.AppendJoin(
                        ' ',
                        stroke.Points.Select(spot =>
                            string.Create(CultureInfo.InvariantCulture, $"{spot.X:0.##},{spot.Y:0.##}")
                        )
                    )
                    .Append("\"/>\n");
            }
            else if (mark is Word word)
            {
                var turn = word.Upright
                    ? string.Create(
                        CultureInfo.InvariantCulture,
                        $" transform=\"rotate(-90 {word.At.X:0.##} {word.At.Y:0.##})\""
                    )
                    : "";
                svg.Append(
                    CultureInfo.InvariantCulture,
                    $"<text x=\"{word.At.X:0.##}\" y=\"{word.At.Y:0.##}\" font-size=\"{word.Size / 0.7:0.#}\" "
                        + $"fill=\"{word.Ink}\" text-anchor=\"{word.Anchor.ToString().ToLowerInvariant()}\"{turn}>"
                );
                svg.Append(System.Security.SecurityElement.Escape(word.Text)).Append("</text>\n");
            }
        }
        return svg.Append("</svg>\n").ToString();
    }

    public Raster ToPixels()
    {
        var raster = new Raster(width, height);
        raster.Fill(Ink.White);
        foreach (var mark in _marks)
        {
            if (mark is Stroke stroke)
            {
                for (var i = 1; i < stroke.Points.Length; i++)
                    raster.Line(stroke.Points[i - 1], stroke.Points[i], stroke.Width, stroke.Ink);
            }
            else if (mark is Word word)
            {
                var back =
                    StrokeFont.WidthOf(word.Text, word.Size)
                    * word.Anchor switch
                    {
                        Anchor.Middle => 0.5,
                        Anchor.End => 1,
                        _ => 0,
                    };
                StrokeFont.Draw(
                    raster,
                    word.Text,
                    word.Upright ? new(word.At.X, word.At.Y + back) : new(word.At.X - back, word.At.Y),
                    word.Size,
                    word.Ink,
                    word.Upright
                );
            }
        }
        return raster;
    }
}
