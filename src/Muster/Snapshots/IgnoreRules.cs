using System.Text;
using Muster.Transfers;

namespace Muster.Snapshots;

/// <summary>
/// What is left out below a folder: the rules of its ignore file, in gitignore's syntax, on top of those of the folders
/// above.
/// </summary>
/// <remarks>
/// A walk asks for each entry on its way down and does not enter what is left out, so that nothing below can be brought
/// back.
/// </remarks>
internal sealed class IgnoreRules
{
    private readonly IgnoreRules? _above;
    private readonly int _baseLength;
    private readonly List<Rule> _rules = [];

    /// <param name="folder">The folder the text was found in, relative to the walk's root; empty for the root
    /// itself.</param>
    public IgnoreRules(ReadOnlySpan<byte> text, ReadOnlySpan<byte> folder, IgnoreRules? above)
    {
        _above = above;
        _baseLength = folder.IsEmpty ? 0 : folder.Length + 1;
        if (text.StartsWith(Encoding.UTF8.Preamble))
            text = text[Encoding.UTF8.Preamble.Length..];
        foreach (var range in text.Split((byte)'\n'))
        {
            var line = text[range];
            if (range.End.Value < text.Length && line.EndsWith("\r"u8))
                line = line[..^1];
            if (!line.IsEmpty && line[0] != '#' && Rule.Parse(WithoutTrailingSpaces(line)) is { } rule)
                _rules.Add(rule);
        }
    }

    /// <param name="path">Relative to the walk's root.</param>
    public bool LeavesOut(ReadOnlySpan<byte> path, bool isFolder)
    {
        for (var rules = this; rules is not null; rules = rules._above)
        {
            for (var i = rules._rules.Count - 1; i >= 0; i--) // the last match decides
            {
                var rule = rules._rules[i];
                if ((isFolder || !rule.FoldersOnly) && rule.Matches(path[rules._baseLength..]))
                    return !rule.Negated;
            }
        }
        return false;
    }

    private static ReadOnlySpan<byte> WithoutTrailingSpaces(ReadOnlySpan<byte> line)
    {
        var end = 0;
        for (var i = 0; i < line.Length; i++)
        {
            if (line[i] == ' ')
                continue;
            if (line[i] == '\\')
                i++;
            end = Math.Min(i + 1, line.Length);
        }
        return line[..end];
    }

    private sealed record Rule(byte[] Pattern, bool Negated, bool FoldersOnly, bool Anchored)
    {
        private readonly int _plainLength = PlainLength(Pattern);
        private readonly Wildcard _wildcard = new(
            Pattern.AsSpan(Anchored ? PlainLength(Pattern) : 0),
            isPath: Anchored
        );

        public static Rule? Parse(ReadOnlySpan<byte> line)
        {
            var negated = line.StartsWith("!"u8);
            if (negated)
                line = line[1..];
            var foldersOnly = line.EndsWith("/"u8);
            if (foldersOnly)
                line = line[..^1];
            var anchored = line.Contains((byte)'/');
            if (anchored && line[0] == '/')
                line = line[1..];
            return line.IsEmpty ? null : new(line.ToArray(), negated, foldersOnly, anchored);
        }

        private static int PlainLength(ReadOnlySpan<byte> pattern) =>
            pattern.IndexOfAny("*?[\\"u8) is var at and >= 0 ? at : pattern.Length;

        public bool Matches(ReadOnlySpan<byte> path)
        {
            if (!Anchored)
            {
                var name = path[(path.LastIndexOf((byte)'/') + 1)..];
                return _plainLength == Pattern.Length ? name.SequenceEqual(Pattern) : _wildcard.Fits(name);
            }
            // The part before the first wildcard is compared first, and `**` right behind it counts as leading.
            if (!path.StartsWith(Pattern.AsSpan(0, _plainLength)))
                return false;
            var rest = path[_plainLength..];
            return (_plainLength == Pattern.Length && rest.IsEmpty) || _wildcard.Fits(rest);
        }
    }
}
