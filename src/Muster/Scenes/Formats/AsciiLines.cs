namespace Muster.Scenes.Formats;

/// <summary>
/// A stream's lines as bytes, one at a time, without their ends. A line longer than a megabyte ends the reading.
/// </summary>
internal sealed class AsciiLines(Stream from)
{
    private const int Most = 1 << 20;
    private byte[] _buffer = new byte[1 << 16];
    private int _start,
        _end;

    public bool Next(out ReadOnlyMemory<byte> line)
    {
        var looked = 0;
        while (true)
        {
            var length = _buffer.AsSpan(_start + looked, _end - _start - looked).IndexOf((byte)'\n');
            if (length >= 0)
            {
                line = Trimmed(_start, looked + length);
                _start += looked + length + 1;
                return true;
            }
            looked = _end - _start;
            if (looked >= Most || !Fill())
            {
                line = Trimmed(_start, looked);
                _start = _end;
                return looked is > 0 and < Most;
            }
        }
    }

    private bool Fill()
    {
        _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
        (_start, _end) = (0, _end - _start);
        if (_end == _buffer.Length)
            Array.Resize(ref _buffer, _buffer.Length * 2);
        var got = from.Read(_buffer, _end, _buffer.Length - _end);
        _end += got;
        return got > 0;
    }

    private ReadOnlyMemory<byte> Trimmed(int start, int length) =>
        _buffer.AsMemory(start, length > 0 && _buffer[start + length - 1] == '\r' ? length - 1 : length);
}
