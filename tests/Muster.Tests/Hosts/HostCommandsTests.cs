using Muster.Shell;

namespace Muster.Hosts;

public sealed class HostCommandsTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_answer_is_whole_however_long_it_is_and_ends_with_the_script()
    {
        // What it leaves behind keeps its output open; that is nobody's answer.
        var script = ShellText.Of($"head -c 3000000 /dev/zero | tr '\\0' x; (sleep 60 &); echo told >&2; exit 3");
        var answer = await new LocalHost().RunAsync(script, Ct);
        Assert.Equal((3, 3_000_000, "told"), (answer.ExitCode, answer.Output.Length, answer.Said));
    }

    [Fact]
    public async Task Output_that_comes_long_after_the_end_is_waited_for()
    {
        var answer = await new LateHost().RunAsync(ShellText.Of($"echo early; echo late"), Ct);
        Assert.Equal("early\nlate\n", answer.Output);
    }

    [Fact]
    public async Task What_a_script_leaves_is_no_part_of_its_answer()
    {
        var answer = await new LocalHost().RunAsync(ShellText.Of($"printf 'no line end'"), Ct);
        Assert.Equal("no line end", answer.Output);
    }

    /// <summary>This machine behind a link that delivers output later than everything else.</summary>
    private sealed class LateHost : IHost
    {
        public string Name => "late";

        public Task<ShellChannel> OpenAsync(ShellText script, CancellationToken ct) =>
            ShellChannel.StartAsync(
                Name,
                length =>
                    OwnSession.Command("sh", ["-c", $"({ShellChannel.Invitation(length)}) | {{ sleep 7; cat; }}"]),
                script,
                ct
            );

        public Task<Stream> ConnectAsync(string address, int port, CancellationToken ct) =>
            throw new NotSupportedException();
    }
}
