using System.Buffers;
using System.Text.Json;
using Muster.Gateway.Model;

namespace Muster.Gateway.Tasks;

/// <summary>A task as clients see it: all nine fields, from the first moment on.</summary>
internal static class TaskView
{
    private static readonly JsonWriterOptions Plain = new()
    {
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        SkipValidation = true,
    };

    public static ReadOnlyMemory<byte> Json(GatewayTask task, IReadOnlyList<string>? output, DateTimeOffset now)
    {
        var bytes = new ArrayBufferWriter<byte>(1024);
        using var json = new Utf8JsonWriter(bytes, Plain);
        Write(json, task, output, now);
        json.Flush();
        return bytes.WrittenMemory;
    }

    public static void Write(Utf8JsonWriter json, GatewayTask task, IReadOnlyList<string>? output, DateTimeOffset now)
    {
        json.WriteStartObject();
        json.WriteString("uuid"u8, task.Id);
        json.WriteString("name"u8, task.Name);
        json.WriteNumber("dateCreated"u8, task.Created.ToUnixTimeMilliseconds());
        json.WriteNumber("processingTime"u8, ProcessingTime(task, now));
        json.WriteStartObject("status"u8);
        json.WriteNumber("code"u8, (int)task.Code);
        if (task.Phase is TaskPhase.Ended { Error: { } error })
            json.WriteString("errorMessage"u8, error);
        json.WriteEndObject();
        json.WritePropertyName("options"u8);
        WriteOptions(json, task.Options);
        json.WriteNumber("imagesCount"u8, task.Images);
        json.WriteNumber("progress"u8, task.Progress);
        if (output is not null)
        {
            json.WriteStartArray("output"u8);
            foreach (var line in output)
                json.WriteStringValue(line);
            json.WriteEndArray();
        }
        json.WriteEndObject();
    }

    /// <summary>What is there is JSON already; for people it is laid out.</summary>
    private static void WriteOptions(Utf8JsonWriter json, string options)
    {
        if (!json.Options.Indented)
        {
            json.WriteRawValue(options, skipInputValidation: true);
            return;
        }
        using var parsed = JsonDocument.Parse(options);
        parsed.RootElement.WriteTo(json);
    }

    /// <summary>
    /// A part of a task counts from its acceptance, as the engine that sent it takes -1 for a refusal.
    /// </summary>
    private static long ProcessingTime(GatewayTask task, DateTimeOffset now) =>
        task.Parent is not null && task.ProcessingTime < 0 && task.Code == NodeOdm.TaskCode.Running
            ? Math.Max(0, (long)(now - task.Created).TotalMilliseconds)
            : task.ProcessingTime;
}
