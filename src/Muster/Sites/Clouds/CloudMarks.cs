using System.Globalization;
using System.Text.RegularExpressions;

namespace Muster.Sites.Clouds;

/// <summary>
/// What is written on everything that we make at a provider: whose it is, which order it is for, and when it must end.
/// Nothing without the mark of this fleet is ever destroyed.
/// </summary>
public sealed partial record CloudMarks(string? Fleet, Guid? Order, DateTimeOffset? Until)
{
    public const string FleetKey = "muster";
    public const string OrderKey = "muster-order";
    public const string UntilKey = "muster-until";

    /// <summary>What keys of the user's own labels may not begin with.</summary>
    public const string Reserved = "muster";

    public static CloudMarks Of(MachineOrder order) => new(order.Fleet, order.Id, order.Until);

    /// <summary>For Hetzner, AWS and Kubernetes; the user's own are put beside them.</summary>
    public static IReadOnlyDictionary<string, string> Labels(MachineOrder order)
    {
        var labels = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (key, value) in order.Labels)
            labels[key] = value;
        labels[FleetKey] = order.Fleet;
        labels[OrderKey] = order.Id.ToString("N");
        labels[UntilKey] = order.Until.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        return labels;
    }

    /// <summary>For DigitalOcean and Scaleway, whose tags have no values.</summary>
    public static IReadOnlyList<string> Tags(MachineOrder order) =>
        [.. Labels(order).Select(label => label.Value.Length == 0 ? label.Key : $"{label.Key}:{label.Value}")];

    /// <summary>What the fleet's things are listed by.</summary>
    public static string FleetTag(string fleet) => $"{FleetKey}:{fleet}";

    /// <summary>What the machines of one order are found by.</summary>
    public static string OrderTag(Guid order) => $"{OrderKey}:{order:N}";

    public static CloudMarks OfLabels(IEnumerable<KeyValuePair<string, string>> labels)
    {
        var marks = new CloudMarks(null, null, null);
        foreach (var (key, value) in labels)
        {
            marks = key switch
            {
                FleetKey when IsFleet(value) => marks with { Fleet = value },
                OrderKey when Guid.TryParseExact(value, "N", out var order) => marks with { Order = order },
                UntilKey when Moment(value) is { } until => marks with { Until = until },
                _ => marks,
            };
        }
        return marks;
    }

    /// <summary>DigitalOcean keeps a tag in the case in which it was first used.</summary>
    public static CloudMarks OfTags(IEnumerable<string> tags) =>
        OfLabels(
            tags.Select(tag => tag.ToLowerInvariant().Split(':', 2))
                .Where(parts => parts.Length == 2)
                .Select(parts => KeyValuePair.Create(parts[0], parts[1]))
        );

    public static bool IsFleet(string text) => FleetText().IsMatch(text);

    /// <summary>What is wrong with a label of the user's own; null when the provider takes it.</summary>
    public static string? Mistake(LabelForm form, string key, string value)
    {
        if (key.StartsWith(Reserved, StringComparison.OrdinalIgnoreCase))
            return $"'{key}' begins with 'muster', which Muster's own marks do";
        return form switch
        {
            LabelForm.Labels when key.StartsWith("hetzner.cloud/", StringComparison.Ordinal) =>
                $"'{key}' begins with 'hetzner.cloud/', which the provider keeps for itself",
            LabelForm.Labels when !LabelKey().IsMatch(key) => $"'{key}' cannot be the key of a label: at most 63 "
                + "letters, digits, - _ and ., with a letter or a digit at both ends",
            LabelForm.Labels when value.Length > 0 && !LabelName().IsMatch(value) =>
                $"'{value}' cannot be the value of a label: at most 63 letters, digits, - _ and ., with a letter or "
                    + "a digit at both ends",
            LabelForm.PlainTags when !PlainTag().IsMatch(Flat(key, value)) =>
                $"'{Flat(key, value)}' cannot be a tag: at most 255 letters, digits, _ - and :",
            LabelForm.FreeTags when Flat(key, value) is { } tag && (tag.Length > 255 || tag.Contains(',')) =>
                $"'{tag}' cannot be a tag: at most 255 characters, no comma",
            LabelForm.KeyedTags when key.Length is 0 or > 127 || key.StartsWith("aws:", StringComparison.Ordinal) =>
                $"'{key}' cannot be the key of a tag: 1 to 127 characters, not beginning with aws:",
            LabelForm.KeyedTags when value.Length > 256 => $"the value of tag '{key}' has more than 256 characters",
            _ => null,
        };
    }

    private static string Flat(string key, string value) => value.Length == 0 ? key : $"{key}:{value}";

    private static DateTimeOffset? Moment(string text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
        && seconds <= DateTimeOffset.MaxValue.ToUnixTimeSeconds()
            ? DateTimeOffset.FromUnixTimeSeconds(seconds)
            : null;

    [GeneratedRegex(@"\A[0-9a-f]{12}\z")]
    private static partial Regex FleetText();

    [GeneratedRegex(
        @"\A(?:[A-Za-z0-9](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9])?/)?[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?\z"
    )]
    private static partial Regex LabelKey();

    [GeneratedRegex(@"\A[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?\z")]
    private static partial Regex LabelName();

    [GeneratedRegex(@"\A[A-Za-z0-9_:-]{1,255}\z")]
    private static partial Regex PlainTag();
}

/// <summary>What a provider takes as a label.</summary>
public enum LabelForm
{
    /// <summary>Hetzner and Kubernetes: short keys and values.</summary>
    Labels,

    /// <summary>DigitalOcean: one word, no dots or slashes.</summary>
    PlainTags,

    /// <summary>Scaleway: any text without a comma.</summary>
    FreeTags,

    /// <summary>AWS: keys and values.</summary>
    KeyedTags,
}
