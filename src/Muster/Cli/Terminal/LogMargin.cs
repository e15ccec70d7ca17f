using System.Text;
using Muster.Runs;
using Muster.Runs.Follow;
using Muster.Shell;

namespace Muster.Cli.Terminal;

/// <summary>
/// Puts the rank before each line of logs that are shown together. A line is shown when it is complete, so none is torn
/// by another.
/// </summary>
internal sealed class LogMargin
{
    private readonly Dictionary<string, MemoryStream> _open = [];

    /// <summary>The lines that are complete now.</summary>
    public ReadOnlyMemory<byte> Add(RunEvent.Log log)
    {
        if (!_open.TryGetValue(log.Name, out var open))
            _open[log.Name] = open = new();
        var bytes = log.Bytes.Span;
        var shown = new MemoryStream();
        while (bytes.IndexOf((byte)'\n') is >= 0 and var end)
        {
            Begin(shown, log.Name);
            open.WriteTo(shown);
            open.SetLength(0);
            shown.Write(bytes[..(end + 1)]);
            bytes = bytes[(end + 1)..];
        }
        open.Write(bytes);
        return shown.GetBuffer().AsMemory(0, (int)shown.Length);
    }

    /// <summary>Last lines that no line end followed.</summary>
    public IReadOnlyList<(ReadOnlyMemory<byte> Bytes, bool IsError)> Rest()
    {
        var rest = new List<(ReadOnlyMemory<byte>, bool)>();
        foreach (
            var (name, open) in _open.Where(pair => pair.Value.Length > 0).OrderBy(pair => pair.Key, LogOrder.Usual)
        )
        {
            var shown = new MemoryStream();
            Begin(shown, name);
            open.WriteTo(shown);
            shown.WriteByte((byte)'\n');
            rest.Add((shown.ToArray(), name.EndsWith(".err", StringComparison.Ordinal)));
        }
        _open.Clear();
        return rest;
    }

    private static void Begin(MemoryStream shown, string log) =>
        shown.Write(Encoding.UTF8.GetBytes($"{SafeText.OneLine(Path.GetFileNameWithoutExtension(log))} | "));
}
