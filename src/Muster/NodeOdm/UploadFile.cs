using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Muster.Faults;

namespace Muster.NodeOdm;

/// <summary>A file to be sent to a node.</summary>
/// <param name="Length">What <paramref name="Open"/> will give, exactly.</param>
public sealed record UploadFile(string Name, long Length, Func<Stream> Open)
{
    public static UploadFile OnDisk(string path, string? name = null) =>
        new(
            name ?? Path.GetFileName(path),
            new FileInfo(path).Length,
            () =>
                new FileStream(
                    path,
                    FileMode.Open,
                    FileAccess.Read,
                    FileShare.Read | FileShare.Delete,
                    bufferSize: 0,
                    FileOptions.Asynchronous | FileOptions.SequentialScan
                )
        );
}

/// <summary>Files as one multipart body, read while it is sent.</summary>
internal sealed class FilesContent : HttpContent
{
    private const int BlockBytes = 256 << 10;

    private readonly IReadOnlyList<(UploadFile File, byte[] Head)> _parts;
    private readonly byte[] _tail;
    private readonly Func<int, CancellationToken, Task> _moved;

    /// <param name="moved">Called with how many bytes have gone out; the next ones wait for it.</param>
    public FilesContent(IEnumerable<UploadFile> files, Func<int, CancellationToken, Task> moved)
    {
        var boundary = $"muster-{Guid.NewGuid():n}";
        _moved = moved;
        _parts =
        [
            .. files.Select(file =>
                (
                    file,
                    Encoding.UTF8.GetBytes(
                        $"--{boundary}\r\nContent-Disposition: form-data; name=\"images\"; "
                            + $"filename=\"{Escaped(file.Name)}\"\r\nContent-Type: application/octet-stream\r\n\r\n"
                    )
                )
            ),
        ];
        _tail = Encoding.ASCII.GetBytes($"--{boundary}--\r\n");
        Headers.ContentType = new MediaTypeHeaderValue("multipart/form-data")
        {
            Parameters = { new("boundary", boundary) },
        };
    }

    private static string Escaped(string name) =>
        name.Replace("\"", "%22", StringComparison.Ordinal)
            .Replace("\r", "", StringComparison.Ordinal)
            .Replace("\n", "", StringComparison.Ordinal);

    private static Stream Opened(UploadFile file)
    {
        try
        {
            return file.Open();
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(file, fault.Message);
        }
    }

    /// <summary>A fault on our side must not look like a silent node.</summary>
    private static UserException Unreadable(UploadFile file, string why) =>
        new($"cannot read {file.Name}: {why}", "Check that the file is still there, and readable.");

    protected override bool TryComputeLength(out long length)
    {
        length = _parts.Sum(part => part.Head.Length + part.File.Length + 2) + _tail.Length;
        return true;
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(
        Stream stream,
        TransportContext? context,
        CancellationToken cancellationToken
    )
    {
        var block = new byte[BlockBytes];
        foreach (var (file, head) in _parts)
        {
            await stream.WriteAsync(head, cancellationToken);
            await using var content = Opened(file);
            for (var left = file.Length; left > 0; )
            {
                var read = await content.ReadAsync(
                    block.AsMemory(0, (int)Math.Min(block.Length, left)),
                    cancellationToken
                );
                if (read == 0)
                    throw Unreadable(file, "it is shorter than it was");
                await stream.WriteAsync(block.AsMemory(0, read), cancellationToken);
                left -= read;
                await _moved(read, cancellationToken);
            }
            await stream.WriteAsync("\r\n"u8.ToArray(), cancellationToken);
        }
        await stream.WriteAsync(_tail, cancellationToken);
    }
}
