using Muster.Configuration;
using Muster.Faults;

namespace Muster.Runs.Submit;

/// <summary>The points of a sweep from a CSV file: a line of names, then a line for each point.</summary>
internal static class SweepFile
{
    public static IReadOnlyList<IReadOnlyDictionary<string, string>> Read(string path)
    {
        if (!File.Exists(path))
            throw new UserException($"there is no file {path}", "Correct the path of --file.");
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
