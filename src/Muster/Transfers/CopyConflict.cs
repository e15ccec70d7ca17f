using Muster.Faults;

namespace Muster.Transfers;

/// <summary>Files that a copy would write over.</summary>
internal static class CopyConflict
{
    private const int Shown = 5;

    public static UserException Of(IReadOnlyList<string> names, string where) =>
        new(
            $"{string.Join(", ", names.Take(Shown))}{(names.Count > Shown ? $" and {names.Count - Shown} more" : "")} "
                + $"in {where}: already there with other content, so nothing was copied",
            "--force writes over them; or copy to another place."
        );
}
