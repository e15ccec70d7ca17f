using System.Text.Json;
using Muster.Node.Engines;
using Muster.NodeOdm;

namespace Muster.Node;

/// <summary>
/// Turns a committed upload into a project that an engine can work on. Every step may be taken again, as a node may be
/// killed between them.
/// </summary>
internal sealed class TaskSetup(NodeFolders folders, NodeSettings settings, Task<IEngine> engine, HttpClient outside)
{
    private static readonly string[] Automatic = ["pc-ept", "cog", "gltf"];

    /// <returns>The task as it is now, and lines for its output.</returns>
    public async Task<(NodeTask Ready, IReadOnlyList<string> Lines)> PrepareAsync(NodeTask task, CancellationToken ct)
    {
        var lines = new List<string?>();
        var images = folders.Images(task.Uuid);
        if (!Directory.Exists(images))
        {
            if (task.ZipUrl is { } url)
                lines.Add(await FetchAsync(url, task.Uuid, ct));
            await folders.DeleteAsync(folders.Project(task.Uuid)); // of an earlier task under this name
            Directory.CreateDirectory(folders.Project(task.Uuid));
            Directory.Move(folders.Upload(task.Uuid), images);
        }
        lines.Add(await Task.Run(() => Arrange(task.Uuid, ct), ct));
        var count = Directory.EnumerateFiles(images).Count();
        var photos = Directory.EnumerateFiles(images).Count(path => UploadName.IsImage(Path.GetFileName(path)));
        if (settings.MaxImages is { } most && photos > most)
            throw Uploads.TooMany(photos, most);
        var options = WithAutomatic(task, (await engine.WaitAsync(ct)).Options);
        return (task with { ImagesCount = count, Options = options }, [.. lines.OfType<string>()]);
    }

    /// <summary>What makes the usual products, where the engine can and the client did not say otherwise.</summary>
    public static IReadOnlyList<TaskOption> WithAutomatic(NodeTask task, IReadOnlyList<OptionDescription> known) =>
        task.SkipPostProcessing
            ? task.Options
            :
            [
                .. task.Options,
                .. Automatic
                    .Where(name =>
                        known.Any(option => option.Name == name) && task.Options.All(option => option.Name != name)
                    )
                    .Select(name => new TaskOption(
                        name,
                        JsonSerializer.SerializeToElement(true, OdmJson.Wire.Boolean)
                    )),
            ];

    private string? Arrange(string uuid, CancellationToken ct)
    {
        var (project, images, control) = (folders.Project(uuid), folders.Images(uuid), folders.ControlPoints(uuid));
        File.Delete(Path.Combine(images, "body.json"));
        Directory.CreateDirectory(control);
        Directory.CreateDirectory(folders.Notes(uuid));
        var seed = Path.Combine(images, "seed.zip");
        var skipped = File.Exists(seed)
            ? ZipFiles.Unpack(seed, project, flatten: false, folders.FreeBytes - settings.SpareBytes, ct)
            : null;
        foreach (var path in Directory.EnumerateFiles(images).ToList())
        {
            var name = Path.GetFileName(path);
            if (Path.GetExtension(name).Equals(".zip", StringComparison.OrdinalIgnoreCase))
                File.Delete(path);
            else if (
                !UploadName.IsImage(name)
                && (
                    name.EndsWith(".txt", StringComparison.OrdinalIgnoreCase)
                    || Path.GetFileNameWithoutExtension(name).Equals("align", StringComparison.OrdinalIgnoreCase)
                )
            )
                File.Move(path, Path.Combine(control, name), overwrite: true);
        }
        return skipped;
    }

    private async Task<string?> FetchAsync(string url, string uuid, CancellationToken ct)
    {
        if (!Uri.TryCreate(url, UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https"))
            throw new RefusalException("The zip address is no http or https address");
        var archive = folders.NewPart();
        string? skipped;
        using var idle = CancellationTokenSource.CreateLinkedTokenSource(ct);
        try
        {
            idle.CancelAfter(settings.FetchSilence);
            using var response = await outside.GetAsync(address, HttpCompletionOption.ResponseHeadersRead, idle.Token);
            if (!response.IsSuccessStatusCode)
                throw new RefusalException($"The zip address answered with status {(int)response.StatusCode}");
            var room = folders.FreeBytes - settings.SpareBytes;
            if (response.Content.Headers.ContentLength > room)
                throw new RefusalException("Not enough disk space on this node for the archive");
            await using (
                var file = new FileStream(
                    archive,
                    FileMode.CreateNew,
                    FileAccess.Write,
                    FileShare.None,
                    bufferSize: 0,
                    FileOptions.Asynchronous
                )
            )
            {
                var content = await response.Content.ReadAsStreamAsync(idle.Token);
                var block = new byte[256 << 10];
                while (await content.ReadAsync(block, idle.Token) is > 0 and var read)
                {
                    idle.CancelAfter(settings.FetchSilence);
                    if ((room -= read) < 0)
                        throw new RefusalException("Not enough disk space on this node for the archive");
                    await file.WriteAsync(block.AsMemory(0, read), ct);
                }
            }
            skipped = await Task.Run(
                () =>
                    ZipFiles.Unpack(
                        archive,
                        folders.Upload(uuid),
                        flatten: true,
                        folders.FreeBytes - settings.SpareBytes,
                        ct
                    ),
                ct
            );
        }
        catch (OperationCanceledException) when (idle.IsCancellationRequested && !ct.IsCancellationRequested)
        {
            throw new RefusalException("The zip address was silent for too long");
        }
        catch (HttpRequestException fault)
        {
            throw new RefusalException(
                $"The zip address cannot be read: "
                    + $"{(fault.InnerException as RefusalException ?? (Exception)fault).Message}"
            );
        }
        finally
        {
            File.Delete(archive);
        }
        if (!Directory.EnumerateFiles(folders.Upload(uuid)).Any(path => Path.GetFileName(path) != "body.json"))
            throw new RefusalException("The archive holds no file");
        return skipped;
    }
}
