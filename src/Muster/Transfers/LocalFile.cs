using System.Runtime.CompilerServices;
using Microsoft.Win32.SafeHandles;
using Muster.Faults;
using Muster.Hosts;

namespace Muster.Transfers;

/// <summary>Content from a file of this machine, as it is when it is read.</summary>
public sealed class LocalFile(string path, FileStamp stamp) : ContentSource
{
    /// <summary>The item for this file, to be put at <paramref name="place"/>.</summary>
    public CargoItem At(RawPath place) =>
        new(place, stamp.Executable ? CargoKind.Executable : CargoKind.File)
        {
            Size = stamp.Size,
            Key = stamp.KeyOf(path),
            Source = this,
        };

    public override async IAsyncEnumerable<OpenContent> ReadAsync(
        IReadOnlyList<CargoItem> items,
        [EnumeratorCancellation] CancellationToken ct
    )
    {
        foreach (var item in items)
        {
            using var file = Open();
            var size = RandomAccess.GetLength(file);
            await using var content = new Exactly(file, size, path);
            yield return new(item, size, content, () => FileStamp.Find(path) == stamp);
        }
    }

    private SafeFileHandle Open()
    {
        try
        {
            return File.OpenHandle(path, share: FileShare.ReadWrite | FileShare.Delete);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new UserException(
                $"{path} cannot be read: {fault.Message}",
                "Make it readable, leave it out with `.musterignore`, or try again if it is being replaced.",
                fault
            );
        }
    }

    /// <summary>As many bytes as the file had when it was opened, though it may be growing.</summary>
    private sealed class Exactly(SafeFileHandle file, long size, string path) : ReadOnlyStream
    {
        private long _at;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (_at == size)
                return new(0);
            // A thread of its own for each read would cost more than the read.
            var read = RandomAccess.Read(file, buffer.Span[..(int)Math.Min(buffer.Length, size - _at)], _at);
            if (read == 0)
                throw new UserException(
                    $"{path} became shorter while it was read",
                    "Try again when nothing writes to it."
                );
            _at += read;
            return new(read);
        }
    }
}
