using System.Security.Cryptography;
using System.Text;
using Muster.Faults;
using Muster.Hosts;
using Muster.Shell;

namespace Muster.Transfers;

/// <summary>
/// Brings a remote folder home: what is here already is not sent again, and what was broken off goes on where it
/// stopped.
/// </summary>
/// <param name="run">The run whose results they are; only its own earlier files are written over.</param>
/// <param name="folder">On the host; may begin with <c>~/</c>.</param>
public sealed class ResultFetch(IHost host, string run, string folder, string destination)
{
    private const long LargeFrom = 16 << 20;

    /// <summary>Names this place where others have their results fetched into the same folder, too.</summary>
    public string? Part { get; init; }

    private readonly FetchTarget _target = new(Path.GetFullPath(destination));

    /// <param name="only">Patterns as in gitignore; none means all.</param>
    public async Task<FetchReport> FetchAsync(
        IReadOnlyList<string> only,
        IProgress<TransferProgress>? progress,
        CancellationToken ct
    )
    {
        var record = FetchRecord.Read(_target.Root, run, Part);
        var remote = await RemoteListing.ReadAsync(
            host,
            folder,
            path => !FetchRecord.IsOne(path.Text) && (only.Count == 0 || only.Any(glob => Matches(glob, path))),
            ct
        );
        if (remote.Files.Count + remote.Links.Count == 0)
            return new(0, 0, 0, [], [], remote.Warnings) { Unwanted = remote.Unwanted }; // no trace of nothing
        Directory.CreateDirectory(_target.Root);
        record.Write(_target.Root, Part); // from the first byte on, the folder is this run's, also when it ends here
        var wanted = new List<Wanted>();
        var kept = new List<string>();
        foreach (var file in remote.Files)
        {
            var place = await _target.PlaceAsync(file, record, ct);
            if (place is null)
                continue;
            if (place != file.Path.Text)
                kept.Add(file.Path.Text);
            wanted.Add(new(file, place));
        }

        var meter = new TransferMeter(progress, wanted.Count, wanted.Sum(one => one.File.Size));
        var links = new List<(RawPath, byte[])>();
        try
        {
            var packed = await UnpackAsync(
                [.. wanted.Where(one => one.File.Size < LargeFrom)],
                remote.Links,
                links,
                record,
                meter,
                ct
            );
            foreach (var one in wanted.Where(one => !packed.Contains(one.File.Path)))
                await ContinueAsync(one, record, meter, ct);
        }
        finally
        {
            record.Write(_target.Root, Part);
        }
        List<string> warnings = [.. remote.Warnings, .. _target.Link(links)];
        return new(
            meter.Files,
            meter.Bytes,
            remote.Files.Count - wanted.Count,
            kept,
            [.. meter.Changed.Select(path => path.ToString())],
            warnings
        );
    }

    /// <summary>
    /// Copies one file, or a folder with all that is below it. A file of that name with other content is written over
    /// only when that is wanted; else nothing is copied.
    /// </summary>
    /// <param name="path">Below the folder.</param>
    /// <param name="name">What it is called below the destination.</param>
    public async Task<FetchReport> CopyAsync(
        RawPath path,
        string name,
        bool overwrite,
        IProgress<TransferProgress>? progress,
        CancellationToken ct
    )
    {
        string Renamed(RawPath one) => name + one.Text[path.Text.Length..];
        var below = path.Text + "/";
        var remote = await RemoteListing.ReadAsync(
            host,
            folder,
            one => one == path || one.Text.StartsWith(below, StringComparison.Ordinal),
            ct
        );
        if (remote.Files.Count + remote.Links.Count == 0)
            throw new UserException(
                $"{host.Name}: there is no file {path} in {folder}",
                $"See what is there: muster exec {run} -- sh -c 'ls -l \"$MUSTER_OUT\"'"
            );
        var record = new FetchRecord(run, []); // nothing of ours is here yet
        var wanted = new List<Wanted>();
        var others = new List<string>();
        foreach (var file in remote.Files)
        {
            var here = Renamed(file.Path);
            var known = await _target.HasAsync(here, file.Hash, ct);
            if (known is not true)
                wanted.Add(new(file, here));
            if (known is false)
                others.Add(here);
        }
        if (others.Count > 0 && !overwrite)
            throw CopyConflict.Of(others, destination);
        var meter = new TransferMeter(progress, wanted.Count, wanted.Sum(one => one.File.Size));
        var links = new List<(RawPath, byte[])>();
        var small = wanted.Where(one => one.File.Size < LargeFrom).ToList();
        var packed = await UnpackAsync(small, remote.Links, links, record, meter, ct);
        foreach (var one in wanted.Where(one => !packed.Contains(one.File.Path)))
            await ContinueAsync(one, record, meter, ct);
        return new(
            meter.Files,
            meter.Bytes,
            remote.Files.Count - wanted.Count,
            [],
            [.. meter.Changed.Select(one => one.ToString())],
            [.. remote.Warnings, .. _target.Link(links.Select(link => (new RawPath(Renamed(link.Item1)), link.Item2)))]
        );
    }

