namespace Muster.Sites.Schedulers.Slurm;

/// <summary>What a real SLURM printed; the release is in the file's name.</summary>
internal static class RecordedText
{
    public static string Read(string name) =>
        File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Recorded", name));

    /// <summary>Pieces that begin with a line <c>$ command</c>.</summary>
    public static IReadOnlyList<(string Command, string Output)> ReadCommands(string name) =>
        [
            .. Read(name)
                .Split("$ ", StringSplitOptions.RemoveEmptyEntries)
                .Select(piece => piece.Split('\n', 2))
                .Select(parts => (parts[0], parts[1])),
        ];
}
