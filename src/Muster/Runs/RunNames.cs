using System.Text.RegularExpressions;
using Muster.Faults;

namespace Muster.Runs;

/// <summary>What a run may be called, and what it is called where that name is taken.</summary>
public static partial class RunNames
{
    /// <summary>The word that selects the newest run.</summary>
    public const string Last = "last";

    /// <summary>Also of one that got a number behind it, or that an earlier version accepted.</summary>
    public static bool IsWellFormed(string name) => Form().IsMatch(name);

    /// <summary>Why it cannot be the name of a new run; null when it can.</summary>
    public static string? Objection(string name) =>
        !IsWellFormed(name) || name.Length > 100
            ? "use letters, digits, '.', '_' and '-', starting with a letter or digit"
        : name == Last ? $"'{Last}' selects the newest run"
        : LooksLikeId(name) ? "it could be mistaken for a run ID"
        : null;

    /// <summary>The name that a person gives to a new run.</summary>
    internal static string Parse(string name) =>
        Objection(name) is not { } objection
            ? name
            : throw UserException.Misuse(
                $"'{name}' is not a valid run name: {objection}",
                "Choose another: --name NAME."
            );

    /// <summary>A word to find runs by.</summary>
    public static string ParseTag(string tag) =>
        Form().IsMatch(tag)
            ? tag
            : throw UserException.Misuse(
                $"'{tag}' is not a valid tag",
                "Use letters, digits, '.', '_' and '-', starting with a letter or digit."
            );

    /// <summary>The name of a run without one is its program's own: <c>python train.py</c> is called train.</summary>
    internal static string Of(IReadOnlyList<string> command)
    {
        var words = command
            .Where(word => !word.StartsWith('-') && !word.Contains('=') && !word.Any(char.IsWhiteSpace))
            .Select(word => Path.GetFileNameWithoutExtension(word.TrimEnd('/')))
            .ToList();
        var word = words.FirstOrDefault(candidate => !Runners.Contains(candidate)) ?? words.FirstOrDefault() ?? "run";
        var name = Unfit().Replace(word, "-").Trim('-', '.');
        return name.Length == 0 ? "run" : Fit(name[..Math.Min(name.Length, 40)]);
    }

    /// <summary>A name that a program gave without knowing these rules, made to fit them.</summary>
    public static string Fit(string name) => Objection(name) is null ? name : $"run-{name}";

    // Ids are time-ordered UUIDs: for centuries they begin with 0.
    private static bool LooksLikeId(string name) =>
        name[0] == '0'
        && name.Length <= IdForm.Length
        && name.Zip(IdForm).All(pair => pair.Second == '-' ? pair.First == '-' : char.IsAsciiHexDigitLower(pair.First));

    private const string IdForm = "00000000-0000-0000-0000-000000000000";

    private static readonly IReadOnlyList<string> Runners =
    [
        "python",
        "python3",
        "bash",
        "sh",
        "srun",
        "torchrun",
        "env",
        "uv",
        "run",
        "accelerate",
        "launch",
        "time",
        "nice",
    ];

    [GeneratedRegex(@"[^A-Za-z0-9._-]+")]
    private static partial Regex Unfit();

    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9._-]{0,119}\z")]
    private static partial Regex Form();
}
