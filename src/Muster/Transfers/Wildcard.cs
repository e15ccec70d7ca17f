using System.Buffers;
using System.Text;

namespace Muster.Transfers;

/// <summary>
/// A pattern of gitignore's documentation, read once into steps. Matching follows all ways at once, so no pattern is
/// slow.
/// </summary>
internal sealed class Wildcard
{
    private enum Kind : byte
    {
        Byte,
        Set,
        Run,
        Folders,
        Anything,
    }

    private readonly record struct Step(Kind Kind, byte Byte = 0, SearchValues<byte>? Set = null);

    private readonly List<Step>? _steps; // none: the pattern is broken and fits nothing

    /// <param name="isPath">A slash is matched by a slash and by <c>**</c> only; otherwise the text is a name without
    /// slashes.</param>
    public Wildcard(ReadOnlySpan<byte> pattern, bool isPath) => _steps = Read(pattern, isPath);

    /// <summary>
    /// Whether a path below a folder fits one of the patterns, in which a slash is only matched by a slash and
    /// <c>**</c>.
    /// </summary>
    public static bool FitsAny(IReadOnlyList<string> patterns, string path) =>
        patterns.Any(pattern =>
            new Wildcard(Encoding.UTF8.GetBytes(pattern), isPath: true).Fits(Encoding.UTF8.GetBytes(path))
        );

    public bool Fits(ReadOnlySpan<byte> text)
    {
        if (_steps is null)
            return false;
        // Which places of the text the steps so far can have reached.
        Span<bool> here = text.Length < 512 ? stackalloc bool[text.Length + 1] : new bool[text.Length + 1];
        here[0] = true;
        foreach (var step in _steps)
        {
            switch (step.Kind)
            {
                case Kind.Byte or Kind.Set:
                    for (var at = text.Length; at > 0; at--)
                        here[at] = here[at - 1] && (step.Set?.Contains(text[at - 1]) ?? text[at - 1] == step.Byte);
                    here[0] = false;
                    break;
                case Kind.Run:
                    for (var at = 1; at <= text.Length; at++)
                        here[at] |= here[at - 1] && text[at - 1] != '/';
                    break;
                case Kind.Anything:
                    var first = here.IndexOf(true);
                    if (first >= 0)
                        here[first..].Fill(true);
                    break;
                case Kind.Folders: // no folder, or any number of them with their slash
                    var begun = false;
                    for (var at = 0; at <= text.Length; at++)
                    {
                        var reached = here[at];
                        here[at] |= begun && text[at - 1] == '/';
                        begun |= reached;
                    }
                    break;
            }
        }
        return here[text.Length];
    }

    private static List<Step>? Read(ReadOnlySpan<byte> pattern, bool isPath)
    {
        var steps = new List<Step>();
        for (var at = 0; at < pattern.Length; at++)
        {
            switch (pattern[at])
            {
                case (byte)'*':
                    var stars = pattern[at..].IndexOfAnyExcept((byte)'*') is var length and >= 0
                        ? length
                        : pattern.Length - at;
                    var next = at + stars;
                    var wholePart = isPath && stars > 1 && (at == 0 || pattern[at - 1] == '/');
                    if (wholePart && next == pattern.Length)
                    {
                        steps.Add(new(Kind.Anything));
                    }
                    else if (wholePart && pattern[next] == '/')
                    {
                        steps.Add(new(Kind.Folders));
                        next++; // its slash is part of the folders
                    }
                    else
                    {
                        steps.Add(new(isPath ? Kind.Run : Kind.Anything));
                    }
                    at = next - 1;
                    break;
                case (byte)'?':
                    steps.Add(
                        new(Kind.Set, Set: SearchValues.Create([.. AllBytes.Where(one => !isPath || one != '/')]))
                    );
                    break;
                case (byte)'[':
                    if (ReadSet(pattern, ref at) is not { } set)
                        return null;
                    steps.Add(
                        new(
                            Kind.Set,
                            Set: SearchValues.Create([.. AllBytes.Where(one => set[one] && (!isPath || one != '/'))])
                        )
                    );
                    break;
                case (byte)'\\':
                    if (++at == pattern.Length)
                        return null;
                    steps.Add(new(Kind.Byte, pattern[at]));
                    break;
                default:
                    steps.Add(new(Kind.Byte, pattern[at]));
                    break;
            }
        }
        return steps;
    }

    /// <summary>
    /// Reads <c>[a-z]</c>, <c>[!x]</c>, <c>[[:digit:]]</c>; <paramref name="at"/> goes from the opening bracket to the
    /// closing one. Null without an end.
    /// </summary>
    private static bool[]? ReadSet(ReadOnlySpan<byte> pattern, ref int at)
    {
        var set = new bool[256];
        var negated = at + 1 < pattern.Length && pattern[at + 1] is (byte)'!' or (byte)'^' && at + 1 < pattern.Length;
        var p = at + (negated ? 2 : 1);
        var begin = p;
        while (true)
        {
            if (p >= pattern.Length)
                return null;
            if (pattern[p] == ']' && p > begin)
                break;
            if (
                pattern[p..].StartsWith("[:"u8)
                && pattern[(p + 2)..].IndexOf((byte)']') is var close and > 0
                && pattern[p + 1 + close] == ':'
            )
            {
                if (
                    !Classes.TryGetValue(
                        System.Text.Encoding.ASCII.GetString(pattern.Slice(p + 2, close - 1)),
                        out var holds
                    )
                )
                    return null;
                foreach (var one in AllBytes)
                    set[one] |= one < 128 && holds((char)one);
                p += close + 3;
                continue;
            }
            if (Member(pattern, ref p) is not { } from)
                return null;
            var to = from;
            if (p + 1 < pattern.Length && pattern[p] == '-' && pattern[p + 1] != ']')
            {
                p++;
                if (Member(pattern, ref p) is not { } end)
                    return null;
                to = end;
            }
            set[from] = true; // git takes the first of a range also where the range is empty
            for (int one = from; one <= to; one++)
                set[one] = true;
        }
        at = p;
        if (negated)
            foreach (var one in AllBytes)
                set[one] = !set[one];
        return set;
    }

    private static byte? Member(ReadOnlySpan<byte> pattern, ref int p)
    {
        if (pattern[p] == '\\')
            p++;
        return p < pattern.Length ? pattern[p++] : null;
    }

    private static readonly byte[] AllBytes = [.. Enumerable.Range(0, 256).Select(one => (byte)one)];

    private static readonly Dictionary<string, Func<char, bool>> Classes = new()
    {
        ["alnum"] = char.IsAsciiLetterOrDigit,
        ["alpha"] = char.IsAsciiLetter,
        ["blank"] = c => c is ' ' or '\t',
        ["cntrl"] = char.IsControl,
        ["digit"] = char.IsAsciiDigit,
        ["graph"] = c => c is > ' ' and <= '~',
        ["lower"] = char.IsAsciiLetterLower,
        ["print"] = c => c is >= ' ' and <= '~',
        ["punct"] = c => c is > ' ' and <= '~' && !char.IsAsciiLetterOrDigit(c),
        ["space"] = c => c is ' ' or (>= '\t' and <= '\r'),
        ["upper"] = char.IsAsciiLetterUpper,
        ["xdigit"] = char.IsAsciiHexDigit,
    };
}
