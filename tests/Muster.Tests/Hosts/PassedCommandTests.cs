using System.Text;
using Muster.Shell;

namespace Muster.Hosts;

public sealed class PassedCommandTests
{
    [Fact]
    public async Task Both_streams_come_byte_for_byte_and_the_code_with_them()
    {
        var sent = new byte[300_000];
        new Random(1).NextBytes(sent);
        var (output, errors) = (new MemoryStream(), new MemoryStream());

        var code = await new LocalHost().PassAsync(
            ShellText.Of($"tee /dev/fd/2; exit 7"),
            new MemoryStream(sent),
            (bytes, isError) => (isError ? errors : output).Write(bytes.Span),
            TestContext.Current.CancellationToken
        );

        Assert.Equal(7, code);
        Assert.Equal(sent, output.ToArray());
        Assert.Equal(sent, errors.ToArray());
    }

    [Fact]
    public async Task What_the_command_leaves_behind_is_not_waited_for()
    {
        var output = new MemoryStream();
        var code = await new LocalHost().PassAsync(
            ShellText.Of($"sleep 20 & printf 'no line feed'"),
            null,
            (bytes, _) => output.Write(bytes.Span),
            TestContext.Current.CancellationToken
        );
        Assert.Equal((0, "no line feed"), (code, Encoding.UTF8.GetString(output.ToArray())));
    }

    [Theory]
    [InlineData("m", 1)]
    [InlineData("muster-", 1)]
    [InlineData("a line\n", 2)]
    public async Task Nothing_of_a_text_is_held_back_for_what_may_follow(string text, int stream)
    {
        var ct = TestContext.Current.CancellationToken;
        var answer = new System.IO.Pipelines.Pipe();
        var seen = new StringBuilder();

        var code = await new LocalHost().PassAsync(
            ShellText.Of($"printf %s {text} >&{stream}; read answer; [ \"$answer\" = seen ]"),
            answer.Reader.AsStream(),
            (bytes, isError) =>
            {
                seen.Append(Encoding.ASCII.GetString(bytes.Span));
                // The command goes on only once all of it is here.
                if (seen.ToString() == text)
                    _ = answer.Writer.WriteAsync("seen\n"u8.ToArray(), ct).AsTask();
            },
            ct
        );

        Assert.Equal(0, code);
    }

    [Theory]
    [InlineData("a\nmuster-\nmuster-1", "a\nmuster-\nmuster-1", false)]
    [InlineData("a\n\nmuster-12 b", "a\n", true)]
    [InlineData("\nmuster-12 ", "", true)]
    [InlineData("\n\n", "\n\n", false)]
    public void A_mark_is_found_wherever_the_bytes_are_cut(string text, string before, bool reached)
    {
        for (var size = 1; size <= text.Length; size++)
        {
            var until = new UntilMark("\nmuster-12 "u8.ToArray());
            var given = new MemoryStream();
            foreach (var part in Encoding.ASCII.GetBytes(text).Chunk(size))
                given.Write(until.Add(part).Span);
            given.Write(until.Rest().Span);
            Assert.Equal((before, reached), (Encoding.ASCII.GetString(given.ToArray()), until.Reached));
        }
    }
}
