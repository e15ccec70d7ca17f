namespace Muster.Storage;

/// <summary>
/// An object of a bucket, read from any place on. When the service breaks off, it is asked for the rest.
/// </summary>
internal sealed class BucketStream(S3Bucket bucket, string key, long bytes) : Stream
{
    private const int MostBreaks = 5;

    private Stream? _body;
    private long _at;

    public override bool CanRead => true;
    public override bool CanSeek => true;
    public override bool CanWrite => false;
    public override long Length => bytes;

    public override long Position
    {
        get => _at;
        set
        {
            if (value == _at)
                return;
            _body?.Dispose();
            (_body, _at) = (null, value);
        }
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_at >= bytes || buffer.Length == 0)
            return 0;
        for (var breaks = 1; ; breaks++)
        {
            try
            {
                _body ??= await bucket.OpenAsync(key, _at, cancellationToken);
                if (await _body.ReadAsync(buffer, cancellationToken) is > 0 and var read)
                {
                    _at += read;
                    return read;
                }
                throw new EndOfStreamException($"{key} ended early");
            }
            catch (IOException) when (breaks < MostBreaks && !cancellationToken.IsCancellationRequested)
            {
                _body?.Dispose();
                _body = null;
                await Task.Delay(TimeSpan.FromMilliseconds(200 * breaks), cancellationToken);
            }
        }
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) =>
#pragma warning disable VSTHRD002 // Read is synchronous
        ReadAsync(buffer, offset, count, CancellationToken.None).GetAwaiter().GetResult();
#pragma warning restore VSTHRD002

    public override long Seek(long offset, SeekOrigin origin) =>
        Position = origin switch
        {
            SeekOrigin.Begin => offset,
            SeekOrigin.Current => _at + offset,
            _ => bytes + offset,
        };

    public override void Flush() { }

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _body?.Dispose();
        base.Dispose(disposing);
    }
}