    /// <summary>
    /// Small files as one archive. What it lacks, such as the second name of one file, is left to be fetched alone.
    /// </summary>
    private async Task<HashSet<RawPath>> UnpackAsync(
        List<Wanted> wanted,
        IReadOnlySet<RawPath> links,
        List<(RawPath, byte[])> targets,
        FetchRecord record,
        TransferMeter meter,
        CancellationToken ct
    )
    {
        var done = new HashSet<RawPath>();
        if (wanted.Count + links.Count == 0)
            return done;
        var byPath = wanted.ToDictionary(one => one.File.Path);
        await using var channel = await host.OpenAsync(ShellText.Script("Transfers/pack.sh", folder), ct);
        var asking = AskAsync();
        var tar = new TarReader(channel.Output);
        try
        {
            while (await tar.NextAsync(ct) is { } entry)
            {
                // An entry that we did not ask for is passed over, whatever its name says.
                if (
                    !RawPath.TryParse(
                        entry.Name.AsSpan().StartsWith("./"u8) ? entry.Name.AsSpan(2) : entry.Name,
                        out var path
                    )
                )
                    continue;
                if (entry.Type == '2' && links.Contains(path))
                    targets.Add((path, entry.Link));
                if (
                    entry.Type is not ('0' or '7' or '\0')
                    || !byPath.TryGetValue(path, out var one)
                    || entry.Size != one.File.Size
                )
                    continue;
                await using (var part = _target.BeginPart(one.Place, 0))
                {
                    using var sha = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
                    var buffer = new byte[64 * 1024];
                    int read;
                    while ((read = await tar.ReadAsync(buffer, ct)) > 0)
                    {
                        sha.AppendData(buffer, 0, read);
                        await part.WriteAsync(buffer.AsMemory(0, read), ct);
                        meter.Moved(read);
                    }
                    if (new ContentHash(sha.GetHashAndReset()) != one.File.Hash)
                        continue;
                }
                _target.Finish(one, record);
                meter.Done();
                done.Add(path);
            }
        }
        catch (EndOfStreamException)
        {
            var end = await channel.EndAsync(ct); // throws when it was the connection that ended
            throw Fault(end.Said);
        }
        await asking;
        // throws when the connection ended; what tar could not read is missing in the archive
        await channel.EndAsync(ct);
        return done;

        async Task AskAsync()
        {
            try
            {
                await channel.Input.WriteAsync(
                    RemoteListing.Words(wanted.Select(one => one.File.Path).Concat(links)),
                    ct
                );
                channel.Input.Close();
            }
            catch (IOException) { } // the reading side tells why
        }
    }

    /// <summary>One file alone, from the byte where an earlier attempt stopped.</summary>
    private async Task ContinueAsync(Wanted one, FetchRecord record, TransferMeter meter, CancellationToken ct)
    {
        for (var attempt = 1; attempt <= 2; attempt++)
        {
            var have = _target.PartLength(one.Place);
            if (have > one.File.Size || attempt == 2)
                have = 0;
            await using (var part = _target.BeginPart(one.Place, have))
            {
                using var sha = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
                var buffer = new byte[256 * 1024];
                int read;
                while ((read = await part.ReadAsync(buffer, ct)) > 0)
                    sha.AppendData(buffer, 0, read);
                await using var channel = await host.OpenAsync(
                    ShellText.Script("Transfers/tail.sh", folder, "./" + one.File.Path.Text, $"{have + 1}"),
                    ct
                );
                channel.Input.Close();
                while (have <= one.File.Size && (read = await channel.Output.ReadAsync(buffer, ct)) > 0)
                {
                    have += read;
                    sha.AppendData(buffer, 0, read);
                    await part.WriteAsync(buffer.AsMemory(0, read), ct);
                    meter.Moved(read);
                }
                if (have > one.File.Size)
                    continue; // more than was announced: it is still written to
                var end = await channel.EndAsync(ct);
                if (end.ExitCode != 0)
                    throw Fault(end.Said);
                if (new ContentHash(sha.GetHashAndReset()) != one.File.Hash)
                    continue; // the part was of older content, or the file is still written to
            }
            _target.Finish(one, record);
            meter.Done();
            return;
        }
        meter.Changed.Add(one.File.Path);
    }

    private UserException Fault(string said) =>
        new($"{host.Name}: {folder}: {said}", "Fetch again; what has arrived is kept.");

    private static bool Matches(string glob, RawPath path)
    {
        var isPath = glob.Contains('/');
        var wildcard = new Wildcard(Encoding.UTF8.GetBytes(isPath ? glob.TrimStart('/') : glob), isPath);
        return wildcard.Fits(isPath ? path.Bytes : path.Bytes[(path.Bytes.LastIndexOf((byte)'/') + 1)..]);
    }
}

/// <summary>A file to be fetched, and the path below the destination that it gets.</summary>
internal sealed record Wanted(RemoteFile File, string Place);

/// <param name="Kept">Files of yours with other content: they were left alone, and the results stand beside them as
/// <c>name.new</c>.</param>
/// <param name="Changed">Files that were being written to; fetch again when the run has ended.</param>
public sealed record FetchReport(
    int FilesFetched,
    long BytesFetched,
    int FilesHere,
    IReadOnlyList<string> Kept,
    IReadOnlyList<string> Changed,
    IReadOnlyList<string> Warnings
)
{
    /// <summary>Files that are there, and that none of the patterns fits.</summary>
    public int Unwanted { get; init; }
}
