using System.Globalization;
using System.Text.Json;

namespace Muster.Runs.Measures;

/// <summary>Reads metrics that are written as text: lines of a log, JSON, JSON Lines, CSV.</summary>
internal static class MetricText
{
    private const string Mark = "muster: metric ";
    private const int Deepest = 4;

    /// <summary>What tells the step, in files and lines; the first that is there counts.</summary>
    private static readonly string[] Steps = ["step", "global_step", "_step", "iteration", "iter", "epoch"];

    /// <summary>What is no metric though it is a number.</summary>
    private static readonly string[] Times = ["time", "timestamp", "_timestamp", "_runtime", "wall_time"];

    /// <summary><c>muster: metric loss=0.3 step=10</c></summary>
    public static IReadOnlyList<MetricSeries> Lines(string text)
    {
        var book = new MetricBook();
        foreach (var line in text.Split('\n').Where(line => line.StartsWith(Mark, StringComparison.Ordinal)))
        {
            var pairs = line[Mark.Length..]
                .Split([' ', ',', '\t', '\r'], StringSplitOptions.RemoveEmptyEntries)
                .Select(word => word.Split('=', 2))
                .Where(pair => pair.Length == 2);
            Put(book, [.. pairs.Select(pair => (pair[0], Number(pair[1])))]);
        }
        return book.Series();
    }

    /// <summary>One object, a list of them, or one on each line.</summary>
    public static IReadOnlyList<MetricSeries> Json(ReadOnlyMemory<byte> text)
    {
        var book = new MetricBook();
        if (Parsed(text) is { } whole)
        {
            using (whole)
            {
                List<JsonElement> rows = [whole.RootElement];
                foreach (var row in rows[0].ValueKind == JsonValueKind.Array ? [.. rows[0].EnumerateArray()] : rows)
                    Put(book, row);
            }
            return book.Series();
        }
        while (!text.IsEmpty)
        {
            var end = text.Span.IndexOf((byte)'\n');
            using var row = Parsed(end < 0 ? text : text[..end]);
            if (row is not null)
                Put(book, row.RootElement);
            text = end < 0 ? default : text[(end + 1)..];
        }
        return book.Series();
    }

    /// <summary>A line of names, then a line for each step; an empty cell is no value.</summary>
    public static IReadOnlyList<MetricSeries> Csv(string text)
    {
        var book = new MetricBook();
        var lines = text.Split('\n');
        var names = lines[0].Split(',').Select(name => name.Trim(' ', '"', '\r')).ToList();
        foreach (var line in lines.Skip(1))
        {
            var cells = line.Split(',');
            Put(book, [.. names.Zip(cells, (name, cell) => (name, Number(cell.Trim(' ', '"', '\r'))))]);
        }
        return book.Series();
    }

    private static JsonDocument? Parsed(ReadOnlyMemory<byte> text)
    {
        try
        {
            return JsonDocument.Parse(text, new() { MaxDepth = 16 });
        }
        catch (JsonException)
        {
            return null; // a line that is still being written, or none of ours
        }
    }

    private static void Put(MetricBook book, JsonElement row)
    {
        var values = new List<(string, double?)>();
        try
        {
            Gather("", row, Deepest);
        }
        catch (InvalidOperationException)
        {
            return; // a name or a word that is no text
        }
        Put(book, values);

        void Gather(string name, JsonElement element, int deep)
        {
            if (element.ValueKind == JsonValueKind.Number && element.TryGetDouble(out var number))
                values.Add((name, number));
            else if (
                element.ValueKind == JsonValueKind.String
                && name.Length > 0
                && Named(element.GetString()) is { } odd
            )
                values.Add((name, odd));
            else if (element.ValueKind == JsonValueKind.Object && deep > 0)
                foreach (var property in element.EnumerateObject())
                    Gather(name.Length == 0 ? property.Name : $"{name}.{property.Name}", property.Value, deep - 1);
        }
    }

    private static void Put(MetricBook book, IReadOnlyList<(string Name, double? Value)> row)
    {
        var step = Steps
            .Select(name => row.FirstOrDefault(pair => pair.Name == name && pair.Value is not null))
            .FirstOrDefault(pair => pair.Value is not null);
        var at = step.Value is { } told && Math.Abs(told) < 1e15 ? (long)told : (long?)null;
        foreach (var (name, value) in row)
        {
            if (value is { } number && !Steps.Contains(name) && !Times.Contains(name))
                book.Put(name, at, number);
        }
    }

    private static double? Number(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) ? value : Named(text);

    /// <summary>What a program writes that has diverged.</summary>
    private static double? Named(string? text) =>
        text?.ToLowerInvariant() switch
        {
            "nan" => double.NaN,
            "inf" or "infinity" => double.PositiveInfinity,
            "-inf" or "-infinity" => double.NegativeInfinity,
            _ => null,
        };
}
