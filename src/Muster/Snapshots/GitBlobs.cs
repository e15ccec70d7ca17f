using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using Muster.Faults;
using Muster.Hosts;
using Muster.Transfers;

namespace Muster.Snapshots;

/// <summary>
/// Content from a repository's object database: the exact bytes of a commit, whatever happens to the files meanwhile.
/// </summary>
internal sealed class GitBlobs(Git git, int idLength) : ContentSource
{
    public override async IAsyncEnumerable<OpenContent> ReadAsync(
        IReadOnlyList<CargoItem> items,
        [EnumeratorCancellation] CancellationToken ct
    )
    {
        using var process = git.Start("cat-file", "--batch", "--buffer");
        try
        {
            var feeding = FeedAsync(process.StandardInput.BaseStream, items.Select(item => item.Key), ct);
            _ = process.StandardError.ReadToEndAsync(ct);
            var reader = new ByteReader(process.StandardOutput.BaseStream);
            foreach (var item in items)
            {
                var size =
                    SizeIn(Encoding.ASCII.GetString(await reader.UntilAsync((byte)'\n', ct) ?? []))
                    ?? throw Missing(item.Key);
                await using var content = new Bounded(reader, size);
                yield return new(item, size, content, () => true);
                await content.CopyToAsync(Stream.Null, ct);
                await reader.UntilAsync((byte)'\n', ct);
            }
            await feeding;
        }
        finally
        {
            process.Kill();
        }
    }

    /// <summary>How many bytes each of <paramref name="keys"/> has.</summary>
    public async Task<long[]> SizesAsync(IReadOnlyList<ContentHash> keys, CancellationToken ct)
    {
        if (keys.Count == 0)
            return [];
        using var wanted = new MemoryStream();
        await FeedAsync(wanted, keys, ct);
        var answer = await git.GetAsync(
            wanted.GetBuffer().AsMemory(0, keys.Count * ((2 * idLength) + 1)),
            ct,
            "cat-file",
            "--batch-check=%(objectname) %(objecttype) %(objectsize)",
            "--buffer"
        );
        var sizes = new long[keys.Count];
        var at = 0;
        foreach (var line in Encoding.ASCII.GetString(answer).AsSpan().EnumerateLines())
        {
            if (at < sizes.Length)
                sizes[at] = SizeIn(line) ?? throw Missing(keys[at]);
            at++;
        }
        return sizes;
    }

    /// <summary>Small blobs, whole.</summary>
    public async Task<List<byte[]>> ReadWholeAsync(IReadOnlyList<CargoItem> items, CancellationToken ct)
    {
        var contents = new List<byte[]>(items.Count);
        if (items.Count == 0)
            return contents;
        await foreach (var open in ReadAsync(items, ct))
        {
            var content = new byte[open.Size];
            await open.Bytes.ReadExactlyAsync(content, ct);
            contents.Add(content);
        }
        return contents;
    }

    private string Name(ContentHash key) => Convert.ToHexStringLower(key.Bytes[..idLength]);

    private UserException Missing(ContentHash key) =>
        new(
            $"the object {Name(key)} is not in the repository {git.Folder}",
            "Run `git fsck` there; `git fetch --refetch` may bring it back."
        );

    private static long? SizeIn(ReadOnlySpan<char> line) =>
        line.LastIndexOf(" blob ") is var at and > 0
        && long.TryParse(line[(at + 6)..], CultureInfo.InvariantCulture, out var size)
            ? size
            : null;

    private async Task FeedAsync(Stream input, IEnumerable<ContentHash> keys, CancellationToken ct)
    {
        var buffer = new byte[64 * 1024];
        var used = 0;
        try
        {
            foreach (var key in keys)
            {
                if (used + (2 * idLength) + 1 > buffer.Length)
                {
                    await input.WriteAsync(buffer.AsMemory(0, used), ct);
                    used = 0;
                }
                Convert.TryToHexStringLower(key.Bytes[..idLength], buffer.AsSpan(used), out var written);
                used += written;
                buffer[used++] = (byte)'\n';
            }
            await input.WriteAsync(buffer.AsMemory(0, used), ct);
            if (input is not MemoryStream)
                input.Close();
        }
        catch (IOException) { } // git ended; what it did not answer is missing
    }

    private sealed class Bounded(ByteReader reader, long size) : ReadOnlyStream
    {
        private long _left = size;

        public override async ValueTask<int> ReadAsync(
            Memory<byte> buffer,
            CancellationToken cancellationToken = default
        )
        {
            if (_left == 0)
                return 0;
            var read = await reader.ReadAsync(buffer[..(int)Math.Min(buffer.Length, _left)], cancellationToken);
            if (read == 0)
                throw new EndOfStreamException("git cat-file ended early");
            _left -= read;
            return read;
        }
    }
}
