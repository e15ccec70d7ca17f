using System.Text.RegularExpressions;

namespace Muster.Bench;

/// <summary>The long forms of the tests that break things: bounded, and too long for every day.</summary>
internal static partial class Soak
{
    public const string Name = "soak";

    private static readonly (string What, string Class)[] Storms =
    [
        ("the gateway killed 50 times, 20 clients", "Muster.Gateway.StormTests"),
        ("nodes killed 40 times", "Muster.Gateway.RealNodeTests"),
        ("1,000 photos of 10 MB through 300 ms, 2 % stalls, resets and lost answers", "Muster.Gateway.BadLinkTests"),
    ];

    /// <summary>Says of each what was seen, and whether all held.</summary>
    public static bool Run(Bed bed)
    {
        var all = true;
        bed.Run($"dotnet build {bed.Repository}/tests/Muster.Tests -c Release -v quiet -nologo");
        foreach (var (what, name) in Storms)
        {
            var said = bed.Run(
                $"MUSTER_SOAK=1 {bed.Repository}/.build/artifacts/bin/Muster.Tests/release/Muster.Tests -noColor "
                    + $"-showLiveOutput -class {name} 2>&1 || :"
            );
            var figures = string.Join("; ", Figure().Matches(said).Select(match => match.Groups[1].Value));
            var held =
                Total().Match(said) is { Success: true } total
                && total.Groups[1].Value != "0"
                && total.Groups[2].Value == "0"
                && total.Groups[3].Value == "0";
            if (!held)
                Console.Error.WriteLine(said);
            Console.WriteLine($"{what}: {(held ? figures : "did not hold")}");
            all &= held;
        }
        return all;
    }

    /// <summary>What a test writes of itself.</summary>
    [GeneratedRegex(@"figures: (.+)")]
    private static partial Regex Figure();

    [GeneratedRegex(@"Total: (\d+), Errors: (\d+), Failed: (\d+)")]
    private static partial Regex Total();
}
