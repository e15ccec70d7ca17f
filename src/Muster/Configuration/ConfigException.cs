using Muster.Faults;

namespace Muster.Configuration;

/// <summary>Everything that is wrong in the configuration, so that it is mended in one go.</summary>
/// <param name="schema">The command that lists every key.</param>
public sealed class ConfigException(IReadOnlyList<ConfigMistake> mistakes, string schema = "muster config schema")
    : UserException(
        string.Join('\n', mistakes),
        $"Correct {(mistakes.Count is 1 ? "this line" : "these lines")}; `{schema}` lists every key."
    )
{
    public IReadOnlyList<ConfigMistake> Mistakes { get; } = mistakes;
}

/// <summary>One thing that is wrong, and where.</summary>
public sealed record ConfigMistake(Origin Origin, string Text)
{
    public override string ToString() => $"{Origin}: {Text}";
}
