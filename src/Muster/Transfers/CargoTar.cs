using System.Security.Cryptography;
using System.Text;

namespace Muster.Transfers;

/// <summary>
/// The archive of one delivery: new content under its hash, then the run's tree as links to content, new or old.
/// </summary>
internal sealed class CargoTar(
    Shipment shipment,
    DeliveryPlan plan,
    ContentCache cache,
    string folder,
    TransferMeter meter
)
{
    /// <summary>
    /// Longer content streams through under a number, and gets its hash for a name when that is known.
    /// </summary>
    private const int WholeUpTo = 1 << 20;

    private readonly byte[] _content = Encoding.UTF8.GetBytes($"{folder}/c/");
    private readonly HashSet<StoreName> _sent = [];
    private readonly byte[] _buffer = new byte[WholeUpTo];

    /// <summary>What the site has when the archive was accepted.</summary>
    public IReadOnlyCollection<StoreName> Sent => _sent;

    public async Task WriteAsync(Stream output, CancellationToken ct)
    {
        var tar = new TarWriter(output);
        foreach (var file in shipment.Files)
            await tar.FileAsync(Below("t/", file.Name), file.Private ? Mode.Private : Mode.Writable, file.Content, ct);
        await WriteContentAsync(tar, ct);
        foreach (var area in shipment.Areas)
            await WriteTreeAsync(tar, area, ct);
        await tar.FileAsync(Below("", "whole"), Mode.Writable, default, ct);
        await tar.EndAsync(ct);
    }

    private byte[] Below(string part, string name) => Encoding.UTF8.GetBytes($"{folder}/{part}{name}");

    private async Task WriteContentAsync(TarWriter tar, CancellationToken ct)
    {
        var number = 0;
        foreach (var group in plan.Small.GroupBy(item => item.Source!))
        {
            await foreach (var open in group.Key.ReadAsync([.. group], ct))
            {
                var executable = open.Item.Kind == CargoKind.Executable;
                var mode = executable ? Mode.ClosedExecutable : Mode.Closed;
                ContentHash hash;
                if (open.Size <= WholeUpTo)
                {
                    var content = _buffer.AsMemory(0, (int)open.Size);
                    await open.Bytes.ReadExactlyAsync(content, ct);
                    hash = ContentHash.Of(content.Span);
                    meter.Moved(open.Size);
                    if (_sent.Add(new(hash, executable)))
                        await tar.FileAsync(ContentPath(new(hash, executable)), mode, content, ct);
                }
                else
                {
                    var numbered = Below("n/", $"{number++}");
                    hash = await StreamAsync(tar, numbered, mode, open, ct);
                    if (_sent.Add(new(hash, executable)))
                        await tar.LinkAsync(ContentPath(new(hash, executable)), numbered, ct);
                }
                cache.Learn(open.Item.Key, hash, open.Size);
                meter.Done(open);
            }
        }
    }

    private async Task<ContentHash> StreamAsync(
        TarWriter tar,
        byte[] path,
        int mode,
        OpenContent open,
        CancellationToken ct
    )
    {
        using var sha = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        tar.BeginFile(path, mode, open.Size);
        for (var left = open.Size; left > 0; )
        {
            var part = _buffer.AsMemory(0, (int)Math.Min(left, _buffer.Length));
            await open.Bytes.ReadExactlyAsync(part, ct);
            sha.AppendData(part.Span);
            await tar.ContentAsync(part, ct);
            left -= part.Length;
            meter.Moved(part.Length);
        }
        return new(sha.GetHashAndReset());
    }

    private async Task WriteTreeAsync(TarWriter tar, Area area, CancellationToken ct)
    {
        var path = new byte[1024 + area.Items.Select(item => item.Path.Bytes.Length).DefaultIfEmpty().Max()];
        var target = new byte[256];
        var begin = Encoding.UTF8.GetBytes($"{folder}/t/{area.Name}/", path);
        await tar.FolderAsync(path.AsSpan(0, begin), ct);
        foreach (var item in area.Items)
        {
            item.Path.Bytes.CopyTo(path.AsSpan(begin));
            var length = begin + item.Path.Bytes.Length;
            await (
                item switch
                {
                    { Kind: CargoKind.Folder } => tar.FolderAsync(path.AsSpan(0, length), ct),
                    { Kind: CargoKind.Symlink } => tar.SymlinkAsync(path.AsSpan(0, length), item.Target.Span, ct),
                    // An inode can only have so many links, and every tree has its empty files.
                    { Size: 0 } => tar.FileAsync(
                        path.AsSpan(0, length),
                        item.Kind == CargoKind.Executable ? Mode.ClosedExecutable : Mode.Closed,
                        default,
                        ct
                    ),
                    _ => tar.LinkAsync(path.AsSpan(0, length), target.AsSpan(0, TargetOf(item, target)), ct),
                }
            );
        }
    }

    private int TargetOf(CargoItem item, byte[] target)
    {
        var name = DeliveryPlan.NameOf(item, cache)!.Value;
        return name.Write(_sent.Contains(name) ? _content : "store/"u8, target);
    }

    private byte[] ContentPath(StoreName name)
    {
        var path = new byte[_content.Length + 70];
        return path[..name.Write(_content, path)];
    }
}
