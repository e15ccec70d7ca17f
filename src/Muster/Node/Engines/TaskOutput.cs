using System.Text;
using System.Text.RegularExpressions;

namespace Muster.Node.Engines;

/// <summary>
/// A task's console output. The engine writes into the file by itself, so that nothing of it is lost when the node is;
/// here its lines are counted, and those asked for are read.
/// </summary>
public sealed partial class TaskOutput(string path)
{
    private static readonly int LineBytes = NodeOdm.InputLimits.Default.LineBytes;

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

    /// <summary>
    /// The lines that <paramref name="asked"/> names in JavaScript's way, without colours and outer blanks.
    /// </summary>
    public IReadOnlyList<string> Lines(string? asked) => [.. Read(asked)];

    /// <summary>The same, read as they are taken.</summary>
    public IEnumerable<string> Read(string? asked)
    {
        lock (_turn)
        {
            Index();
            var count = _starts.Count - 1;
            var first = NodeOdm.OutputSlice.Start(asked, count);
            if (first >= count)
                return [];
            var file = Open();
            file.Position = _starts[first];
            return LinesOf(file, _starts[count] - _starts[first]);
        }
    }

    private static IEnumerable<string> LinesOf(FileStream file, long left)
    {
        using var open = file;
        var block = new byte[LineBytes];
        var (start, end, isRest) = (0, 0, false);
        while (true)
        {
            if (Array.IndexOf(block, (byte)'\n', start, end - start) is >= 0 and var at)
            {
                if (!isRest)
                    yield return Clean(Encoding.UTF8.GetString(block, start, at - start));
                (start, isRest) = (at + 1, false);
                continue;
            }
            if (start == 0 && end == block.Length)
            {
                if (!isRest)
                    yield return Clean(Encoding.UTF8.GetString(block));
                (end, isRest) = (0, true); // the rest of so long a line is left out
            }
            Buffer.BlockCopy(block, start, block, 0, end - start);
            (start, end) = (0, end - start);
            if (file.Read(block, end, (int)Math.Min(block.Length - end, left)) is not (> 0 and var read))
                yield break;
            (end, left) = (end + read, left - read);
        }
    }

    /// <summary>A line of our own.</summary>
    public void Say(string line)
    {
        lock (_turn)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            using var file = new FileStream(
                path,
                FileMode.Append,
                FileAccess.Write,
                FileShare.ReadWrite | FileShare.Delete
            );
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
            if (!EndsOpen())
                return;
            using var file = new FileStream(
                path,
                FileMode.Append,
                FileAccess.Write,
                FileShare.ReadWrite | FileShare.Delete
            );
            file.WriteByte((byte)'\n');
        }
    }

    private bool EndsOpen()
    {
        if (!File.Exists(path))
            return false;
        using var file = Open();
        if (file.Length == 0)
            return false;
        file.Position = file.Length - 1;
        return file.ReadByte() != '\n';
    }

    private void Index()
    {
        if (!File.Exists(path))
            return;
        using var file = Open();
        if (file.Length <= _starts[^1])
            return;
        var at = file.Position = _starts[^1];
        var block = new byte[64 << 10];
        while (file.Read(block) is > 0 and var read)
        {
            for (
                var from = 0;
                block.AsSpan(from, read - from).IndexOf((byte)'\n') is >= 0 and var found;
                from += found + 1
            )
                _starts.Add(at + from + found + 1);
            at += read;
        }
    }

    private FileStream Open() => new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);

    private static string Clean(string line) => Escape().Replace(line, "").Trim();

    [GeneratedRegex(@"\x1b\[[0-?]*[ -/]*[@-~]")]
    private static partial Regex Escape();
}
