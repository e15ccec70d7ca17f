using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace Muster.NodeOdm;

/// <summary>Reads the text fields of a request's body, be it multipart, urlencoded or JSON, and hands its files out as they arrive.</summary>
public static class FormReader
{
    private const int MostFieldBytes = 1 << 20;
    private const int MostFields = 1_000;

    /// <summary>For bodies without parts: a restart may carry a large boundary among its options.</summary>
    private const int MostBodyBytes = 4 << 20;

    /// <param name="contentType">The request's header. Without one that names a form there are no fields, and the body is not read.</param>
    /// <param name="onFile">Takes each file; null where none is expected.</param>
    public static async Task<IReadOnlyDictionary<string, string>> ReadAsync(string? contentType, Stream body, Func<MultipartPart, CancellationToken, Task>? onFile, CancellationToken ct)
    {
        if (!MediaTypeHeaderValue.TryParse(contentType, out var type)) return new Dictionary<string, string>();
        switch (type.MediaType?.ToLowerInvariant())
        {
            case "multipart/form-data":
                var boundary = type.Parameters.FirstOrDefault(parameter => parameter.Name.Equals("boundary", StringComparison.OrdinalIgnoreCase))?.Value?.Trim('"');
                return await PartsAsync(body, boundary ?? "", onFile, ct);
            case "application/x-www-form-urlencoded":
                return UrlEncoded(await TextAsync(body, ct));
            case "application/json":
                return Json(await TextAsync(body, ct));
            default:
                return new Dictionary<string, string>();
        }
    }

    private static async Task<Dictionary<string, string>> PartsAsync(Stream body, string boundary, Func<MultipartPart, CancellationToken, Task>? onFile, CancellationToken ct)
    {
        using var parts = new MultipartReader(body, boundary);
        var fields = new Dictionary<string, string>();
        while (await parts.NextAsync(ct) is { } part)
        {
            if (part.FileName is null)
            {
                if (fields.Count == MostFields) throw new RefusalException("Too many fields", noRetry: true);
                fields[part.Name] = await part.TextAsync(MostFieldBytes, ct);
            }
            else if (part.FileName.Length > 0)   // a page sends an empty name where no file was chosen
            {
                if (onFile is null || part.Name != "images") throw new RefusalException("Unexpected field", noRetry: true);
                await onFile(part, ct);
            }
        }
        return fields;
    }

    private static async Task<string> TextAsync(Stream body, CancellationToken ct)
    {
        using var text = new MemoryStream();
        var buffer = new byte[16 << 10];
        while (await body.ReadAsync(buffer, ct) is > 0 and var read)
        {
            if (text.Length + read > MostBodyBytes) throw new RefusalException("request entity too large", noRetry: true);
            text.Write(buffer, 0, read);
        }
        return Encoding.UTF8.GetString(text.GetBuffer().AsSpan(0, (int)text.Length));
    }

    private static Dictionary<string, string> UrlEncoded(string text)
    {
        var fields = new Dictionary<string, string>();
        foreach (var pair in text.Split('&', MostFields, StringSplitOptions.RemoveEmptyEntries))
        {
            var at = pair.IndexOf('=');
            fields[WebUtility.UrlDecode(at < 0 ? pair : pair[..at])] = at < 0 ? "" : WebUtility.UrlDecode(pair[(at + 1)..]);
        }
        return fields;
    }

    /// <summary>An object's members; those that are not texts as the JSON they are.</summary>
    private static Dictionary<string, string> Json(string text)
    {
        var fields = new Dictionary<string, string>();
        if (string.IsNullOrWhiteSpace(text)) return fields;
        try
        {
            using var document = JsonDocument.Parse(text);
            if (document.RootElement.ValueKind != JsonValueKind.Object) return fields;
            foreach (var member in document.RootElement.EnumerateObject().Where(member => member.Value.ValueKind != JsonValueKind.Null))
            {
                fields[member.Name] = member.Value.ValueKind == JsonValueKind.String ? member.Value.GetString()! : member.Value.GetRawText();
            }
            return fields;
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)   // the latter for half a surrogate pair
        {
            throw new RefusalException(fault.Message, noRetry: true);
        }
    }
}
