using Muster.Faults;

namespace Muster.Configuration;

/// <summary>Everything that is wrong in the configuration, so that it is mended in one go.</summary>
public sealed class ConfigException(IReadOnlyList<ConfigMistake> mistakes) : UserException(
    string.Join('\n', mistakes),
    mistakes.Count is 1
        ? "Correct this line; `muster config schema` lists every key."
        : "Correct these lines; `muster config schema` lists every key.")
{
    public IReadOnlyList<ConfigMistake> Mistakes { get; } = mistakes;
}

/// <summary>One thing that is wrong, and where.</summary>
public sealed record ConfigMistake(Origin Origin, string Text)
{
    public override string ToString() => $"{Origin}: {Text}";
}
