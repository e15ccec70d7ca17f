using Muster.Hosts;

namespace Muster.Cli;

public sealed class CompletionScriptTests
{
    [Fact]
    public async Task Bash_gets_the_words_without_what_they_mean()
    {
        var script =
            CompletionCommand.Scripts["bash"]
            + "\nmuster() { printf 'one\\tthe first: it\\ntwo words\\n'; printf '<%s>' \"$@\"; }\n"
            + "COMP_WORDS=(muster show '') COMP_CWORD=2; _muster muster; printf '%s|' \"${COMPREPLY[@]}\"\n";
        var answer = await new LocalHost().RunAsync($"bash -c {script}", TestContext.Current.CancellationToken);
        Assert.Equal("one|two words|<complete><--><show><>|", answer.Output);
    }
}
