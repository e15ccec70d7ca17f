using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Muster.NodeOdm;

namespace Muster.Node.Engines;

/// <summary>What <c>odm_options.py</c> says of an installation.</summary>
internal sealed record OdmSurvey(string Engine, string Version, IReadOnlyList<OdmArgument> Arguments);

/// <summary>One argument as ODM's parser registers it.</summary>
internal sealed record OdmArgument(
    string Flag,
    string Type,
    string? Default,
    IReadOnlyList<string>? Choices,
    string Metavar,
    string Help,
    string Action
);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(OdmSurvey))]
internal sealed partial class OdmSurveyJson : JsonSerializerContext;

/// <summary>Turns the arguments of ODM's parser into what clients are shown.</summary>
internal static class OdmArguments
{
    /// <summary>What the node itself decides, or what makes no sense here.</summary>
    private static readonly HashSet<string> Hidden =
    [
        "-h",
        "--help",
        "name",
        "--project-path",
        "--cmvs-maxImages",
        "--time",
        "--zip-results",
        "--pmvs-num-cores",
        "--start-with",
        "--gcp",
        "--images",
        "--geo",
        "--align",
        "--split-image-groups",
        "--copy-to",
        "--rerun-all",
        "--rerun",
        "--slam-config",
        "--video",
        "--version",
    ];

    /// <summary>Null when the text holds no answer of the helper.</summary>
    public static OdmSurvey? Read(string text) =>
        text.Split('\n').LastOrDefault(line => line.StartsWith("MUSTER-OPTIONS ", StringComparison.Ordinal)) is { } line
            ? JsonSerializer.Deserialize(line["MUSTER-OPTIONS ".Length..], OdmSurveyJson.Default.OdmSurvey)
            : null;

    public static IReadOnlyList<OptionDescription> Describe(IEnumerable<OdmArgument> arguments) =>
        [
            .. arguments
                .Where(argument => !Hidden.Contains(argument.Flag) && argument.Flag.Length > 0)
                .Select(Describe)
                .OrderBy(option => option.Name, StringComparer.Ordinal),
        ];

    private static OptionDescription Describe(OdmArgument argument)
    {
        var isFlag = argument.Action is "store_true" or "store_false" || argument.Default is "True" or "False";
        var type =
            argument.Choices is not null ? "enum"
            : isFlag ? "bool"
            : argument.Type switch
            {
                "int" => "int",
                "float" => "float",
                _ => "string",
            };
        var value = argument.Default ?? "";
        return new()
        {
            Name = argument.Flag.TrimStart('-'),
            Type = type,
            Value = type switch
            {
                "int" => Number(value).ToString("0", CultureInfo.InvariantCulture),
                "float" => Number(value).ToString("R", CultureInfo.InvariantCulture),
                "bool" => value == "True" ? "true" : "false",
                _ => value,
            },
            Domain = argument.Choices is { } choices
                ? OptionDomain.Of(choices.Contains(value) ? choices : [value, .. choices])
                : new(Bare(argument.Metavar)),
            Help = argument.Help,
        };
    }

    /// <summary>Without the brackets around it; those within compare.</summary>
    private static string Bare(string metavar) =>
        (metavar.StartsWith('<') && metavar.EndsWith('>') ? metavar[1..^1] : metavar).Trim();

    private static double Number(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : 0;
}
