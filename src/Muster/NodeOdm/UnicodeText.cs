using System.Text;

namespace Muster.NodeOdm;

/// <summary>Texts may hold half of a surrogate pair, which UTF-8 cannot say and databases refuse.</summary>
internal static class UnicodeText
{
    public static bool IsWhole(string text)
    {
        for (
            var at = text.AsSpan();
            at.IndexOfAnyInRange('\uD800', '\uDFFF') is >= 0 and var next;
            at = at[(next + 2)..]
        )
        {
            if (!Rune.TryGetRuneAt(text, text.Length - at.Length + next, out _))
                return false;
        }
        return true;
    }

    /// <summary>The same without zero bytes, and with a mark in place of each half pair.</summary>
    public static string Storable(string text)
    {
        var told = text.Replace("\0", "", StringComparison.Ordinal);
        return IsWhole(told) ? told : string.Concat(told.EnumerateRunes());
    }
}
