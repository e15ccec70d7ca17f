using System.Text.Json;

namespace Muster.NodeOdm;

/// <summary>What a client says of a new task.</summary>
public sealed record TaskForm
{
    /// <summary>Null when it was not sent, or sent empty.</summary>
    public string? Name { get; init; }

    /// <summary>JSON text, for <see cref="OptionRules"/>.</summary>
    public string? Options { get; init; }
    public bool SkipPostProcessing { get; init; }
    public string? Webhook { get; init; }

    /// <summary>What the archive shall hold instead of the usual; null for the usual.</summary>
    public IReadOnlyList<string>? Outputs { get; init; }

    /// <summary>Milliseconds since 1970, where the client sets it.</summary>
    public long? DateCreated { get; init; }
    public string? ZipUrl { get; init; }

    /// <exception cref="RefusalException">A field is longer than <see cref="InputLimits"/> says.</exception>
    public static TaskForm Of(IReadOnlyDictionary<string, string> fields) =>
        new()
        {
            Name = Text(fields, "name", Limits.NameChars),
            Options = Text(fields, "options"),
            SkipPostProcessing = Text(fields, "skipPostProcessing") == "true",
            Webhook = Text(fields, "webhook", Limits.AddressChars) is { Length: > 3 } webhook ? webhook : null,
            Outputs = OutputsIn(Text(fields, "outputs")),
            DateCreated = long.TryParse(Text(fields, "dateCreated"), out var created) ? created : null,
            ZipUrl = Text(fields, "zipurl", Limits.AddressChars),
        };

    private static InputLimits Limits => InputLimits.Default;

    /// <summary>
    /// A text that databases take; what no client means to send is refused here, where it harms nobody else.
    /// </summary>
    private static string? Text(IReadOnlyDictionary<string, string> fields, string name, int most = int.MaxValue)
    {
        if (fields.GetValueOrDefault(name) is not { Length: > 0 } text)
            return null;
        if (text.Length > most)
            throw new RefusalException($"Invalid {name}: it is longer than {most} characters", noRetry: true);
        if (text.Contains('\0') || !UnicodeText.IsWhole(text))
            throw new RefusalException($"Invalid {name}: it is not valid text", noRetry: true);
        return text;
    }

    /// <summary>Paths within the project. What is no list, or an empty one, is ignored; no path leads out.</summary>
    private static List<string>? OutputsIn(string? text)
    {
        if (text is null)
            return null;
        try
        {
            using var document = JsonDocument.Parse(text);
            if (document.RootElement.ValueKind != JsonValueKind.Array)
                return null;
            List<string> paths =
            [
                .. from item in document.RootElement.EnumerateArray()
                where item.ValueKind == JsonValueKind.String
                let path = string.Join(
                    '/',
                    item.GetString()!.Split('/', '\\').Where(step => step is not ("" or "." or ".."))
                )
                where path.Length > 0 && !path.Contains('\0')
                select path,
            ];
            if (paths.Count > Limits.Outputs || paths.Any(path => path.Length > Limits.OutputChars))
            {
                var most = $"{Limits.Outputs} paths of up to {Limits.OutputChars} characters";
                throw new RefusalException($"Invalid outputs: it may hold {most}", noRetry: true);
            }
            return paths.Count > 0 ? paths : null;
        }
        // the latter for half a surrogate pair
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            return null;
        }
    }
}
