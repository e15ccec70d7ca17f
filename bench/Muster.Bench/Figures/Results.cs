using System.Text.Json;
using System.Text.Json.Serialization;

namespace Muster.Bench.Figures;

/// <summary>
/// All that was measured last: `bench/results.json`, and the tables of `bench/results.md` that are made from it. The
/// words around the tables are written by people.
/// </summary>
internal static class Results
{
    private const string Begin = "<!-- measured: ";
    private const string End = "<!-- end -->";
    private const string Head =
        "| What | Muster | Peer | Ratio | Limit | Budget | Held |\n" + "|---|---|---|---|---|---|---|";

    private static readonly JsonSerializerOptions Form = new()
    {
        WriteIndented = true,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new JsonStringEnumConverter() },
    };

    public static IReadOnlyList<Measured> Read(string path) =>
        JsonSerializer.Deserialize<List<Measured>>(File.ReadAllText(path), Form) ?? [];

    public static void Write(string path, IReadOnlyList<Measured> rows) =>
        File.WriteAllText(path, JsonSerializer.Serialize(rows, Form) + "\n");

    /// <summary>What was known, with all rows of the benchmarks that were measured again replaced.</summary>
    public static IReadOnlyList<Measured> Merged(IReadOnlyList<Measured> known, IReadOnlyList<Measured> measured)
    {
        var again = measured.Select(row => row.Benchmark).ToHashSet();
        return [.. known.Where(row => !again.Contains(row.Benchmark)), .. measured];
    }

    public static string Table(IEnumerable<Measured> rows) =>
        string.Join('\n', [Head, .. rows.Select(row => row.Line())]);

    /// <summary>
    /// The text with each table made anew: between `measured: NAME …` and `end` stand these benchmarks. Where none of
    /// them was measured yet, what stands there stays.
    /// </summary>
    public static string WithTables(string text, IReadOnlyList<Measured> rows)
    {
        var made = new List<string>();
        var lines = text.Split('\n');
        for (var at = 0; at < lines.Length; at++)
        {
            made.Add(lines[at]);
            if (!lines[at].StartsWith(Begin, StringComparison.Ordinal))
                continue;
            var names = lines[at][Begin.Length..].Replace(" -->", "", StringComparison.Ordinal).Split(' ');
            var shown = names.SelectMany(name => rows.Where(row => row.Benchmark == name)).ToList();
            if (shown.Count == 0)
                continue;
            var taken = shown.Select(row => row.Taken).Distinct().Order().Select(day => $"{day:yyyy-MM-dd}");
            made.Add(Table(shown));
            made.Add($"\nTaken on {string.Join(", ", taken)}.");
            var end = Array.IndexOf(lines, End, at);
            if (end < 0)
                throw new InvalidOperationException($"`{lines[at]}` has no `{End}`");
            at = end - 1;
        }
        return string.Join('\n', made);
    }
}
