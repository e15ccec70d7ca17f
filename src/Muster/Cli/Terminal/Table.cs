using System.Text;
using Muster.Shell;

namespace Muster.Cli.Terminal;

/// <summary>Rows in aligned columns. The last column may be long; on a terminal it is cut to fit.</summary>
public static class Table
{
    public static IEnumerable<string> Lines(
        IReadOnlyList<string> headers,
        IReadOnlyList<IReadOnlyList<string>> rows,
        int? width
    )
    {
        var clean = rows.Select(row => row.Select(SafeText.OneLine).ToList()).ToList();
        var widths = headers
            .Select((header, i) => clean.Select(row => row[i].Length).Append(header.Length).Max())
            .ToList();
        return clean
            .Cast<IReadOnlyList<string>>()
            .Prepend(headers)
            .Select(row =>
            {
                var line = new StringBuilder();
                for (var i = 0; i < row.Count; i++)
                    line.Append(i == row.Count - 1 ? row[i] : row[i].PadRight(widths[i] + 2));
                return width is { } most && line.Length > most
                    ? line.ToString(0, Math.Max(0, most - 1)) + "…"
                    : line.ToString().TrimEnd();
            });
    }
}
