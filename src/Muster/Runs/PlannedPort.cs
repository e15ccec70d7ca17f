using System.Globalization;
using System.Text.RegularExpressions;
using Muster.Faults;

namespace Muster.Runs;

/// <summary>A port of the run: a fixed number, or one that Muster hands to it.</summary>
public sealed partial record PlannedPort(string Name, int? Number)
{
    /// <summary>Reads <c>NAME=N</c>, or <c>NAME</c> alone for a free one.</summary>
    internal static PlannedPort Parse(string text)
    {
        var parts = text.Split('=', 2);
        int? number = null;
        if (parts.Length == 2)
        {
            if (
                !int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var given)
                || given is < 1 or > 65535
            )
                throw UserException.Misuse(
                    $"'{parts[1]}' is not a valid port",
                    "Use --port NAME=N with N from 1 to 65535, or --port NAME to get a free one in $MUSTER_PORT_NAME."
                );
            number = given;
        }
        return Names().IsMatch(parts[0])
            ? new(parts[0], number)
            : throw UserException.Misuse($"'{parts[0]}' is not a valid port name", "Use letters, digits, '-' and '.'.");
    }

    [GeneratedRegex(@"\A[A-Za-z][A-Za-z0-9.-]{0,30}\z")]
    private static partial Regex Names();
}
