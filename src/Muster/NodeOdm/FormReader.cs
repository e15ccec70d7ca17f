using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace Muster.NodeOdm;

/// <summary>
/// Reads the text fields of a request's body, be it multipart, urlencoded or JSON, and hands its files out as they
/// arrive.
/// </summary>
public static class FormReader
{
    private static readonly InputLimits Limits = InputLimits.Default;

    /// <param name="contentType">The request's header. Without one that names a form there are no fields, and the body
    /// is not read.</param>
    /// <param name="onFile">Takes each file; null where none is expected.</param>
    public static async Task<IReadOnlyDictionary<string, string>> ReadAsync(
        string? contentType,
        Stream body,
        Func<MultipartPart, CancellationToken, Task>? onFile,
        CancellationToken ct
    )
    {
        if (!MediaTypeHeaderValue.TryParse(contentType, out var type))
            return new Dictionary<string, string>();
        switch (type.MediaType?.ToLowerInvariant())
        {
            case "multipart/form-data":
                var boundary = type
                    .Parameters.FirstOrDefault(parameter =>
                        parameter.Name.Equals("boundary", StringComparison.OrdinalIgnoreCase)
                    )
                    ?.Value?.Trim('"');
                return await PartsAsync(body, boundary ?? "", onFile, ct);
            case "application/x-www-form-urlencoded":
                return UrlEncoded(await TextAsync(body, ct));
            case "application/json":
                return Json(await TextAsync(body, ct));
            default:
                return new Dictionary<string, string>();
        }
    }

    /// <summary>
    /// The task that a node tells of, null where it names none. Anybody may call so, so only the beginning of a body is
    /// read; nodes name the task first.
    /// </summary>
    public static async Task<string?> NoticeAsync(string? contentType, Stream body, CancellationToken ct)
    {
        var (bytes, isWhole) = await BoundedBody.ReadAsync(body, Limits.NoticeBytes, ct);
        if (
            MediaTypeHeaderValue.TryParse(contentType, out var type)
            && type.MediaType?.ToLowerInvariant() == "application/json"
        )
            return UuidIn(bytes.Span, isWhole);
        return isWhole
            ? (await ReadAsync(contentType, new MemoryStream(bytes.ToArray()), onFile: null, ct)).GetValueOrDefault(
                "uuid"
            )
            : null;
    }

    private static string? UuidIn(ReadOnlySpan<byte> json, bool isWhole)
    {
        try
        {
            var reader = new Utf8JsonReader(json, isWhole, default);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
                return null;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var isUuid = reader.ValueTextEquals("uuid"u8);
                if (!reader.Read())
                    return null;
                if (isUuid)
                    return reader.TokenType == JsonTokenType.String ? reader.GetString() : null;
                if (!reader.TrySkip())
                    return null;
            }
        }
        // no JSON names no task; the latter for text that is none
        catch (Exception fault) when (fault is JsonException or InvalidOperationException) { }
        return null;
    }

    private static async Task<Dictionary<string, string>> PartsAsync(
        Stream body,
        string boundary,
        Func<MultipartPart, CancellationToken, Task>? onFile,
        CancellationToken ct
    )
    {
        using var parts = new MultipartReader(body, boundary);
        var fields = new Dictionary<string, string>();
        var (count, left) = (0, Limits.FormBytes);
        while (await parts.NextAsync(ct) is { } part)
        {
            if (part.FileName is null)
            {
                if (++count > Limits.FormFields)
                    throw new RefusalException("Too many fields", noRetry: true);
                var text = await part.TextAsync(Limits.FieldBytes, ct);
                fields[part.Name] = text;
                if ((left -= part.Name.Length + text.Length) < 0)
                    throw TooLarge();
            }
            else if (part.FileName.Length > 0) // a page sends an empty name where no file was chosen
            {
                if (onFile is null || part.Name != "images")
                    throw new RefusalException("Unexpected field", noRetry: true);
                await onFile(part, ct);
            }
        }
        return fields;
    }

    private static async Task<string> TextAsync(Stream body, CancellationToken ct)
    {
        var (bytes, isWhole) = await BoundedBody.ReadAsync(body, Limits.FormBytes, ct);
        return isWhole ? Encoding.UTF8.GetString(bytes.Span) : throw TooLarge();
    }

    private static RefusalException TooLarge() => new("request entity too large", noRetry: true);

    private static Dictionary<string, string> UrlEncoded(string text)
    {
        var fields = new Dictionary<string, string>();
        foreach (var pair in text.Split('&', Limits.FormFields, StringSplitOptions.RemoveEmptyEntries))
        {
            var at = pair.IndexOf('=');
            fields[WebUtility.UrlDecode(at < 0 ? pair : pair[..at])] =
                at < 0 ? "" : WebUtility.UrlDecode(pair[(at + 1)..]);
        }
        return fields;
    }

    /// <summary>An object's members; those that are not texts as the JSON they are.</summary>
    private static Dictionary<string, string> Json(string text)
    {
        var fields = new Dictionary<string, string>();
        if (string.IsNullOrWhiteSpace(text))
            return fields;
        try
        {
            using var document = JsonDocument.Parse(text);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                return fields;
            foreach (
                var member in document
                    .RootElement.EnumerateObject()
                    .Where(member => member.Value.ValueKind != JsonValueKind.Null)
            )
            {
                fields[member.Name] =
                    member.Value.ValueKind == JsonValueKind.String
                        ? member.Value.GetString()!
                        : member.Value.GetRawText();
            }
            return fields;
        }
        // the latter for half a surrogate pair
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            throw new RefusalException(fault.Message, noRetry: true);
        }
    }
}
