using System.Globalization;

namespace Muster.Runs;

/// <summary>The order of logs and ranks that people expect: <c>main.2</c> stands before <c>main.10</c>.</summary>
public sealed class LogOrder : IComparer<string>
{
    public static LogOrder Usual { get; } = new();

    public int Compare(string? x, string? y)
    {
        var (left, right) = (x!.Split('.'), y!.Split('.'));
        foreach (var (one, other) in left.Zip(right))
        {
            var order =
                int.TryParse(one, NumberStyles.None, CultureInfo.InvariantCulture, out var a)
                && int.TryParse(other, NumberStyles.None, CultureInfo.InvariantCulture, out var b)
                    ? a.CompareTo(b)
                    : string.CompareOrdinal(one, other);
            if (order != 0)
                return order;
        }
        return left.Length.CompareTo(right.Length);
    }
}
