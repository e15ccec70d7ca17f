using System.Globalization;

namespace Muster.Transfers;

/// <summary>What is free on a site, as its first lines of <c>layout.sh</c> tell it.</summary>
internal sealed class Room
{
    private long? _free;
    private long? _quota;
    private long _kept;

    /// <summary>Bytes that may still be written; null where the site does not say.</summary>
    public long? Free => (_quota is { } quota && !(_free < quota) ? quota : _free) + _kept;

    /// <summary>It is the quota, and not the disk, that leaves so little.</summary>
    public bool IsQuota => _quota is not null && !(_free < _quota);

    /// <summary>Takes a line; false for one that is about something else.</summary>
    public bool Read(string line)
    {
        var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        switch (words)
        {
            case ["room", ..]:
                // filesystem, blocks, used, available, capacity, mounted on; the first may hold spaces.
                var capacity = Array.FindIndex(words, word => word.EndsWith('%'));
                _free = capacity > 3 ? Kilobytes(words[capacity - 1]) : null;
                return true;
            case ["kept", var kept]:
                _kept = Kilobytes(kept) ?? 0;
                return true;
            case ["kept"]:
                return true;
            case ["quota", var used, var soft, var hard]:
                // 0 is no limit; between the soft and the hard one there is a time of grace.
                var limit = Kilobytes(hard) is > 0 and var most ? most : Kilobytes(soft);
                if (limit is > 0 and var known && Kilobytes(used) is { } taken)
                    _quota = Math.Min(_quota ?? long.MaxValue, Math.Max(0, known - taken));
                return true;
            default:
                return false;
        }
    }

    private static long? Kilobytes(string text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number * 1024 : null;
}
