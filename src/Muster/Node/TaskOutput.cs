using System.Text;
using System.Text.RegularExpressions;

namespace Muster.Node;

/// <summary>
/// A task's console output. The engine writes into the file by itself, so that nothing of it is lost when the node is;
/// here its lines are counted, and those asked for are read.
/// </summary>
public sealed partial class TaskOutput(string path)
{
    private readonly Lock _turn = new();

    /// <summary>Where each whole line begins, and, last, where the next one will.</summary>
    private readonly List<long> _starts = [0];

    /// <summary>Whole lines so far.</summary>
    public int Count
    {
        get
        {
            lock (_turn)
            {
                Index();
                return _starts.Count - 1;
            }
        }
    }

    /// <summary>The lines that <paramref name="asked"/> names in JavaScript's way, without colours and outer blanks.</summary>
    public IReadOnlyList<string> Lines(string? asked)
    {
        lock (_turn)
        {
            Index();
            var count = _starts.Count - 1;
            var first = NodeOdm.OutputSlice.Start(asked, count);
            if (first >= count) return [];
            using var file = Open();
            file.Position = _starts[first];
            var bytes = new byte[_starts[count] - _starts[first]];
            file.ReadExactly(bytes);
            var lines = new List<string>(count - first);
            for (var line = first; line < count; line++)
            {
                var at = (int)(_starts[line] - _starts[first]);
                lines.Add(Clean(Encoding.UTF8.GetString(bytes, at, (int)(_starts[line + 1] - _starts[line]))));
            }
            return lines;
        }
    }

    /// <summary>A line of our own.</summary>
    public void Say(string line)
    {
        lock (_turn)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            using var file = new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
            file.Write(Encoding.UTF8.GetBytes(EndsOpen() ? $"\n{line}\n" : $"{line}\n"));
        }
    }

    /// <summary>Begins anew.</summary>
    public void Clear()
    {
        lock (_turn)
        {
            File.Delete(path);
            _starts.RemoveRange(1, _starts.Count - 1);
        }
    }

    /// <summary>Closes a last line that the engine left open.</summary>
    public void Close()
    {
        lock (_turn)
        {
            if (!EndsOpen()) return;
            using var file = new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
            file.WriteByte((byte)'\n');
        }
    }

    private bool EndsOpen()
    {
        if (!File.Exists(path)) return false;
        using var file = Open();
        if (file.Length == 0) return false;
        file.Position = file.Length - 1;
        return file.ReadByte() != '\n';
    }

    private void Index()
    {
        if (!File.Exists(path)) return;
        using var file = Open();
        if (file.Length <= _starts[^1]) return;
        var at = file.Position = _starts[^1];
        var block = new byte[64 << 10];
        while (file.Read(block) is > 0 and var read)
        {
            for (var from = 0; block.AsSpan(from, read - from).IndexOf((byte)'\n') is >= 0 and var found; from += found + 1) _starts.Add(at + from + found + 1);
            at += read;
        }
    }

    private FileStream Open() => new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);

    private static string Clean(string line) => Escape().Replace(line, "").Trim();

    [GeneratedRegex(@"\x1b\[[0-?]*[ -/]*[@-~]")]
    private static partial Regex Escape();
}
