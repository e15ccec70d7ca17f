namespace Muster;

/// <summary>The completion scripts in the shells they are for. PowerShell is not to be had from Debian.</summary>
public sealed class ShellCompletionTests : IDisposable
{
    private readonly Lab _lab = new();

    public ShellCompletionTests()
    {
        Lab.Do("install", "zsh", "fish");
        _lab.Set("PATH", $"{Path.GetDirectoryName(Lab.Program)}:{Environment.GetEnvironmentVariable("PATH")}");
        _lab.Shell("touch afile");
    }

    public void Dispose() => _lab.Dispose();

    [Theory]
    [InlineData("muster wa", "wait")]
    [InlineData("muster submit -s lab-sl", "lab-slurm")]
    [InlineData("muster submit --input af", "afile")]
    public void Fish_proposes(string typed, string word) =>
        Assert.Equal(
            word,
            _lab.Shell($"fish -c 'muster completion fish | source; complete -C \"{typed}\"' | cut -f 1").Trim()
        );

    [Theory]
    [InlineData("muster wa", "muster wait")]
    [InlineData("muster submit -s lab-sl", "muster submit -s lab-slurm")]
    [InlineData("muster submit --input af", "muster submit --input afile")]
    public void Zsh_completes(string typed, string line) =>
        Assert.Contains(
            line,
            Typed(
                "zsh -f -i",
                """PROMPT=; autoload -Uz compinit; compinit -D -u; eval "$(muster completion zsh)" """.Trim(),
                typed,
                line
            ),
            StringComparison.Ordinal
        );

    [Theory]
    [InlineData("muster wa", "muster wait")]
    [InlineData("muster submit -s lab-sl", "muster submit -s lab-slurm")]
    [InlineData("muster submit --input af", "muster submit --input afile")]
    public void Bash_completes(string typed, string line) =>
        Assert.Contains(
            line,
            Typed("bash --norc -i", """PS1=; eval "$(muster completion bash)" """.Trim(), typed, line),
            StringComparison.Ordinal
        );

    /// <summary>
    /// What an interactive shell shows when a line is begun and the tab key is pressed, up to what is hoped for.
    /// </summary>
    private string Typed(string shell, string setup, string typed, string hoped)
    {
        File.WriteAllText(
            Path.Combine(_lab.Folder, "type.py"),
            """
            import os, pty, re, select, sys, time
            shell, setup, typed, hoped = sys.argv[1:]
            pid, terminal = pty.fork()
            if pid == 0: os.execvp("sh", ["sh", "-c", "stty cols 200; exec " + shell])
            def until(text):
                seen, end = "", time.time() + 15
                while text not in seen and time.time() < end:
                    if select.select([terminal], [], [], 0.2)[0]:
                        seen = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]|\x1b[=>]|[\r\n\x07\x08]", "", seen + os.read(terminal, 4096).decode(errors="replace"))
                return seen
            os.write(terminal, (setup + "; echo RE''ADY\n").encode())
            until("READY")
            os.write(terminal, (typed + "\t").encode())
            print(until(hoped))
            """
        );
        return _lab.Shell($"python3 {_lab.Folder}/type.py '{shell}' '{setup}' '{typed}' '{hoped}'");
    }
}
