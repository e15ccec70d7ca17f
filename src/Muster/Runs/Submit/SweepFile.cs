using Muster.Configuration;
using Muster.Faults;
using YamlDotNet.RepresentationModel;

namespace Muster.Runs.Submit;

/// <summary>
/// The points of a sweep from a file. CSV: a line of names, then a line for each point. YAML: values of parameters
/// below <c>grid</c>, points below <c>points</c>.
/// </summary>
/// <param name="Grids"><c>NAME=VALUES</c>, as <c>--grid</c> takes them.</param>
/// <param name="Lists">Parameters whose values are listed.</param>
/// <param name="Rows">Points as they are.</param>
internal sealed record SweepFile(
    IReadOnlyList<string> Grids,
    IReadOnlyList<KeyValuePair<string, IReadOnlyList<string>>> Lists,
    IReadOnlyList<IReadOnlyDictionary<string, string>> Rows
)
{
    public static SweepFile None { get; } = new([], [], []);

    public static SweepFile Read(string path)
    {
        if (!File.Exists(path))
            throw new UserException($"there is no file {path}", "Correct the path of --file.");
        return Path.GetExtension(path).ToLowerInvariant() is ".yaml" or ".yml"
            ? Yaml(path)
            : None with
            {
                Rows = Csv(path),
            };
    }

    private static SweepFile Yaml(string path)
    {
        var file = new ConfigFile(path, new(Directory.GetCurrentDirectory(), new Dictionary<string, string>()));
        var root = file.Load();
        var (grids, lists, rows) = (
            new List<string>(),
            new List<KeyValuePair<string, IReadOnlyList<string>>>(),
            new List<IReadOnlyDictionary<string, string>>()
        );
        foreach (var (key, value) in Entries(root))
        {
            if (key == "grid" && value is YamlMappingNode grid)
                foreach (var (name, values) in Entries(grid))
                {
                    if (values is YamlScalarNode { Value: { } text })
                        grids.Add($"{name}={text}");
                    else if (values is YamlSequenceNode { Children.Count: > 0 } list)
                        lists.Add(new(name, [.. list.Select(Scalar)]));
                    else
                        file.Mistake(values, $"{name} has no values; write a list, or a range such as 0..9");
                }
            else if (key == "points" && value is YamlSequenceNode points)
                rows.AddRange(
                    points.Select(point =>
                        (IReadOnlyDictionary<string, string>)
                            Entries(point).ToDictionary(pair => pair.Key, pair => Scalar(pair.Value))
                    )
                );
            else if (value is not null)
                file.Mistake(value, $"'{key}' is not known here");
        }
        if (file.Mistakes is [var first, ..])
            throw new UserException($"{first}", Form);
        if (rows.Select(row => string.Join(' ', row.Keys.Order(StringComparer.Ordinal))).Distinct().Count() > 1)
            throw new UserException(
                $"{path}: the points do not have the same parameters",
                "Give each point all of them."
            );
        return grids.Count + lists.Count + rows.Count > 0
            ? new(grids, lists, rows)
            : throw new UserException($"{path} has no parameters", Form);

        IEnumerable<(string Key, YamlNode Value)> Entries(YamlNode? node)
        {
            if (node is YamlMappingNode map)
                return map.Children.Select(pair => (Scalar(pair.Key), pair.Value));
            if (node is not null)
                file.Mistake(node, "names with values are expected here");
            return [];
        }

        string Scalar(YamlNode node)
        {
            if (node is YamlScalarNode { Value: { } text })
                return text;
            file.Mistake(node, "a word or a number is expected here");
            return "";
        }
    }

    private const string Form = "The form: `grid: {lr: [0.1, 0.01], seed: 0..9}`, and `points: [{lr: 1, seed: 3}]`.";

    private static IReadOnlyList<IReadOnlyDictionary<string, string>> Csv(string path)
    {
        var lines = File.ReadAllLines(path).Select((text, number) => (Text: text.Trim(), Number: number + 1));
        var filled = lines.Where(line => line.Text.Length > 0 && line.Text[0] != '#').ToList();
        if (filled.Count < 2)
            throw new UserException(
                $"{path} has no points",
                "Its first line names the parameters, such as lr,seed; each other line is a point."
            );
        var names = Cells(filled[0].Text);
        if (names.Distinct().Count() < names.Count)
            throw new UserException($"{path}:{filled[0].Number}: a name is there twice", "Name each column once.");
        return
        [
            .. filled
                .Skip(1)
                .Select(line =>
                {
                    var cells = Cells(line.Text);
                    return cells.Count == names.Count
                        ? names.Zip(cells).ToDictionary(pair => pair.First, pair => pair.Second)
                        : throw new UserException(
                            $"{path}:{line.Number}: {cells.Count} values for {names.Count} parameters: "
                                + ConfigFile.Flat(line.Text),
                            "Give each parameter a value; values with commas stand in double quotes."
                        );
                }),
        ];
    }

    private static List<string> Cells(string line)
    {
        var (cells, cell, quoted) = (new List<string>(), new System.Text.StringBuilder(), false);
        for (var i = 0; i < line.Length; i++)
        {
            if (line[i] == '"' && quoted && i + 1 < line.Length && line[i + 1] == '"')
                cell.Append(line[i++]);
            else if (line[i] == '"')
                quoted = !quoted;
            else if (line[i] == ',' && !quoted)
            {
                cells.Add(cell.ToString().Trim());
                cell.Clear();
            }
            else
                cell.Append(line[i]);
        }
        cells.Add(cell.ToString().Trim());
        return cells;
    }
}
