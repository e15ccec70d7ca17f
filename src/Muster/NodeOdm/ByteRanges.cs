namespace Muster.NodeOdm;

/// <summary>A part of a file: its first byte and how many.</summary>
public readonly record struct ByteRange(long From, long Length)
{
    public long Last => From + Length - 1;
}

/// <summary>What a <c>Range</c> header asks of a file.</summary>
public static class ByteRanges
{
    private const int Most = 64;

    /// <summary>
    /// Null: the whole file, as the header says nothing that counts. Empty: nothing of it lies within the file (416).
    /// </summary>
    public static IReadOnlyList<ByteRange>? Read(string? header, long length)
    {
        if (header is null || !header.StartsWith("bytes=", StringComparison.OrdinalIgnoreCase))
            return null;
        var asked = header["bytes=".Length..]
            .Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (asked.Length is 0 or > Most)
            return null;
        var ranges = new List<ByteRange>();
        foreach (var one in asked)
        {
            var dash = one.IndexOf('-');
            if (
                dash < 0
                || !Number(one[..dash], out var from)
                || !Number(one[(dash + 1)..], out var last)
                || (from ?? last) is null
                || from > last
            )
                return null;
            var (first, end) = from is { } begin
                ? (begin, Math.Min(last ?? long.MaxValue - 1, length - 1))
                : (Math.Max(0, length - last!.Value), length - 1);
            if (first <= end)
                ranges.Add(new(first, end - first + 1));
        }
        // Asked for more than there is: overlapping ranges would be a way to make us send a file many times.
        return ranges.Sum(range => (decimal)range.Length) > length ? null : ranges;
    }

    private static bool Number(string text, out long? number)
    {
        number = null;
        if (text.Length == 0)
            return true;
        if (!text.All(char.IsAsciiDigit) || !long.TryParse(text, out var value))
            return false;
        number = value;
        return true;
    }
}
