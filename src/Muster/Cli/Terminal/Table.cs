using System.Text;
using Muster.Shell;

namespace Muster.Cli.Terminal;

/// <summary>Rows in aligned columns. The last column may be long; on a terminal it is cut to fit.</summary>
public static class Table
{
    /// <summary>What stays for the last column where the others have to give way.</summary>
    private const int LeastForLast = 24;

    /// <summary>A column is not cut below this.</summary>
    private const int LeastForOther = 12;

    /// <param name="paint">Colours a cell, given its row (-1 for the headers), its column and its padded text.</param>
    public static IEnumerable<string> Lines(
        IReadOnlyList<string> headers,
        IReadOnlyList<IReadOnlyList<string>> rows,
        int? width,
        Func<int, int, string, string>? paint = null
    )
    {
        var clean = rows.Select(row => row.Select(SafeText.OneLine).ToList()).ToList();
        var widths = headers
            .Select((header, i) => clean.Select(row => row[i].Length).Append(header.Length).Max())
            .ToList();
        // Long names give way, the longest first, so that the last column can be read.
        while (
            width is { } most
            && widths.SkipLast(1).Sum(one => one + 2) + Math.Min(widths[^1], LeastForLast) > most
            && widths.SkipLast(1).DefaultIfEmpty(0).Max() is var widest and > LeastForOther
        )
            widths[widths.IndexOf(widest)]--;
        return clean
            .Cast<IReadOnlyList<string>>()
            .Prepend(headers)
            .Select(
                (row, number) =>
                {
                    var line = new StringBuilder();
                    var left = width ?? int.MaxValue;
                    for (var i = 0; i < row.Count && left > 0; i++)
                    {
                        var room = i == row.Count - 1 ? left : Math.Min(left, widths[i]);
                        var cell = Cut(row[i], width is null ? int.MaxValue : room);
                        if (i < row.Count - 1)
                            cell = cell.PadRight(Math.Min(left, widths[i] + 2));
                        left -= cell.Length;
                        line.Append(paint?.Invoke(number - 1, i, cell) ?? cell);
                    }
                    return line.ToString().TrimEnd();
                }
            );
    }

    private static string Cut(string text, int most) =>
        text.Length <= most ? text : text[..Math.Max(0, most - 1)] + "…";
}
