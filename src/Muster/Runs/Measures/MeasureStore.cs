using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.Data.Sqlite;
using Muster.Storage;

namespace Muster.Runs.Measures;

/// <summary>What runs have measured, as it was last read: so no list has to ask a site.</summary>
public sealed class MeasureStore(string file)
{
    private readonly SqliteFile _file = new(
        file,
        new Migrations("CREATE TABLE measures (id TEXT PRIMARY KEY, summary TEXT NOT NULL, whole TEXT NOT NULL)")
    );

    public RunMeasures Find(RunId id) =>
        Whole(id) is { } text ? JsonSerializer.Deserialize(text, MeasureJson.Default.RunMeasures)! : RunMeasures.None;

    /// <summary>The summaries of all runs that have one.</summary>
    public IReadOnlyDictionary<RunId, MeasureSummary> Summaries(IReadOnlyCollection<RunId> ids)
    {
        using var connection = _file.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT summary FROM measures WHERE id = $id";
        var id = command.Parameters.Add("$id", SqliteType.Text);
        var found = new Dictionary<RunId, MeasureSummary>();
        foreach (var one in ids)
        {
            id.Value = one.ToString();
            if (command.ExecuteScalar() is string text)
                found[one] = JsonSerializer.Deserialize(text, MeasureJson.Default.MeasureSummary)!;
        }
        return found;
    }

    public void Put(RunPlan plan, RunMeasures measures)
    {
        using var connection = _file.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "INSERT OR REPLACE INTO measures (id, summary, whole) VALUES ($id, $summary, $whole)";
        command.Parameters.AddWithValue("$id", plan.Id.ToString());
        command.Parameters.AddWithValue(
            "$summary",
            JsonSerializer.Serialize(MeasureSummary.Of(plan, measures), MeasureJson.Default.MeasureSummary)
        );
        command.Parameters.AddWithValue("$whole", JsonSerializer.Serialize(measures, MeasureJson.Default.RunMeasures));
        command.ExecuteNonQuery();
    }

    private string? Whole(RunId id)
    {
        using var connection = _file.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT whole FROM measures WHERE id = $id";
        command.Parameters.AddWithValue("$id", id.ToString());
        return command.ExecuteScalar() as string;
    }
}

/// <summary>How measures are kept here.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals
)]
[JsonSerializable(typeof(RunMeasures))]
[JsonSerializable(typeof(MeasureSummary))]
internal sealed partial class MeasureJson : JsonSerializerContext;
