using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using System.Text.RegularExpressions;

namespace Muster.Sites.Clouds;

/// <summary>What a provider answered: any status, whole.</summary>
/// <param name="What">The request, such as <c>POST /v1/servers</c>.</param>
/// <param name="Headers">By name, whatever its case.</param>
public sealed partial record CloudReply(
    string What,
    HttpStatusCode Status,
    IReadOnlyDictionary<string, string> Headers,
    byte[] Body,
    DateTimeOffset At
)
{
    private static readonly TimeSpan LongestPause = TimeSpan.FromHours(1);

    public bool IsSuccess => (int)Status is >= 200 and < 300;

    public string? Header(string name) => Headers.GetValueOrDefault(name);

    /// <summary>The number in a header; null where there is none.</summary>
    public long? Number(string name) =>
        long.TryParse(Header(name), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    /// <summary>
    /// Until when the provider wants to be left alone, in either form of the header, at most an hour.
    /// </summary>
    public DateTimeOffset? RetryAfter
    {
        get
        {
            if (Number("Retry-After") is { } seconds)
                return At + (seconds < LongestPause.TotalSeconds ? TimeSpan.FromSeconds(seconds) : LongestPause);
            return DateTimeOffset.TryParse(
                Header("Retry-After"),
                CultureInfo.InvariantCulture,
                DateTimeStyles.AssumeUniversal,
                out var moment
            )
                ? Capped(moment)
                : null;
        }
    }

    /// <summary>A moment that the provider named, at most an hour from its answer.</summary>
    public DateTimeOffset Capped(DateTimeOffset moment) =>
        moment < At ? At
        : moment - At > LongestPause ? At + LongestPause
        : moment;

    /// <summary>
    /// The document in the body; null when it is none of this form, as behind a gateway that speaks HTML.
    /// </summary>
    public T? Read<T>(JsonTypeInfo<T> form)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize(Body, form);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>
    /// The first 200 characters of the body without markup; to be cleaned of secrets by who shows it.
    /// </summary>
    public string Quote()
    {
        var text = Encoding.UTF8.GetString(Body.AsSpan(0, Math.Min(Body.Length, 16 << 10)));
        text = Blank().Replace(Markup().Replace(text, " "), " ").Trim();
        return text.Length > 200 ? text[..200] + "…" : text;
    }

    [GeneratedRegex(
        @"<(?<tag>script|style)\b.*?</\k<tag>\s*>|<[^>]*>",
        RegexOptions.IgnoreCase | RegexOptions.Singleline
    )]
    private static partial Regex Markup();

    [GeneratedRegex(@"[\s\p{C}]+")]
    private static partial Regex Blank();
}
