using System.Globalization;
using Muster.Faults;
using Muster.Hosts;

namespace Muster.Sites.Doctor;

/// <summary>What was learned of one host of a site, before anything is concluded from it.</summary>
/// <param name="Name">As the site names it.</param>
public sealed record HostFacts(string Name)
{
    /// <summary>Where the SSH client would go; null for this machine.</summary>
    public SshRoute? Route { get; init; }
    public ContactTrouble? Trouble { get; init; }

    /// <summary>
    /// Whether the second command came over the connection of the first; null where that cannot be told.
    /// </summary>
    public bool? SameConnection { get; init; }
    public TimeSpan? RoundTrip { get; init; }

    /// <summary>How far its clock is ahead of ours.</summary>
    public TimeSpan? ClockAhead { get; init; }

    /// <summary>What its login shell prints before our first byte.</summary>
    public string Banner { get; init; } = "";

    /// <summary>What <c>check.sh</c> printed; empty when it was not run.</summary>
    public ILookup<string, string> Values { get; init; } = Read("");

    public string? Value(string key) => Values[key].FirstOrDefault(value => value.Length > 0);

    public long? Number(string key) =>
        long.TryParse(Value(key), CultureInfo.InvariantCulture, out var number) ? number : null;

    public bool Can(string what) => Values["can"].Contains(what);

    public static ILookup<string, string> Read(string output) =>
        output
            .Split('\n')
            .Select(line => line.Split('=', 2))
            .Where(pair => pair.Length == 2)
            .ToLookup(pair => pair[0], pair => pair[1].Trim(' '));
}

/// <summary>Why a host could not be spoken to.</summary>
/// <param name="Fault">Null when it is none of the usual ones.</param>
public sealed record ContactTrouble(ContactFault? Fault, string What, string Fix);
