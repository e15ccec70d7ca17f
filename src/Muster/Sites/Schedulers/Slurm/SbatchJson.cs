using System.Text.Json;
using Muster.Faults;

namespace Muster.Sites.Schedulers.Slurm;

/// <summary>
/// Reads <c>sbatch</c> options written as a JSON object: a file <c>sbatch.json</c>, or text on the command line.
/// </summary>
public static class SbatchJson
{
    /// <summary>
    /// The options of <c>sbatch.json</c> in <paramref name="folder"/>; none when there is no such file.
    /// </summary>
    public static SbatchOptions Find(string folder)
    {
        var path = Path.Combine(folder, "sbatch.json");
        return File.Exists(path) ? Parse(File.ReadAllText(path), path) : SbatchOptions.None;
    }

    /// <param name="where">Names the text in a fault.</param>
    public static SbatchOptions Parse(string text, string where)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            return Read(document.RootElement, where);
        }
        // the latter: half of a surrogate pair
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            throw new UserException(
                $"{where} is not JSON: {fault.Message}",
                """Write an object, such as {"--gres": "gpu:1", "-c": "4"}.""",
                fault
            );
        }
    }

    internal static SbatchOptions Read(JsonElement json, string where)
    {
        if (json.ValueKind is not JsonValueKind.Object)
        {
            throw new UserException(
                $"{where} holds no JSON object of sbatch options",
                """Write an object, such as {"--gres": "gpu:1", "-c": "4"}."""
            );
        }
        try
        {
            return json.EnumerateObject()
                .Aggregate(SbatchOptions.None, (options, entry) => options.With(entry.Name, Text(entry)));
        }
        catch (UserException fault)
        {
            throw new UserException($"{where}: {fault.Message}", fault.Fix, fault);
        }
    }

    private static string? Text(JsonProperty entry) =>
        entry.Value.ValueKind switch
        {
            JsonValueKind.Null => null,
            JsonValueKind.String => entry.Value.GetString(),
            JsonValueKind.Number => entry.Value.GetRawText(),
            JsonValueKind.True => "true",
            JsonValueKind.False => "false",
            _ => throw new UserException(
                $"the sbatch option '{entry.Name}' is a list or an object",
                "Write one value for each option."
            ),
        };
}
