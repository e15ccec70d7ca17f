using System.Text;
using Muster.Runs;
using Muster.Runs.Follow;

namespace Muster.Cli.Terminal;

public sealed class TimedLinesTests
{
    private const string Times = "main.0 100 4 0\nmain.0 103 4 6\nmain.0 107 9 6\nodd\nmain.1 105 2 0\n";

    [Fact]
    public void Lines_stand_in_the_order_in_which_they_were_written() =>
        Assert.Equal(["100 one", "103 error", "105 x", "107 two", "? rest"], Shown(null, null, null));

    [Fact]
    public void A_range_has_its_beginning_and_not_its_end()
    {
        Assert.Equal(["103 error", "105 x"], Shown(103, 107, null));
        Assert.Equal(["107 two"], Shown(106, null, null));
        Assert.Equal(["100 one"], Shown(null, 103, null));
    }

    [Fact]
    public void The_last_lines_are_the_last_of_all_logs() =>
        Assert.Equal(["107 two", "? rest"], Shown(106, null, 2, true));

    private static string[] Shown(long? since, long? until, int? last, bool late = false)
    {
        var times = new LogTimes();
        times.Add(Times);
        DateTimeOffset? At(long? seconds) => seconds is { } known ? DateTimeOffset.FromUnixTimeSeconds(known) : null;
        var lines = new TimedLines(times, new(fold: true, null), late ? null : At(since), At(until));
        foreach (
            var (name, text) in ((string, string)[])
                [
                    ("main.0.err", "error\n"),
                    ("main.0.out", "one\ntw"),
                    ("main.1.out", "x\n"),
                    ("main.0.out", "o\n"),
                    ("z.out", "rest"),
                ]
        )
        {
            var offset = name == "main.0.out" && text[0] == 'o' && text[1] == '\n' ? 6 : 0;
            lines.Add(new RunEvent.Log(name, offset, Encoding.UTF8.GetBytes(text)));
        }
        return
        [
            .. lines
                .All(last)
                .Select(line =>
                    $"{(line.Time is { } time ? $"{time.ToUnixTimeSeconds()}" : "?")} "
                    + Encoding.UTF8.GetString(line.Log.Bytes.Span).TrimEnd('\n')
                ),
        ];
    }
}
