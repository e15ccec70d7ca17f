using System.Text.RegularExpressions;

namespace Muster.NodeOdm;

/// <summary>The ids that clients may propose in <c>set-uuid</c>.</summary>
public static partial class TaskUuid
{
    public static string New() => Guid.NewGuid().ToString();

    public static bool IsValid(string text) => Form().IsMatch(text);

    [GeneratedRegex(
        "^[0-9a-f]{8}-[0-9a-f]{4}-[1-7][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant
    )]
    private static partial Regex Form();
}
