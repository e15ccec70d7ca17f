using System.Security.Cryptography;

namespace Muster.NodeOdm.HandIn;

/// <summary>A file that is hashed while it is sent.</summary>
internal sealed class HashingFile(SourceFile file, Action<int> moved) : IDisposable
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    public UploadFile Upload => new(file.Name, file.Bytes, () => new Reader(file.Path, Read));

    /// <summary>Of what was sent. It can be asked for once.</summary>
    public string Sha256() => Convert.ToHexStringLower(_hash.GetHashAndReset());

    public void Dispose() => _hash.Dispose();

    private void Read(ReadOnlySpan<byte> bytes)
    {
        _hash.AppendData(bytes);
        moved(bytes.Length);
    }

    private delegate void Heard(ReadOnlySpan<byte> bytes);

    private sealed class Reader(string path, Heard heard)
        : FileStream(
            path,
            FileMode.Open,
            FileAccess.Read,
            FileShare.Read | FileShare.Delete,
            bufferSize: 0,
            FileOptions.Asynchronous | FileOptions.SequentialScan
        )
    {
        public override async ValueTask<int> ReadAsync(
            Memory<byte> buffer,
            CancellationToken cancellationToken = default
        )
        {
            var read = await base.ReadAsync(buffer, cancellationToken);
            heard(buffer.Span[..read]);
            return read;
        }
    }
}
