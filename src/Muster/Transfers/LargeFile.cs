using System.Security.Cryptography;
using System.Text;
using Muster.Faults;

namespace Muster.Transfers;

/// <summary>
/// One large file on its way into a site's store, going on at the byte where an earlier attempt stopped: our side of
/// <c>receive.sh</c>.
/// </summary>
internal sealed class LargeFile(Remote remote, string run, CargoItem item)
{
    private readonly bool _executable = item.Kind == CargoKind.Executable;

    /// <summary>False when the run needs nothing more: it was launched, laid out or cancelled meanwhile.</summary>
    public async Task<bool> SendAsync(ContentCache cache, SiteContents site, TransferMeter meter, CancellationToken ct)
    {
        // A part that somebody else wrote to is found out by its hash, and is gone then; the second attempt begins with
        // none.
        for (var attempt = 1; attempt <= 2; attempt++)
        {
            if (await TrySendAsync(meter, ct) is not { } sent)
                return false;
            if (sent.Here != sent.There)
                continue;
            cache.Learn(item.Key, sent.Here, item.Size);
            site.Add(new(sent.Here, _executable));
            return true;
        }
        throw new UserException(
            $"{remote.Host.Name}: {item.Path} arrived changed, twice",
            "Check that machine's disk and memory."
        );
    }

    /// <summary>The content's hash on both sides; nothing when the run has all it needs.</summary>
    private async Task<(ContentHash Here, ContentHash There)?> TrySendAsync(TransferMeter meter, CancellationToken ct)
    {
        var script = remote.Script(
            "receive.sh",
            run,
            Remote.PrefixOf(run),
            item.Key.ToString(),
            $"{item.Size}",
            _executable ? ".x" : ""
        );
        await using var channel = await remote.Host.OpenAsync(script, ct);
        using var lines = new StreamReader(channel.Output);
        var first = await lines.ReadLineAsync(ct);
        if (first == "done")
            return null;
        if (first is null || !first.StartsWith("have ", StringComparison.Ordinal))
            throw remote.Fault((await channel.EndAsync(ct)).Said);

        IOException? broken = null;
        ContentHash here = default;
        try
        {
            here = await WriteAsync(channel.Input, long.Parse(first.AsSpan(5)), meter, ct);
        }
        catch (IOException fault)
        {
            broken = fault;
        }
        var last = await lines.ReadLineAsync(ct);
        if (
            last is not null
            && last.StartsWith("sum ", StringComparison.Ordinal)
            && ContentHash.TryParse(last.AsSpan(4), out var there)
        )
            return (here, there);

        var end = await channel.EndAsync(ct); // throws when it was the connection that ended
        if (Remote.IsFull(end.Said))
            await remote.ClearAsync(run);
        else if (broken is not null)
            throw remote.Broken(broken);
        throw remote.Fault(end.Said);
    }

    private async Task<ContentHash> WriteAsync(Stream output, long have, TransferMeter meter, CancellationToken ct)
    {
        try
        {
            using var sha = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            var buffer = new byte[256 * 1024];
            await foreach (var open in item.Source!.ReadAsync([item], ct))
            {
                if (open.Size != item.Size)
                    throw new UserException(
                        $"{item.Path} changed its size since it was listed",
                        "Submit again when nothing writes to it."
                    );
                int read;
                for (var at = 0L; (read = await open.Bytes.ReadAsync(buffer, ct)) > 0; at += read)
                {
                    var (bytes, known) = (buffer.AsMemory(0, read), (int)Math.Clamp(have - at, 0, read));
                    var hashing = Task.Run(() => sha.AppendData(bytes.Span), ct);
                    try
                    {
                        if (known < read)
                            await output.WriteAsync(bytes[known..], ct);
                    }
                    finally
                    {
                        await hashing;
                    }
                    meter.Moved(read - known);
                }
                meter.Done(open);
            }
            var hash = new ContentHash(sha.GetHashAndReset());
            await output.WriteAsync(Encoding.ASCII.GetBytes(hash.ToString()), ct);
            return hash;
        }
        finally
        {
            output.Close();
        }
    }
}
