using System.Globalization;
using System.Text;
using Muster.Runs;
using Muster.Runs.Follow;

namespace Muster.Cli.Terminal;

/// <summary>Lines of several logs in the order in which they were written, to the second.</summary>
/// <param name="since">Only lines that were written then or later.</param>
/// <param name="until">Only lines that were written before.</param>
internal sealed class TimedLines(LogTimes times, LogLines shape, DateTimeOffset? since, DateTimeOffset? until)
{
    private readonly Dictionary<string, (MemoryStream Line, long Offset)> _open = [];
    private readonly List<TimedLine> _lines = [];

    public void Add(RunEvent.Log log)
    {
        var (line, offset) = _open.TryGetValue(log.Name, out var open) ? open : (new(), log.Offset);
        var bytes = log.Bytes;
        while (bytes.Span.IndexOf((byte)'\n') is >= 0 and var end)
        {
            line.Write(bytes.Span[..(end + 1)]);
            offset += end + 1;
            Take(new(log.Name, offset - line.Length, line.ToArray()));
            line.SetLength(0);
            bytes = bytes[(end + 1)..];
        }
        line.Write(bytes.Span);
        _open[log.Name] = (line, offset + bytes.Length);
    }

    /// <summary>All lines; what was written within the same second stands log by log.</summary>
    /// <param name="last">Only so many.</param>
    public IEnumerable<TimedLine> All(int? last)
    {
        foreach (var (name, (line, offset)) in _open.Where(pair => pair.Value.Line.Length > 0))
        {
            line.WriteByte((byte)'\n');
            Take(new(name, offset - line.Length + 1, line.ToArray()));
        }
        _open.Clear();
        var sorted = _lines
            .OrderBy(line => line.Time ?? DateTimeOffset.MaxValue)
            .ThenBy(line => Path.GetFileNameWithoutExtension(line.Log.Name), LogOrder.Usual)
            .ThenBy(line => line.Log.IsError)
            .ThenBy(line => line.Log.Offset);
        return last is { } most ? sorted.TakeLast(most) : sorted;
    }

    private void Take(RunEvent.Log line)
    {
        var time = times.Of(line.Name, line.Offset + line.Bytes.Length - 1) ?? times.Of(line.Name, line.Offset);
        // What came after the last note is of this second.
        if (
            time is null
                ? (since ?? until) is not null && !(until is null && times.Notes(line.Name))
                : time < since || time >= until
        )
            return;
        if (shape.Add(line) is { } shown)
            _lines.Add(new(time, shown));
    }
}

/// <param name="Time">When its last byte was written; null where that was not noted.</param>
internal sealed record TimedLine(DateTimeOffset? Time, RunEvent.Log Log)
{
    /// <summary>With its time, here, and a mark of what stood on the error stream.</summary>
    public RunEvent.Log Stamped =>
        Log with
        {
            Bytes = (byte[])
                [
                    .. Encoding.ASCII.GetBytes(
                        (
                            Time?.ToLocalTime().ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture)
                            ?? new string('-', 19)
                        ) + (Log.IsError ? " ! " : "   ")
                    ),
                    .. Log.Bytes.Span,
                ],
        };
}
