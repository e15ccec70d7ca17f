using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Muster.NodeOdm;

/// <summary>
/// Reads the options that a client sends: converted by type, checked by domain, in the engine's order, unknown ones
/// dropped.
/// </summary>
public static partial class OptionRules
{
    private const string Concurrency = "max-concurrency";

    /// <param name="sent">JSON text: a list of <c>{"name":…,"value":…}</c>. Null or empty: none.</param>
    /// <param name="mostConcurrency">A larger value is lowered to it, a missing one is added.</param>
    /// <param name="fault">The text of the error answer, when it says false.</param>
    public static bool TryRead(
        IReadOnlyList<OptionDescription> known,
        string? sent,
        int? mostConcurrency,
        out IReadOnlyList<TaskOption> options,
        out string fault
    )
    {
        options = [];
        fault = "";
        List<(string Name, JsonElement Value)> asked;
        try
        {
            asked = Asked(sent);
        }
        // the latter for half a surrogate pair
        catch (Exception bad) when (bad is JsonException or InvalidOperationException)
        {
            fault = bad.Message;
            return false;
        }

        var accepted = new List<TaskOption>();
        var faults = new List<OptionFault>();
        foreach (var description in known)
        {
            var at = asked.FindIndex(pair => pair.Name == description.Name);
            if (at < 0)
                continue;
            var (value, wrong) = Read(description, asked[at].Value);
            if (wrong is null)
                accepted.Add(new(description.Name, value));
            else
                faults.Add(new(description.Name, wrong));
        }
        if (faults.Count > 0)
        {
            fault = JsonSerializer.Serialize<IReadOnlyList<OptionFault>>(faults, OdmJson.Wire.IReadOnlyListOptionFault);
            return false;
        }
        if (mostConcurrency is { } most && known.Any(option => option.Name == Concurrency))
            Cap(accepted, most);
        options = accepted;
        return true;
    }

    private static void Cap(List<TaskOption> options, int most)
    {
        var at = options.FindIndex(option => option.Name == Concurrency);
        if (at < 0)
            options.Add(new(Concurrency, Json(most)));
        else if (options[at].Value.ValueKind == JsonValueKind.Number && options[at].Value.GetDouble() > most)
            options[at] = new(Concurrency, Json(most));
    }

    private static List<(string, JsonElement)> Asked(string? sent)
    {
        if (string.IsNullOrWhiteSpace(sent))
            return [];
        using var document = JsonDocument.Parse(sent);
        if (document.RootElement.ValueKind != JsonValueKind.Array)
            return [];
        return
        [
            .. from item in document.RootElement.EnumerateArray()
            where item.ValueKind == JsonValueKind.Object
            let name = item.TryGetProperty("name", out var named) && named.ValueKind == JsonValueKind.String
                ? named.GetString()
                : null
            where name is not null && item.TryGetProperty("value", out var value) && Text(value) is not null
            select (name, item.GetProperty("value").Clone()),
        ];
    }

    private static (JsonElement Value, string? Fault) Read(OptionDescription option, JsonElement sent)
    {
        switch (option.Type)
        {
            case "bool":
                return sent.ValueKind switch
                {
                    JsonValueKind.True or JsonValueKind.False => (sent, null),
                    JsonValueKind.String when sent.GetString() is "true" or "1" => (Json(true), null),
                    JsonValueKind.String when sent.GetString() is "false" or "0" => (Json(false), null),
                    _ => (default, $"Cannot convert {Text(sent)} to boolean"),
                };
            case "int":
            case "float":
                var number = LeadingNumber(sent, option.Type == "float");
                return double.IsNaN(number)
                    ? (default, OutOfRange("NaN"))
                    : (Json(number), FaultIn(option.Domain, Written(number), number));
            default:
                return (sent, FaultIn(option.Domain, Text(sent), Number(Text(sent))));
        }
    }

    private static string? FaultIn(OptionDomain domain, string text, double number)
    {
        if (domain.Members is { } members)
            return members.Contains(text) ? null : $"Invalid value {text} (not in enum)";
        var fine = domain.Rule switch
        {
            "" or "string" or "path" => true,
            "positive integer" or "positive float" => number >= 0,
            "negative integer" or "negative float" => number <= 0,
            "integer" => double.IsInteger(number),
            "float" => double.IsFinite(number),
            "percent" => number is >= 0 and <= 100,
            "json" => IsJson(text),
            var rule when Between().Match(rule) is { Success: true } range => number >= Number(range.Groups[1].Value)
                && number <= Number(range.Groups[2].Value),
            var rule when Compared().Match(rule) is { Success: true } side => side.Groups[1].Value switch
            {
                ">" => number > Number(side.Groups[2].Value),
                ">=" => number >= Number(side.Groups[2].Value),
                "<" => number < Number(side.Groups[2].Value),
                _ => number <= Number(side.Groups[2].Value),
            },
            _ => (bool?)null,
        };
        return fine switch
        {
            true => null,
            false => OutOfRange(text),
            null => $"Domain value cannot be handled: '{domain.Rule}' : '{text}'",
        };
    }

    private static string OutOfRange(string text) => $"Invalid value {text} (out of range)";

    /// <summary>The number that a text begins with, as JavaScript's parseInt and parseFloat read it.</summary>
    private static double LeadingNumber(JsonElement sent, bool fraction)
    {
        if (sent.ValueKind == JsonValueKind.Number)
            return fraction ? sent.GetDouble() : Math.Truncate(sent.GetDouble());
        if (sent.ValueKind != JsonValueKind.String)
            return double.NaN;
        var match = (fraction ? LeadingFloat() : LeadingInteger()).Match(sent.GetString()!);
        var number = match.Success ? Number(match.Value) : double.NaN;
        return double.IsFinite(number) ? number : double.NaN;
    }

    private static double Number(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : double.NaN;

    private static string Written(double number) => number.ToString("R", CultureInfo.InvariantCulture);

    private static string Text(JsonElement value) =>
        value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText();

    private static JsonElement Json(double number) => JsonSerializer.SerializeToElement(number, OdmJson.Wire.Double);

    private static JsonElement Json(bool value) => JsonSerializer.SerializeToElement(value, OdmJson.Wire.Boolean);

    private static bool IsJson(string text)
    {
        try
        {
            using var parsed = JsonDocument.Parse(text);
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    [GeneratedRegex(@"^(?:integer|float):\s*(\S+)\s*<=\s*x\s*<=\s*(\S+)$")]
    private static partial Regex Between();

    [GeneratedRegex(@"^(?:integer|float)\s*(>=|<=|>|<)\s*(\S+)$")]
    private static partial Regex Compared();

    [GeneratedRegex(@"^\s*[+-]?[0-9]+")]
    private static partial Regex LeadingInteger();

    [GeneratedRegex(@"^\s*[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")]
    private static partial Regex LeadingFloat();
}
