using System.Runtime.CompilerServices;
using Muster.Faults;
using Muster.Hosts;

namespace Muster.Transfers;

/// <summary>Content from a file of this machine, as it is when it is read.</summary>
public sealed class LocalFile(string path, FileStamp stamp) : ContentSource
{
    /// <summary>The item for this file, to be put at <paramref name="place"/>.</summary>
    public CargoItem At(RawPath place) => new(place, stamp.Executable ? CargoKind.Executable : CargoKind.File)
    {
        Size = stamp.Size,
        Key = stamp.KeyOf(path),
        Source = this,
    };

    public override async IAsyncEnumerable<OpenContent> ReadAsync(IReadOnlyList<CargoItem> items, [EnumeratorCancellation] CancellationToken ct)
    {
        foreach (var item in items)
        {
            await using var file = Open();
            await using var content = new Exactly(file, file.Length, path);
            yield return new(item, file.Length, content, () => FileStamp.Find(path) == stamp);
        }
    }

    private FileStream Open()
    {
        try
        {
            return new(path, new FileStreamOptions { BufferSize = 0, Options = FileOptions.SequentialScan, Share = FileShare.ReadWrite | FileShare.Delete });
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new UserException($"{path} cannot be read: {fault.Message}", "Make it readable, leave it out with `.musterignore`, or try again if it is being replaced.", fault);
        }
    }

    /// <summary>As many bytes as the file had when it was opened, though it may be growing.</summary>
    private sealed class Exactly(FileStream file, long size, string path) : ReadOnlyStream
    {
        private long _left = size;

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (_left == 0) return 0;
            var read = await file.ReadAsync(buffer[..(int)Math.Min(buffer.Length, _left)], cancellationToken);
            if (read == 0) throw new UserException($"{path} became shorter while it was read", "Try again when nothing writes to it.");
            _left -= read;
            return read;
        }
    }
}
