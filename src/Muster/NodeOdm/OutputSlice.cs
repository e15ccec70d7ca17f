using System.Globalization;

namespace Muster.NodeOdm;

/// <summary>
/// Which lines <c>line=N</c> and <c>with_output=N</c> ask for: those that JavaScript's <c>slice(N)</c> would give.
/// </summary>
public static class OutputSlice
{
    /// <summary>The first wanted line of <paramref name="count"/>. What is not a number asks for all.</summary>
    public static int Start(string? asked, int count)
    {
        if (
            !double.TryParse(asked, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
            || double.IsNaN(number)
        )
            return 0;
        return number < 0
            ? (int)Math.Max(0, count + Math.Truncate(number))
            : (int)Math.Min(count, Math.Truncate(number));
    }
}
