using System.Buffers;
using System.Text.Json;
using Muster.NodeOdm;

namespace Muster.Gateway.Ledger;

/// <summary>
/// Output of live tasks as clients are told it, encoded once: whoever looks at a task again and again costs a copy.
/// What nobody asked for lately makes room for what is asked for now.
/// </summary>
internal sealed class LineCache
{
    private const int MostLines = 2_000;
    private const int MostOfOne = 1 << 18;
    private const long MostInAll = 32 << 20;

    private readonly Lock _lock = new();
    private readonly Dictionary<Guid, Lines> _known = [];
    private long _bytes;
    private long _asked;

    /// <summary>Rises when outputs begin anew, so that nothing that was read before is kept after it.</summary>
    private long _lives;

    /// <summary>What it holds.</summary>
    public long Bytes
    {
        get
        {
            lock (_lock)
                return _bytes;
        }
    }

    /// <summary>
    /// Lines <paramref name="from"/> to <paramref name="to"/>, the latter not included, as JSON texts with commas
    /// between them; null where they are too many to be held.
    /// </summary>
    /// <param name="read">Reads lines from one on, to before another.</param>
    public ReadOnlyMemory<byte>? Get(Guid task, int from, int to, Func<int, int, IReadOnlyList<string>> read)
    {
        if (from >= to)
            return ReadOnlyMemory<byte>.Empty;
        long lives;
        lock (_lock)
        {
            lives = _lives;
            if (_known.TryGetValue(task, out var known) && known.Slice(from, to) is { } there)
            {
                known.Asked = ++_asked;
                return there;
            }
        }
        if (to - from > MostLines)
            return null;
        var lines = new Lines(from);
        if (read(from, to) is not { } texts || texts.Count != to - from || !lines.Append(texts))
            return null;
        var all = lines.Slice(from, to);
        lock (_lock)
            if (lives == _lives)
                Keep(task, lines);
        return all;
    }

    /// <summary>What was written: lines that are known get longer, and those of ended tasks are let go.</summary>
    public void Follow(TaskBatch batch)
    {
        if (batch.OutputGone.Count + batch.Removed.Count + batch.Output.Count + batch.Tasks.Count == 0)
            return;
        lock (_lock)
        {
            foreach (var task in batch.OutputGone.Concat(batch.Removed))
            {
                _lives++;
                Drop(task);
            }
            foreach (var added in batch.Output)
            {
                if (!_known.TryGetValue(added.Task, out var known))
                    continue;
                var before = known.Length;
                // Those that were read from the database meanwhile are there already.
                if (added.First > known.End || !known.Append([.. added.Lines.Skip(known.End - added.First)]))
                    Drop(added.Task, before);
                else
                    _bytes += known.Length - before;
            }
            if (_known.Count == 0)
                return;
            foreach (var task in batch.Tasks.Values.Where(task => !task.Phase.IsLive))
                Drop(task.Id);
        }
    }

    private void Keep(Guid task, Lines lines)
    {
        Drop(task);
        _known[task] = lines;
        _bytes += lines.Length;
        lines.Asked = ++_asked;
        if (_bytes <= MostInAll)
            return;
        foreach (var (oldest, _) in _known.OrderBy(entry => entry.Value.Asked).Take(1 + (_known.Count / 4)).ToList())
            Drop(oldest);
    }

    private void Drop(Guid task, int? counted = null)
    {
        if (_known.Remove(task, out var lines))
            _bytes -= counted ?? lines.Length;
    }

    /// <summary>Lines of one task from one on. What was given out never changes: more is written behind it.</summary>
    private sealed class Lines(int first)
    {
        private readonly List<int> _starts = [];
        private byte[] _text = [];

        public int Length { get; private set; }
        public int End => first + _starts.Count;
        public long Asked { get; set; }

        public ReadOnlyMemory<byte>? Slice(int from, int to)
        {
            if (from < first || to > End)
                return null;
            var start = _starts[from - first];
            return _text.AsMemory(start, (to == End ? Length : _starts[to - first] - 1) - start);
        }

        /// <summary>False when they are too long to be held.</summary>
        public bool Append(IReadOnlyList<string> lines)
        {
            foreach (var line in lines)
            {
                var json = JsonSerializer.SerializeToUtf8Bytes(TaskStore.OneLine(line), OdmJson.Wire.String);
                var start = Length == 0 ? 0 : Length + 1;
                if (start + json.Length > MostOfOne)
                    return false;
                if (start + json.Length > _text.Length)
                    Array.Resize(ref _text, Math.Max(start + json.Length, Math.Min(MostOfOne, _text.Length * 2)));
                if (start > 0)
                    _text[Length] = (byte)',';
                json.CopyTo(_text.AsSpan(start));
                _starts.Add(start);
                Length = start + json.Length;
            }
            return true;
        }
    }
}
