using Muster.Cli.Context;
using Muster.Cli.Terminal;
using Muster.Faults;

namespace Muster.Cli.Runs;

/// <summary>What a recipe wants done once its results are here: commands on files, such as `scene export`.</summary>
internal static class AfterFetch
{
    private const string Out = "$OUT";

    /// <param name="steps">Words of muster, in which <c>$OUT</c> stands for the folder. A step that names a file which
    /// the run did not leave is passed over.</param>
    public static async Task RunAsync(
        App app,
        IReadOnlyList<IReadOnlyList<string>> steps,
        string folder,
        CancellationToken ct
    )
    {
        foreach (var step in steps)
        {
            string[] words = [.. step.Select(word => IsHere(word) ? folder + word[Out.Length..] : word)];
            if (step.Zip(words).Any(pair => IsHere(pair.First) && !Path.Exists(pair.Second)))
                continue;
            try
            {
                await app.WithinAsync(words, ct);
            }
            catch (UserException fault)
            {
                app.Screen.Note(
                    "note",
                    $"`muster {words[0]} {words.ElementAtOrDefault(1)}` could do nothing with the results: "
                        + $"{fault.Message}",
                    Tint.Yellow
                );
            }
        }
    }

    private static bool IsHere(string word) => word == Out || word.StartsWith(Out + "/", StringComparison.Ordinal);
}
