using System.Text.Json;
using System.Text.Json.Serialization;
using Muster.Faults;

namespace Muster.Transfers;

/// <summary>
/// Which files in a folder an earlier fetch of the same run wrote, and with what content: only those may be written
/// over.
/// </summary>
internal sealed record FetchRecord(string Run, Dictionary<string, string> Files)
{
    public const string FileName = ".muster-fetch.json";

    /// <param name="part">One of several places whose results come to the same folder: what another has left here is
    /// not its own.</param>
    public static string NameOf(string? part) => part is null ? FileName : $".muster-fetch.{part}.json";

    public static bool IsOne(string name) =>
        name.StartsWith(".muster-fetch.", StringComparison.Ordinal) && name.EndsWith(".json", StringComparison.Ordinal);

    /// <summary>That run's results were fetched into this folder, or begun to be.</summary>
    public static bool IsOf(string folder, string run, string? part = null)
    {
        try
        {
            return JsonSerializer
                    .Deserialize(File.ReadAllText(Path.Combine(folder, NameOf(part))), FetchJson.Default.FetchRecord)
                    ?.Run == run;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or JsonException)
        {
            return false;
        }
    }

    public static FetchRecord Read(string folder, string run, string? part = null)
    {
        var path = Path.Combine(folder, NameOf(part));
        try
        {
            var record = File.Exists(path)
                ? JsonSerializer.Deserialize(File.ReadAllText(path), FetchJson.Default.FetchRecord)
                : null;
            return record?.Run == run ? record : new(run, []);
        }
        catch (JsonException fault)
        {
            throw new UserException(
                $"{path} cannot be read",
                "Remove it; files that are here already are then kept, and new ones are put beside them.",
                fault
            );
        }
    }

    public void Write(string folder, string? part = null)
    {
        var path = Path.Combine(folder, NameOf(part));
        File.WriteAllText(path + ".part", JsonSerializer.Serialize(this, FetchJson.Default.FetchRecord));
        File.Move(path + ".part", path, overwrite: true);
    }
}

[
    JsonSerializable(typeof(FetchRecord)),
    JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true)
]
internal sealed partial class FetchJson : JsonSerializerContext;
