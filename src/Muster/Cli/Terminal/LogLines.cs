using System.Text;
using System.Text.RegularExpressions;
using Muster.Runs.Follow;

namespace Muster.Cli.Terminal;

/// <summary>
/// Whole lines of logs, each as a terminal would show it at last: of a progress bar, which is written over itself, its
/// last state.
/// </summary>
/// <param name="fold">Otherwise lines stay as they were written.</param>
/// <param name="wanted">Only lines that it matches.</param>
internal sealed class LogLines(bool fold, Regex? wanted)
{
    private readonly Dictionary<string, (MemoryStream Line, long Offset)> _open = [];

    /// <summary>The lines that are complete now; nothing where there are none.</summary>
    public RunEvent.Log? Add(RunEvent.Log log)
    {
        if (!fold && wanted is null)
            return log;
        if (!_open.TryGetValue(log.Name, out var open))
            open = (new(), log.Offset);
        var bytes = log.Bytes.Span;
        var shown = new MemoryStream();
        while (bytes.IndexOf((byte)'\n') is >= 0 and var end)
        {
            open.Line.Write(bytes[..(end + 1)]);
            Put(shown, open.Line);
            bytes = bytes[(end + 1)..];
        }
        open.Line.Write(bytes);
        _open[log.Name] = (open.Line, log.Offset + log.Bytes.Length - open.Line.Length);
        return shown.Length == 0 ? null : log with { Offset = open.Offset, Bytes = shown.ToArray() };
    }

    /// <summary>Last lines that no line end followed.</summary>
    public IEnumerable<RunEvent.Log> Rest()
    {
        foreach (var (name, (line, offset)) in _open)
        {
            var shown = new MemoryStream();
            if (line.Length > 0)
                Put(shown, line);
            if (shown.Length > 0)
                yield return new(name, offset, shown.ToArray());
        }
        _open.Clear();
    }

    private void Put(MemoryStream shown, MemoryStream open)
    {
        ReadOnlySpan<byte> line = open.GetBuffer().AsSpan(0, (int)open.Length);
        if (fold)
            line = Folded(line);
        if (wanted?.IsMatch(Encoding.UTF8.GetString(line.TrimEnd("\r\n"u8))) is not false)
            shown.Write(line);
        open.SetLength(0);
    }

    private static ReadOnlySpan<byte> Folded(ReadOnlySpan<byte> line) =>
        line[(line.TrimEnd("\r\n"u8).LastIndexOf((byte)'\r') + 1)..];
}
