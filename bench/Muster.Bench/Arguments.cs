using System.Globalization;

namespace Muster.Bench;

/// <summary>What a call asks for.</summary>
internal sealed record Arguments
{
    public const string Help = """
        bench/run [NAME…] [--rounds N] [--compare FILE] [--save] [URL]

          NAME            these benchmarks alone; `bench/run --list` names them
          --rounds N      each row N times, all in turn, and the median with its spread (1)
          --compare FILE  ends with 1 when a row has become worse by more than noise
          --save          keeps the figures in bench/results.json, and puts them into bench/results.md
          URL             any NodeODM server, measured by `gateway` and `gateway-bytes` in place of our own

        They need the lab: tests/lab/lab up
        """;

    public IReadOnlyList<string> Names { get; private init; } = [];
    public int Rounds { get; private init; } = 1;
    public string? Before { get; private init; }
    public bool Saves { get; private init; }
    public bool Lists { get; private init; }
    public Uri? Server { get; private init; }

    /// <summary>Null, and why, where the words mean nothing.</summary>
    public static (Arguments? Asked, string Wrong) Parse(IReadOnlyList<string> words, IReadOnlySet<string> known)
    {
        var asked = new Arguments();
        for (var at = 0; at < words.Count; at++)
        {
            var word = words[at];
            switch (word)
            {
                case "--list":
                    asked = asked with { Lists = true };
                    break;
                case "--save":
                    asked = asked with { Saves = true };
                    break;
                case "--rounds"
                    when at + 1 < words.Count
                        && int.TryParse(words[at + 1], CultureInfo.InvariantCulture, out var rounds)
                        && rounds > 0:
                    asked = asked with { Rounds = rounds };
                    at++;
                    break;
                case "--compare" when at + 1 < words.Count && File.Exists(words[at + 1]):
                    asked = asked with { Before = words[++at] };
                    break;
                case "--rounds":
                    return (null, "--rounds needs a number from 1 on");
                case "--compare":
                    return (null, "--compare needs a file that is there, such as bench/results.json");
                case var _ when Uri.TryCreate(word, UriKind.Absolute, out var url) && url.Scheme is "http" or "https":
                    asked = asked with { Server = url };
                    break;
                case var _ when known.Contains(word):
                    asked = asked with { Names = [.. asked.Names, word] };
                    break;
                default:
                    return (null, $"there is no benchmark '{word}'");
            }
        }
        return (asked, "");
    }
}
