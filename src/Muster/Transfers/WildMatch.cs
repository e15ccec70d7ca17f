namespace Muster.Transfers;

/// <summary>Matches a path against a pattern as git's <c>wildmatch.c</c> does, quirks included.</summary>
internal static class WildMatch
{
    private enum Answer { Match, No, AbortAll, AbortToStarStar }

    /// <param name="pathname">A slash is matched by a slash and by <c>**</c> only.</param>
    public static bool IsMatch(ReadOnlySpan<byte> pattern, ReadOnlySpan<byte> text, bool pathname) => Match(pattern, text, pathname) == Answer.Match;

    public static bool IsSpecial(byte one) => one is (byte)'*' or (byte)'?' or (byte)'[' or (byte)'\\';

    private static byte At(ReadOnlySpan<byte> text, int at) => at < text.Length ? text[at] : (byte)0;

    private static Answer Match(ReadOnlySpan<byte> pattern, ReadOnlySpan<byte> text, bool pathname)
    {
        var t = 0;
        for (var p = 0; p < pattern.Length; p++, t++)
        {
            var wanted = pattern[p];
            var seen = At(text, t);
            if (seen == 0 && wanted != '*') return Answer.AbortAll;
            switch (wanted)
            {
                case (byte)'?':
                    if (pathname && seen == '/') return Answer.No;
                    break;
                case (byte)'[':
                    if (Class(pattern, ref p, seen) is not { } matched) return Answer.AbortAll;
                    if (!matched || (pathname && seen == '/')) return Answer.No;
                    break;
                case (byte)'*':
                    if (Star(pattern, ref p, text, ref t, pathname) is { } answer) return answer;
                    break;
                default:
                    if (wanted == '\\') wanted = At(pattern, ++p);
                    if (seen != wanted) return Answer.No;
                    break;
            }
        }
        return t < text.Length ? Answer.No : Answer.Match;
    }

    /// <summary>Nothing when <c>*/</c> has been matched up to its slash and the caller goes on behind it.</summary>
    private static Answer? Star(ReadOnlySpan<byte> pattern, ref int p, ReadOnlySpan<byte> text, ref int t, bool pathname)
    {
        var crossesSlash = !pathname;
        var before = p - 1;
        if (At(pattern, ++p) == '*')
        {
            while (At(pattern, ++p) == '*') { }
            var endsPart = p >= pattern.Length || pattern[p] == '/' || (pattern[p] == '\\' && At(pattern, p + 1) == '/');
            if (pathname && (before < 0 || pattern[before] == '/') && endsPart)
            {
                // `a/**/b` matches `a/b`: the stars may stand for nothing.
                if (At(pattern, p) == '/' && Match(pattern[(p + 1)..], text[t..], pathname) == Answer.Match) return Answer.Match;
                crossesSlash = true;
            }
        }
        var rest = text[Math.Min(t, text.Length)..];
        if (p >= pattern.Length) return crossesSlash || !rest.Contains((byte)'/') ? Answer.Match : Answer.No;
        if (!crossesSlash && pattern[p] == '/')
        {
            var slash = rest.IndexOf((byte)'/');
            if (slash < 0) return Answer.No;
            t += slash;
            return null;
        }
        for (; t < text.Length; t++)
        {
            if (!IsSpecial(pattern[p]))
            {
                while (t < text.Length && (crossesSlash || text[t] != '/') && text[t] != pattern[p]) t++;
                if (At(text, t) != pattern[p]) return Answer.No;
            }
            var answer = Match(pattern[p..], text[t..], pathname);
            if (answer != Answer.No)
            {
                if (!crossesSlash || answer != Answer.AbortToStarStar) return answer;
            }
            else if (!crossesSlash && text[t] == '/')
            {
                return Answer.AbortToStarStar;
            }
        }
        return Answer.AbortAll;
    }

    /// <summary>Whether the set that begins at <paramref name="p"/> holds <paramref name="seen"/>; nothing when it has no end. Leaves <paramref name="p"/> at the end.</summary>
    private static bool? Class(ReadOnlySpan<byte> pattern, ref int p, byte seen)
    {
        var one = At(pattern, ++p);
        var negated = one is (byte)'!' or (byte)'^';
        if (negated) one = At(pattern, ++p);
        var matched = false;
        byte previous = 0;
        do
        {
            if (one == 0) return null;
            if (one == '\\')
            {
                one = At(pattern, ++p);
                if (one == 0) return null;
                matched |= seen == one;
            }
            else if (one == '-' && previous != 0 && At(pattern, p + 1) is not 0 and not (byte)']')
            {
                one = At(pattern, ++p);
                if (one == '\\' && (one = At(pattern, ++p)) == 0) return null;
                matched |= seen >= previous && seen <= one;
                one = 0;
            }
            else if (one == '[' && At(pattern, p + 1) == ':')
            {
                var begin = p + 2;
                var length = pattern[begin..].IndexOf((byte)']');
                if (length < 0) return null;
                if (length == 0 || pattern[begin + length - 1] != ':')
                {
                    matched |= seen == '[';   // not a class after all
                }
                else
                {
                    if (IsIn(pattern.Slice(begin, length - 1), seen) is not { } known) return null;
                    matched |= known;
                    p = begin + length;
                    one = 0;
                }
            }
            else
            {
                matched |= seen == one;
            }
            previous = one;
            one = At(pattern, ++p);
        }
        while (one != ']');
        return matched != negated;
    }

    private static bool? IsIn(ReadOnlySpan<byte> name, byte one)
    {
        var c = (char)one;
        if (name.SequenceEqual("alnum"u8)) return char.IsAsciiLetterOrDigit(c);
        if (name.SequenceEqual("alpha"u8)) return char.IsAsciiLetter(c);
        if (name.SequenceEqual("blank"u8)) return c is ' ' or '\t';
        if (name.SequenceEqual("cntrl"u8)) return c is < ' ' or '\x7f';
        if (name.SequenceEqual("digit"u8)) return char.IsAsciiDigit(c);
        if (name.SequenceEqual("graph"u8)) return c is > ' ' and < '\x7f';
        if (name.SequenceEqual("lower"u8)) return char.IsAsciiLetterLower(c);
        if (name.SequenceEqual("print"u8)) return c is >= ' ' and < '\x7f';
        if (name.SequenceEqual("punct"u8)) return c is > ' ' and < '\x7f' && !char.IsAsciiLetterOrDigit(c);
        if (name.SequenceEqual("space"u8)) return c is ' ' or (>= '\t' and <= '\r');
        if (name.SequenceEqual("upper"u8)) return char.IsAsciiLetterUpper(c);
        if (name.SequenceEqual("xdigit"u8)) return char.IsAsciiHexDigit(c);
        return null;
    }
}
