using System.Text.Json;
using System.Text.Json.Serialization;
using Muster.Faults;

namespace Muster.Transfers;

/// <summary>Which files in a folder an earlier fetch of the same run wrote, and with what content: only those may be written over.</summary>
internal sealed record FetchRecord(string Run, Dictionary<string, string> Files)
{
    public const string FileName = ".muster-fetch.json";

    public static FetchRecord Read(string folder, string run)
    {
        var path = Path.Combine(folder, FileName);
        try
        {
            var record = File.Exists(path) ? JsonSerializer.Deserialize(File.ReadAllText(path), FetchJson.Default.FetchRecord) : null;
            return record?.Run == run ? record : new(run, []);
        }
        catch (JsonException fault)
        {
            throw new UserException($"{path} cannot be read", "Remove it; files that are here already are then kept, and new ones are put beside them.", fault);
        }
    }

    public void Write(string folder)
    {
        var path = Path.Combine(folder, FileName);
        File.WriteAllText(path + ".part", JsonSerializer.Serialize(this, FetchJson.Default.FetchRecord));
        File.Move(path + ".part", path, overwrite: true);
    }
}

[JsonSerializable(typeof(FetchRecord)), JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true)]
internal sealed partial class FetchJson : JsonSerializerContext;
