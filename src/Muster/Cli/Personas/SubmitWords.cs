using Muster.Faults;

namespace Muster.Cli.Personas;

/// <summary>The words of cluster_tools' `submit`. Options end at the first word of the command, which the old tool did not do.</summary>
internal sealed record SubmitWords
{
    public string Config { get; private init; } = "";
    public string Name { get; private init; } = "default";
    public string? Branch { get; private init; }
    public string SbatchJson { get; private init; } = "{}";
    public bool TensorBoard { get; private init; } = true;
    public bool Raw { get; private init; }
    public bool Pip { get; private init; }
    public bool Detach { get; private init; }
    public bool Help { get; private init; }
    public IReadOnlyList<string> Command { get; private init; } = [];

    public static SubmitWords Read(IReadOnlyList<string> words)
    {
        var read = new SubmitWords();
        var at = 0;
        for (; at < words.Count && words[at] is ['-', _, ..] and not "--"; at++)
        {
            var (option, value) = Split(words[at]);
            string Value() => value ?? (++at < words.Count ? words[at] : throw Wrong($"{option} needs a value"));
            read = option switch
            {
                "-c" => read with { Config = Value() },
                "-n" or "--name" => read with { Name = Value() },
                "-b" or "--branch" => read with { Branch = Value() },
                "--sbatch_json" => read with { SbatchJson = Value() },
                "--tensorboard" => read with { TensorBoard = true },
                "--no-tensorboard" => read with { TensorBoard = false },
                "--raw" => read with { Raw = true },
                "--pip" => read with { Pip = true },
                "--detach" => read with { Detach = true },
                "--help" or "-h" => read with { Help = true },
                _ => throw Wrong($"submit has no option {option}"),
            };
        }
        if (at < words.Count && words[at] == "--") at++;
        read = read with { Command = [.. words.Skip(at)] };
        if (read.Help) return read;
        if (read.Config.Length == 0) throw Wrong("there is no -c FILE");
        return read.Command.Count > 0 ? read : throw Wrong("there is no command to run");
    }

    /// <summary>`-c=file`, `-cfile` and `-c file` mean the same; so do `--name=x` and `--name x`.</summary>
    private static (string Option, string? Value) Split(string word)
    {
        if (word.StartsWith("--", StringComparison.Ordinal)) return word.Split('=', 2) is [var name, var given] ? (name, given) : (word, null);
        return word.Length == 2 ? (word, null) : (word[..2], word[2] == '=' ? word[3..] : word[2..]);
    }

    private static UserException Wrong(string what) => new(what, "Write `submit -c=cedar.json [-n NAME] [-b BRANCH] [--sbatch_json JSON] COMMAND …`.") { ExitCode = ExitCodes.Usage };
}
