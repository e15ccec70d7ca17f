using System.Globalization;
using System.Text.RegularExpressions;
using Muster.Sites;

namespace Muster.Recipes;

public enum ParameterKind
{
    Text,
    Integer,
    Number,
    Flag,
    Choice,
    Time,
    Size,
}

/// <summary>A value that the user may set, found as <c>$MUSTER_PARAM_NAME</c>.</summary>
public sealed partial record RecipeParameter(string Name, ParameterKind Kind, string About)
{
    /// <summary>As it is written; null leaves the variable unset.</summary>
    public string? Default { get; init; }
    public bool Required { get; init; }
    public double? Min { get; init; }
    public double? Max { get; init; }
    public IReadOnlyList<string> Choices { get; init; } = [];

    public string Variable => RecipeVariables.Parameter(Name);

    /// <summary>What the value must be, in words.</summary>
    public string Expected =>
        Kind switch
        {
            ParameterKind.Text => "a text on one line",
            ParameterKind.Integer => $"a whole number{Range}",
            ParameterKind.Number => $"a number{Range}",
            ParameterKind.Flag => "true or false",
            ParameterKind.Choice => $"one of: {string.Join(", ", Choices)}",
            ParameterKind.Time => "a time such as 90s, 15m or 2h",
            _ => "a size such as 500M or 2G",
        };

    /// <summary>The value as scripts get it (times in seconds, sizes in bytes); null when it does not fit.</summary>
    public string? Read(string text) =>
        Kind switch
        {
            ParameterKind.Text => text.Length > 0 && !text.Any(char.IsControl) ? text : null,
            ParameterKind.Integer => long.TryParse(
                text,
                NumberStyles.AllowLeadingSign,
                CultureInfo.InvariantCulture,
                out var whole
            ) && InRange(whole)
                ? whole.ToString(CultureInfo.InvariantCulture)
                : null,
            ParameterKind.Number => double.TryParse(
                text,
                NumberStyles.Float,
                CultureInfo.InvariantCulture,
                out var number
            )
            && double.IsFinite(number)
            && InRange(number)
                ? number.ToString("R", CultureInfo.InvariantCulture)
                : null,
            ParameterKind.Flag => text is "true" or "false" ? text : null,
            ParameterKind.Choice => Choices.Contains(text) ? text : null,
            ParameterKind.Time => Durations.TryParse(text, out var time)
                ? ((long)Math.Ceiling(time.TotalSeconds)).ToString(CultureInfo.InvariantCulture)
                : null,
            _ => Size(text),
        };

    private string Range =>
        (Min, Max) switch
        {
            ({ } min, { } max) => FormattableString.Invariant($" from {min} to {max}"),
            ({ } min, null) => FormattableString.Invariant($" of at least {min}"),
            (null, { } max) => FormattableString.Invariant($" of at most {max}"),
            _ => "",
        };

    private bool InRange(double value) => !(value < Min) && !(value > Max);

    private static string? Size(string text) =>
        SizeText().Match(text) is { Success: true } match
            ? (
                long.Parse(match.Groups["number"].ValueSpan, CultureInfo.InvariantCulture)
                << (10 * " KMGT".IndexOf(match.Groups["unit"].Value.ToUpperInvariant().PadLeft(1)[0]))
            ).ToString(CultureInfo.InvariantCulture)
            : null;

    [GeneratedRegex(@"\A(?<number>[0-9]{1,6})(?<unit>[KMGTkmgt]?)[Bb]?\z")]
    private static partial Regex SizeText();
}
