using System.Text.RegularExpressions;

namespace Muster.Sites.Clouds.Aws;

/// <summary>A region, and one zone of it if the site names it.</summary>
public readonly partial record struct AwsPlace(string Region, string? Zone)
{
    /// <summary>Null when the text is neither a region nor a zone.</summary>
    public static AwsPlace? Find(string text) =>
        Form().Match(text) is { Success: true } match
            ? new(match.Groups[1].Value, match.Groups[2].Length > 0 ? text : null)
            : null;

    public static AwsPlace Get(string text) =>
        Find(text)
        ?? throw new CloudException(
            CloudFault.BadOrder,
            $"'{text}' is not a region or zone of AWS",
            "Write a region such as us-west-2 or a zone such as us-west-2a."
        );

    // The rest of a zone's name is a letter, or a city and a letter as in us-west-2-lax-1a.
    [GeneratedRegex(@"\A([a-z]{2}(?:-[a-z]+)+-[0-9]+)((?:-[a-z0-9]+-[0-9]+)?[a-z])?\z")]
    private static partial Regex Form();
}
