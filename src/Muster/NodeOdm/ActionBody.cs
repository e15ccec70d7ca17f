namespace Muster.NodeOdm;

/// <summary>What cancel, remove and restart are sent: urlencoded, multipart or JSON.</summary>
/// <param name="Options">JSON text; null keeps the options that the task has.</param>
public sealed record ActionBody(string Uuid, string? Options)
{
    public static async Task<ActionBody> ReadAsync(string? contentType, Stream body, CancellationToken ct)
    {
        var fields = await FormReader.ReadAsync(contentType, body, onFile: null, ct);
        return fields.GetValueOrDefault("uuid") is { Length: > 0 } uuid
            ? new(uuid, fields.GetValueOrDefault("options") is { Length: > 0 } options ? options : null)
            : throw new RefusalException("uuid param missing.");
    }
}
