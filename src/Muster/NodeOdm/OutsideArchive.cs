using System.IO.Compression;
using Muster.Hosts;

namespace Muster.NodeOdm;

/// <summary>
/// A zip archive from outside. Its directory is one that memory can hold, and what is unpacked of it is counted: an
/// archive says little about what is in it.
/// </summary>
internal sealed class OutsideArchive : IDisposable
{
    private const int LinkMode = 0xA000;
    private static readonly InputLimits Limits = InputLimits.Default;

    private readonly ZipArchive _zip;
    private long _left;

    /// <param name="room">What the disk can bear.</param>
    public OutsideArchive(string path, long room)
    {
        using (var file = File.OpenRead(path))
        {
            _left = Limits.Unpacked(file.Length, room);
            if (ZipDirectory.Count(file, Limits.ArchiveFiles) is not { } files)
                throw new InvalidDataException("it has no whole directory at its end");
            if (files > Limits.ArchiveFiles)
                throw new RefusalException($"The archive holds more than {Limits.ArchiveFiles} files");
        }
        _zip = ZipFile.OpenRead(path);
    }

    /// <summary>Neither folders nor links.</summary>
    public IEnumerable<ZipArchiveEntry> Files =>
        _zip.Entries.Where(entry => !entry.FullName.EndsWith('/') && !IsLink(entry));

    /// <summary>What a task's output says of the links that are left out; null where there are none.</summary>
    public string? SkippedLinks =>
        _zip.Entries.Count(IsLink) is > 0 and var links
            ? $"Skipped {links} symbolic link{(links == 1 ? "" : "s")} in the archive: only files are taken."
            : null;

    private static bool IsLink(ZipArchiveEntry entry) => ((entry.ExternalAttributes >> 16) & 0xF000) == LinkMode;

    public Stream Open(ZipArchiveEntry entry) =>
        entry.Length > _left ? throw TooLarge() : new Counted(this, entry.Open());

    private int Count(int read) => (_left -= read) < 0 ? throw TooLarge() : read;

    private static RefusalException TooLarge() => new("The archive becomes too large when it is unpacked");

    public void Dispose() => _zip.Dispose();

    private sealed class Counted(OutsideArchive archive, Stream content) : ReadOnlyStream
    {
        public override int Read(Span<byte> buffer) => archive.Count(content.Read(buffer));

        public override async ValueTask<int> ReadAsync(
            Memory<byte> buffer,
            CancellationToken cancellationToken = default
        ) => archive.Count(await content.ReadAsync(buffer, cancellationToken));

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                content.Dispose();
            base.Dispose(disposing);
        }
    }
}
