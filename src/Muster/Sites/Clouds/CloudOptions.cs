using System.Globalization;

namespace Muster.Sites.Clouds;

/// <summary>
/// A site's <c>options</c>, of which each provider knows its own; the configuration's reader checks them.
/// </summary>
internal sealed class CloudOptions(CloudSettings site)
{
    public string? Text(string key) => site.Options.TryGetValue(key, out var text) && text.Length > 0 ? text : null;

    public bool? Flag(string key) => Text(key) is { } text ? text == "true" : null;

    public int? Number(string key) =>
        int.TryParse(Text(key), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
