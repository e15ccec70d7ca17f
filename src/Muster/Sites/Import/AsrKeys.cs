using System.Globalization;
using System.Text.Json;
using Muster.Configuration;
using Muster.Faults;

namespace Muster.Sites.Import;

/// <summary>
/// The keys of an autoscaler's file: numbers may be texts, an empty text is as good as none, and a key that nobody has
/// changed from <c>CHANGEME!</c> is a mistake. All mistakes are gathered first.
/// </summary>
internal sealed class AsrKeys(JsonElement json, string path)
{
    private readonly HashSet<string> _asked = [];
    private readonly List<string> _mistakes = [];
    private readonly List<string> _warnings = [];

    public string Path => path;
    public IReadOnlyList<string> Warnings => _warnings;
    public IReadOnlyList<string> Mistakes => _mistakes;

    public void Mistake(string text)
    {
        if (!_mistakes.Contains(text))
            _mistakes.Add(text);
    }

    public void Warn(string text) => _warnings.Add($"{path}: {text}");

    /// <summary>Ends the reading when something was wrong.</summary>
    public void Throw()
    {
        if (_mistakes.Count > 0)
            throw new UserException(
                $"{path}: {string.Join("; ", _mistakes)}",
                "Correct what is named; docs/scaling.md lists every key."
            );
    }

    /// <summary>Keys of the file that nobody asked for.</summary>
    public IReadOnlyList<string> Unknown() =>
        [
            .. json.EnumerateObject()
                .Select(entry => entry.Name)
                .Where(key => !_asked.Any(asked => asked.Split('.')[0] == key))
                .Select(ConfigFile.Flat),
        ];

    /// <param name="key">A key, or one within another as <c>s3.bucket</c>.</param>
    public string? Text(string key)
    {
        if (Find(key) is not { } value)
            return null;
        var text = value.ValueKind switch
        {
            JsonValueKind.String => value.GetString()!.Trim(),
            JsonValueKind.Number => value.GetRawText(),
            _ => null,
        };
        if (text is null || text.Any(letter => char.IsControl(letter) && letter is not '\n'))
        {
            Mistake($"'{key}' is not a text");
            return null;
        }
        if (text is "CHANGEME" or "CHANGEME!")
        {
            Mistake($"'{key}' is still {text}");
            return null;
        }
        return text.Length == 0 ? null : text;
    }

    /// <summary>
    /// What the file cannot do without; an empty text when it is missing, and then that is a mistake.
    /// </summary>
    public string Need(string key)
    {
        var before = _mistakes.Count;
        var text = Text(key);
        if (text is null && _mistakes.Count == before)
            Mistake($"'{key}' is missing");
        return text ?? "";
    }

    public decimal? Number(string key)
    {
        if (Text(key) is not { } text)
            return null;
        if (
            decimal.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
            && Math.Abs(number) < int.MaxValue
        )
            return number;
        Mistake($"'{key}' is '{ConfigFile.Flat(text)}', not a number");
        return null;
    }

    public bool? Flag(string key)
    {
        switch (Find(key))
        {
            case null:
                return null;
            case { ValueKind: JsonValueKind.True }:
                return true;
            case { ValueKind: JsonValueKind.False }:
                return false;
            case { ValueKind: JsonValueKind.String } text when bool.TryParse(text.GetString(), out var flag):
                return flag;
            default:
                Mistake($"'{key}' is not true or false");
                return null;
        }
    }

    /// <summary>One text, or a list of them; null when the key is missing.</summary>
    public IReadOnlyList<string>? Words(string key)
    {
        if (Find(key) is not { ValueKind: JsonValueKind.Array } list)
            return Text(key) is { } one ? [one] : null;
        if (
            list.EnumerateArray()
                .All(entry => entry.ValueKind is JsonValueKind.String && entry.GetString() is { Length: > 0 })
        )
            return [.. list.EnumerateArray().Select(entry => entry.GetString()!)];
        Mistake($"'{key}' is not a list of texts");
        return [];
    }

    public IReadOnlyList<T> List<T>(string key, Func<JsonElement, T?> read)
        where T : class
    {
        switch (Find(key))
        {
            case null:
                return [];
            case { ValueKind: JsonValueKind.Array } list
                when list.EnumerateArray().All(entry => entry.ValueKind is JsonValueKind.Object):
                return [.. list.EnumerateArray().Select(read).OfType<T>()];
            default:
                Mistake($"'{key}' is not a list of objects");
                return [];
        }
    }

    private JsonElement? Find(string key)
    {
        _asked.Add(key);
        var found = json;
        foreach (var part in key.Split('.'))
        {
            if (found.ValueKind is not JsonValueKind.Object || !found.TryGetProperty(part, out found))
                return null;
        }
        return found.ValueKind is JsonValueKind.Null ? null : found;
    }
}
