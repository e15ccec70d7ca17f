using System.Diagnostics;

namespace Muster.Hosts;

/// <summary>The two ends of a child process as one stream.</summary>
public sealed class ProcessStream(Process process) : Stream
{
    private readonly Stream _in = process.StandardInput.BaseStream;
    private readonly Stream _out = process.StandardOutput.BaseStream;

    public override bool CanRead => true;
    public override bool CanSeek => false;
    public override bool CanWrite => true;
    public override long Length => throw new NotSupportedException();
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => _out.ReadAsync(buffer, cancellationToken);
    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => _out.ReadAsync(buffer, offset, count, cancellationToken);

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        await _in.WriteAsync(buffer, cancellationToken);
        await _in.FlushAsync(cancellationToken);
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <summary>Says that no more will be written, and keeps reading.</summary>
    public void EndWriting() => _in.Close();

    public override int Read(byte[] buffer, int offset, int count) => _out.Read(buffer, offset, count);
    public override void Write(byte[] buffer, int offset, int count) { _in.Write(buffer, offset, count); _in.Flush(); }
    public override void Flush() => _in.Flush();
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            try
            {
                if (!process.HasExited) process.Kill();
            }
            catch (InvalidOperationException) { }   // it ended in between
            process.Dispose();
        }
        base.Dispose(disposing);
    }
}
