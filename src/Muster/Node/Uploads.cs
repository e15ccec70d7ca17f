using System.Collections.Concurrent;
using System.Text.Json;
using Muster.NodeOdm;

namespace Muster.Node;

/// <summary>
/// Tasks that are still being handed in: their fields and files lie in <c>tmp/&lt;uuid&gt;</c> and outlive the node.
/// </summary>
public sealed class Uploads(NodeFolders folders, NodeSettings settings)
{
    private const string FieldsFile = "body.json";
    private const long LookEvery = 16 << 20;
    private const int DiskFull = 28; // ENOSPC

    private readonly ConcurrentDictionary<string, Lock> _turns = new();

    public bool Has(string uuid) => TaskUuid.IsValid(uuid) && File.Exists(Fields(uuid));

    /// <summary>Begins, or begins again before the commit: the fields are new, the files stay.</summary>
    public void Begin(string uuid, PendingTask task)
    {
        RefuseWhenFull(null);
        Directory.CreateDirectory(folders.Upload(uuid));
        var aside = folders.NewPart();
        File.WriteAllBytes(aside, JsonSerializer.SerializeToUtf8Bytes(task, NodeJson.Default.PendingTask));
        File.Move(aside, Fields(uuid), overwrite: true);
    }

    public PendingTask? Read(string uuid) =>
        Has(uuid) ? JsonSerializer.Deserialize(File.ReadAllBytes(Fields(uuid)), NodeJson.Default.PendingTask) : null;

    /// <summary>How many files came, of all kinds.</summary>
    public int Count(string uuid) => Files(uuid).Count();

    /// <summary>
    /// Takes one file. The same name with the same bytes is the same file; with other bytes it gets another name.
    /// </summary>
    public async Task ReceiveAsync(string uuid, MultipartPart part, CancellationToken ct)
    {
        var name = UploadName.Of(part.FileName ?? "") ?? throw new RefusalException("Invalid file name", noRetry: true);
        var arriving = folders.NewPart();
        try
        {
            await using (
                var file = new FileStream(
                    arriving,
                    FileMode.CreateNew,
                    FileAccess.Write,
                    FileShare.None,
                    bufferSize: 0,
                    FileOptions.Asynchronous
                )
            )
            {
                var looked = 0L;
                while (await part.ChunkAsync(ct) is { IsEmpty: false } chunk)
                {
                    await file.WriteAsync(chunk, ct);
                    if (file.Position - looked < LookEvery)
                        continue;
                    looked = file.Position;
                    RefuseWhenFull(null); // its length may not have been announced, and others are coming in too
                }
            }
            lock (_turns.GetOrAdd(uuid, _ => new()))
                Keep(uuid, name, arriving);
        }
        catch (IOException full) when (full.HResult == DiskFull)
        {
            throw new RefusalException("The disk of this node is full", noRetry: true);
        }
        finally
        {
            File.Delete(arriving);
        }
    }

    public void RefuseWhenFull(long? coming)
    {
        if (folders.FreeBytes - (coming ?? 0) < settings.SpareBytes)
            throw new RefusalException("Not enough disk space on this node", noRetry: true);
    }

    public void Forget(string uuid) => _turns.TryRemove(uuid, out _);

    private void Keep(string uuid, string name, string arriving)
    {
        if (!Directory.Exists(folders.Upload(uuid)))
            throw new RefusalException("Invalid uuid (not found)", noRetry: true);
        for (; ; name = UploadName.Next(name))
        {
            var path = Path.Combine(folders.Upload(uuid), name);
            if (!File.Exists(path))
                break;
            if (IsSame(path, arriving))
                return;
        }
        if (
            UploadName.IsImage(name)
            && settings.MaxImages is { } most
            && Files(uuid).Count(UploadName.IsImage) is var images
            && images >= most
        )
            throw TooMany(images + 1, most);
        File.Move(arriving, Path.Combine(folders.Upload(uuid), name));
    }

    internal static RefusalException TooMany(int images, int most) =>
        new($"{images} images uploaded, but this node can only process up to {most}.", noRetry: true);

    private IEnumerable<string> Files(string uuid) =>
        !Directory.Exists(folders.Upload(uuid))
            ? []
            : Directory
                .EnumerateFiles(folders.Upload(uuid))
                .Select(path => Path.GetFileName(path))
                .Where(name => name != FieldsFile);

    private string Fields(string uuid) => Path.Combine(folders.Upload(uuid), FieldsFile);

    private static bool IsSame(string one, string other)
    {
        using var first = File.OpenRead(one);
        using var second = File.OpenRead(other);
        if (first.Length != second.Length)
            return false;
        var (mine, theirs) = (new byte[256 << 10], new byte[256 << 10]);
        while (first.ReadAtLeast(mine, mine.Length, throwOnEndOfStream: false) is > 0 and var read)
        {
            second.ReadExactly(theirs.AsSpan(0, read));
            if (!mine.AsSpan(0, read).SequenceEqual(theirs.AsSpan(0, read)))
                return false;
        }
        return true;
    }
}
