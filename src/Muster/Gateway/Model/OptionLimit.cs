using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Muster.NodeOdm;

namespace Muster.Gateway.Model;

/// <summary>What is made of one option for a token, in ClusterODM's words.</summary>
public sealed record OptionLimit
{
    /// <summary>It is not offered.</summary>
    public bool Remove { get; init; }
    public string? Domain { get; init; }

    /// <summary>Replaces the default; "true" forces an option that is given to true.</summary>
    public string? Value { get; init; }

    /// <summary>It is added with <see cref="Value"/> where it is not given.</summary>
    public bool Assure { get; init; }
    public ValueBounds? Between { get; init; }
}

public sealed record ValueBounds
{
    public double? Min { get; init; }
    public double? Max { get; init; }

    /// <summary>A value that means the most there is, as 0 does for some options.</summary>
    [JsonPropertyName("max_if_equal_to")]
    public double? MaxIfEqualTo { get; init; }

    public double Apply(double value)
    {
        if (Max is { } most && value == MaxIfEqualTo)
            value = most;
        return Math.Min(Math.Max(value, Min ?? double.MinValue), Max ?? double.MaxValue);
    }
}

/// <summary>The options that a token is offered, and what becomes of those it gives.</summary>
public static class OptionLimits
{
    private const string Concurrency = "max-concurrency";

    public static IReadOnlyList<OptionDescription> Offered(
        IReadOnlyList<OptionDescription> known,
        TokenLimits limits
    ) =>
        limits.Options is not { } rules
            ? known
            :
            [
                .. from option in known
                let rule = rules.GetValueOrDefault(option.Name)
                where rule?.Remove is not true && option.Name != Concurrency
                select rule is null
                    ? option
                    : option with
                    {
                        Domain = rule.Domain is { } domain ? new(domain) : option.Domain,
                        Value = rule.Value ?? option.Value,
                    },
            ];

    /// <summary>The given options within their limits. They are checked after that.</summary>
    public static IReadOnlyList<TaskOption> Applied(IReadOnlyList<TaskOption> given, TokenLimits limits)
    {
        if (limits.Options is not { } rules)
            return given;
        var kept = given
            .Select(option =>
                rules.GetValueOrDefault(option.Name) is { } rule
                    ? option with
                    {
                        Value = Within(option.Value, rule),
                    }
                    : option
            )
            .ToList();
        foreach (var (name, rule) in rules)
        {
            if (rule is { Assure: true, Value: { } value } && kept.All(option => option.Name != name))
                kept.Add(new(name, JsonSerializer.SerializeToElement(value, LimitsJson.Default.String)));
        }
        return kept;
    }

    private static JsonElement Within(JsonElement value, OptionLimit rule)
    {
        if (rule.Value == "true")
            return JsonSerializer.SerializeToElement(true, LimitsJson.Default.Boolean);
        var text = value.ValueKind == JsonValueKind.String ? value.GetString() : value.GetRawText();
        return
            rule.Between is { } bounds
            && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
            && bounds.Apply(number) is var bound
            && bound != number
            ? JsonSerializer.SerializeToElement(bound, LimitsJson.Default.Double)
            : value;
    }
}

[JsonSerializable(typeof(string))]
[JsonSerializable(typeof(bool))]
[JsonSerializable(typeof(double))]
internal sealed partial class LimitsJson : JsonSerializerContext;
