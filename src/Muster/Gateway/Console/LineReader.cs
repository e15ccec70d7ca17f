using System.Text;

namespace Muster.Gateway.Console;

/// <summary>
/// Lines of text from a connection, put together from whatever packets they come in. What a telnet client negotiates
/// between them is passed over.
/// </summary>
internal sealed class LineReader(Stream stream, int longest)
{
    private const byte Escape = 255,
        FirstWithOption = 251,
        OptionsBegin = 250,
        OptionsEnd = 240,
        Rubout = 127;

    private readonly byte[] _buffer = new byte[1024];
    private readonly List<byte> _line = [];
    private int _at;
    private int _held;
    private byte _last;

    /// <summary>
    /// The next line without its end; null when there is none, or when it is longer than anybody types.
    /// </summary>
    public async Task<string?> ReadAsync(CancellationToken ct)
    {
        _line.Clear();
        while (await NextAsync(ct) is { } one)
        {
            var before = _last;
            _last = one;
            switch (one)
            {
                case Escape:
                    await SkipCommandAsync(ct);
                    break;
                case (byte)'\n' or 0 when before == '\r': // the second half of a line's end
                    break;
                case (byte)'\r' or (byte)'\n':
                    return Text();
                case (byte)'\b' or Rubout:
                    if (_line.Count > 0)
                        _line.RemoveAt(_line.Count - 1);
                    break;
                case >= 32 or (byte)'\t' when _line.Count == longest:
                    return null;
                case >= 32 or (byte)'\t':
                    _line.Add(one);
                    break;
            }
        }
        return _line.Count > 0 ? Text() : null; // whoever hangs up without the last line's end has still said it
    }

    private string Text()
    {
        var text = Encoding.UTF8.GetString([.. _line]);
        _line.Clear();
        return text;
    }

    private async Task SkipCommandAsync(CancellationToken ct)
    {
        switch (await NextAsync(ct))
        {
            case OptionsBegin:
                for (
                    byte? one = 0, before = 0;
                    one is not null && !(before == Escape && one == OptionsEnd);
                    before = one, one = await NextAsync(ct)
                ) { }
                break;
            case >= FirstWithOption and not Escape:
                await NextAsync(ct);
                break;
        }
    }

    private async ValueTask<byte?> NextAsync(CancellationToken ct)
    {
        if (_at == _held)
        {
            (_at, _held) = (0, await stream.ReadAsync(_buffer, ct));
            if (_held == 0)
                return null;
        }
        return _buffer[_at++];
    }
}
