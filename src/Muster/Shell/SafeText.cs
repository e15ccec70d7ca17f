using System.Text;

namespace Muster.Shell;

/// <summary>
/// Text from outside (records of a run, names of hosts, answers of a node) as a terminal or a log may get it: what
/// would move the
/// cursor, change colours or the direction of writing, or begin a line of its own is shown as an escape such as
/// <c>\u001b</c>.
/// The escapes are those of JSON, so that a JSON document stays the same document.
/// </summary>
public static class SafeText
{
    /// <summary>For a cell, a field or an entry of a log: also line breaks and tabs are shown.</summary>
    public static string OneLine(string text) => Shown(text, oneLine: true, []);

    /// <summary>For a text of several lines: its line breaks and tabs stay.</summary>
    public static string Lines(string text) => Shown(text, oneLine: false, []);

    /// <param name="ours">Sequences that stay as they are, such as our own colours.</param>
    internal static string Shown(string text, bool oneLine, IReadOnlyList<string> ours)
    {
        var first = 0;
        while (first < text.Length && !IsUnsafe(text[first], oneLine))
            first++;
        if (first == text.Length)
            return text;
        var shown = new StringBuilder(text, 0, first, text.Length + 16);
        for (var i = first; i < text.Length; i++)
        {
            var c = text[i];
            if (!IsUnsafe(c, oneLine))
                shown.Append(c);
            else if (ours.FirstOrDefault(one => string.CompareOrdinal(text, i, one, 0, one.Length) == 0) is { } kept)
            {
                shown.Append(kept);
                i += kept.Length - 1;
            }
            else if (!oneLine && c == '\r' && i + 1 < text.Length && text[i + 1] == '\n')
                shown.Append(c);
            else
                shown.Append(
                    c switch
                    {
                        '\n' => @"\n",
                        '\r' => @"\r",
                        '\t' => @"\t",
                        _ => $"\\u{(int)c:x4}",
                    }
                );
        }
        return shown.ToString();
    }

    private static bool IsUnsafe(char c, bool oneLine) =>
        c switch
        {
            '\n' or '\t' => oneLine,
            < ' ' or (>= '\u007f' and <= '\u009f') => true,
            '\u061c' or '\u200e' or '\u200f' or (>= '\u2028' and <= '\u202e') or (>= '\u2066' and <= '\u2069') => true,
            _ => false,
        };
}
