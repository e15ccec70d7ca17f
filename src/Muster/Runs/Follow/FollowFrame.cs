using System.Globalization;
using System.Text;

namespace Muster.Runs.Follow;

/// <summary>One piece of what a host sends of a run that is followed.</summary>
public abstract record FollowFrame
{
    private FollowFrame() { }

    public sealed record Log(string Name, long Offset, byte[] Bytes) : FollowFrame;

    public sealed record Record(StatusRecord Status) : FollowFrame;

    public sealed record Gone(string Name) : FollowFrame;

    public sealed record SupervisorMissing(string Rank, Liveness What) : FollowFrame;

    public sealed record Tick : FollowFrame;

    public sealed record Absent : FollowFrame;

    public sealed record End : FollowFrame;

    /// <summary>
    /// Reads frames until the stream ends. A frame that was cut short, or is none, ends the reading: the rest comes
    /// again on the next connection.
    /// </summary>
    public static async IAsyncEnumerable<FollowFrame> ReadAsync(
        Stream stream,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken ct
    )
    {
        var reader = new LineReader(stream);
        Dictionary<string, string>? values = null;
        var record = "";
        while (await reader.LineAsync(ct) is { } line)
        {
            if (values is not null)
            {
                if (line == ".")
                {
                    yield return new Record(new(record, values));
                    values = null;
                }
                else if (line.StartsWith(' '))
                {
                    LookReader.Put(values, line[1..]);
                }
                continue;
            }
            switch (line.Split(' '))
            {
                case ["L", var name, var offsetText, var lengthText]
                    when long.TryParse(offsetText, CultureInfo.InvariantCulture, out var offset)
                        && int.TryParse(lengthText, CultureInfo.InvariantCulture, out var length)
                        && length is >= 0 and <= 1 << 20:
                    if (await reader.BytesAsync(length + 1, ct) is not { } bytes || bytes[^1] != '\n')
                        yield break;
                    yield return new Log(name, offset, bytes[..length]);
                    break;
                case ["R", var name]:
                    (record, values) = (name, []);
                    break;
                case ["G", var name]:
                    yield return new Gone(name);
                    break;
                case ["X", var rank, var what]:
                    yield return new SupervisorMissing(rank, what == "rebooted" ? Liveness.Rebooted : Liveness.Gone);
                    break;
                case ["T"]:
                    yield return new Tick();
                    break;
                case ["A"]:
                    yield return new Absent();
                    break;
                case ["E"]:
                    yield return new End();
                    yield break;
                default:
                    yield break;
            }
        }
    }

    /// <summary>Lines and exact byte counts from one stream.</summary>
    private sealed class LineReader(Stream stream)
    {
        private readonly byte[] _buffer = new byte[64 * 1024];
        private int _at;
        private int _end;

        public async ValueTask<string?> LineAsync(CancellationToken ct)
        {
            var line = new MemoryStream();
            while (true)
            {
                var found = Array.IndexOf(_buffer, (byte)'\n', _at, _end - _at);
                var until = found >= 0 ? found : _end;
                await line.WriteAsync(_buffer.AsMemory(_at, until - _at), ct);
                _at = until;
                if (found >= 0)
                {
                    _at++;
                    return Encoding.UTF8.GetString(line.GetBuffer(), 0, (int)line.Length);
                }
                if (!await FillAsync(ct))
                    return null;
            }
        }

        public async ValueTask<byte[]?> BytesAsync(int count, CancellationToken ct)
        {
            var bytes = new byte[count];
            var have = 0;
            while (have < count)
            {
                if (_at == _end && !await FillAsync(ct))
                    return null;
                var take = Math.Min(count - have, _end - _at);
                _buffer.AsSpan(_at, take).CopyTo(bytes.AsSpan(have));
                _at += take;
                have += take;
            }
            return bytes;
        }

        private async ValueTask<bool> FillAsync(CancellationToken ct)
        {
            _at = 0;
            _end = await stream.ReadAsync(_buffer, ct);
            return _end > 0;
        }
    }
}
