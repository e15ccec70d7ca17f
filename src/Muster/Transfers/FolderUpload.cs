using System.Text;
using Muster.Faults;
using Muster.Hosts;
using Muster.Shell;

namespace Muster.Transfers;

/// <summary>Brings a file, or a folder with all that is below it, into a folder of a host.</summary>
/// <param name="folder">On the host; may begin with <c>~/</c>.</param>
public sealed class FolderUpload(IHost host, string folder)
{
    /// <summary>
    /// A file there with other content is written over only when that is wanted; else nothing is copied.
    /// </summary>
    /// <param name="path">What it is called below the folder.</param>
    public async Task<FetchReport> CopyAsync(
        string source,
        RawPath path,
        bool overwrite,
        IProgress<TransferProgress>? progress,
        CancellationToken ct
    )
    {
        var warnings = new List<string>();
        var files = Files(source, path, warnings).ToDictionary(file => file.Place);
        var above = files.Keys.SelectMany(Above).ToHashSet();
        var there = await RemoteListing.ReadAsync(
            host,
            folder,
            one => files.ContainsKey(one) || above.Contains(one),
            ct
        );
        var others = new List<string>();
        foreach (var one in there.Files)
        {
            if (!files.TryGetValue(one.Path, out var file))
                throw new UserException(
                    $"{host.Name}: {one.Path} in {folder} is a file, and a folder of that name is to be copied",
                    "Copy to another place."
                );
            if (await HashAsync(file.Source, ct) == one.Hash)
                files.Remove(one.Path);
            else
                others.Add(one.Path.ToString());
        }
        if (others.Count > 0 && !overwrite)
            throw CopyConflict.Of(others, folder);
        var meter = new TransferMeter(progress, files.Count, files.Values.Sum(file => file.Stamp.Size));
        if (files.Count > 0)
            await SendAsync(files.Values, meter, ct);
        return new(
            meter.Files,
            meter.Bytes,
            there.Files.Count - others.Count,
            [],
            [],
            [.. warnings, .. there.Warnings]
        );
    }

    private static IEnumerable<RawPath> Above(RawPath path)
    {
        var text = path.Text;
        for (var at = text.LastIndexOf('/'); at > 0; at = text.LastIndexOf('/', at - 1))
            yield return new(text[..at]);
    }

    private sealed record Sent(string Source, RawPath Place, FileStamp Stamp);

    private static IEnumerable<Sent> Files(string source, RawPath place, List<string> warnings)
    {
        switch (FileStamp.Find(source))
        {
            case null:
                throw new UserException($"there is no file {source}", "Check the name.");
            case { Type: FileType.File } stamp:
                return [new(source, place, stamp)];
            case { Type: FileType.Folder }:
                return Directory
                    .EnumerateFileSystemEntries(source)
                    .Order(StringComparer.Ordinal)
                    .SelectMany(entry => Files(entry, new RawPath(Path.GetFileName(entry)).Below(place), warnings));
            default:
                warnings.Add($"{source}: neither a file nor a folder, so it was left out");
                return [];
        }
    }

    private async Task SendAsync(IEnumerable<Sent> files, TransferMeter meter, CancellationToken ct)
    {
        await using var channel = await host.OpenAsync(ShellText.Script("Transfers/take.sh", folder), ct);
        try
        {
            var tar = new TarWriter(channel.Input);
            var buffer = new byte[1 << 20];
            foreach (var file in files)
            {
                var mode = file.Stamp.Executable ? Mode.Open : Mode.Writable;
                await using var content = File.OpenRead(file.Source);
                tar.BeginFile(Encoding.UTF8.GetBytes($"t/{file.Place.Text}"), mode, file.Stamp.Size);
                for (var left = file.Stamp.Size; left > 0; )
                {
                    var part = buffer.AsMemory(0, (int)Math.Min(left, buffer.Length));
                    await content.ReadExactlyAsync(part, ct);
                    await tar.ContentAsync(part, ct);
                    left -= part.Length;
                    meter.Moved(part.Length);
                }
                meter.Done();
            }
            await tar.FileAsync("whole"u8, Mode.Writable, default, ct);
            await tar.EndAsync(ct);
            channel.Input.Close();
        }
        catch (EndOfStreamException)
        {
            throw new UserException("a file became shorter while it was read", "Try again when nothing writes to it.");
        }
        catch (IOException) { } // the other side's end tells why
        var end = await channel.EndAsync(ct);
        if (end.ExitCode != 0)
            throw new Remote(host, folder).Fault(end.Said);
    }

    private static async Task<ContentHash> HashAsync(string file, CancellationToken ct)
    {
        await using var stream = File.OpenRead(file);
        return new(await System.Security.Cryptography.SHA256.HashDataAsync(stream, ct));
    }
}
