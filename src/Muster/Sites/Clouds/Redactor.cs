using System.Text;

namespace Muster.Sites.Clouds;

/// <summary>
/// Takes secrets out of text before anybody sees it: Hetzner's message about too many requests quotes the token, whole
/// or cut off after 32 characters.
/// </summary>
public sealed class Redactor
{
    private const string Shown = "(hidden)";

    /// <summary>A value shorter than this would take words and numbers out of every message.</summary>
    private const int Shortest = 6;

    /// <summary>Shorter than this, a part of a secret could as well be a word.</summary>
    private const int Least = 16;
    private readonly List<string> _known;

    public Redactor(IEnumerable<Secret> secrets) =>
        _known = [
            .. secrets
                .Select(secret => secret.Reveal())
                .Where(value => value.Length >= Shortest)
                .SelectMany(value =>
                    (string[])
                        [
                            value,
                            Uri.EscapeDataString(value),
                            Convert.ToBase64String(Encoding.UTF8.GetBytes(value)).TrimEnd('='),
                        ]
                )
                .Distinct()
                .OrderByDescending(value => value.Length),
        ];

    /// <summary>The text without any secret, and without any beginning of one that can be told from a word.</summary>
    public string Clean(string text)
    {
        foreach (var secret in _known)
            text = Without(text, secret);
        return text;
    }

    private static string Without(string text, string secret)
    {
        var head = secret[..Math.Min(Least, secret.Length)];
        var at = text.IndexOf(head, StringComparison.Ordinal);
        if (at < 0)
            return text;
        var clean = new StringBuilder();
        var from = 0;
        for (; at >= 0; at = text.IndexOf(head, from, StringComparison.Ordinal))
        {
            clean.Append(text, from, at - from).Append(Shown);
            from = at + text.AsSpan(at).CommonPrefixLength(secret);
        }
        return clean.Append(text, from, text.Length - from).ToString();
    }
}
