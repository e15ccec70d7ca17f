using Muster.Storage;

namespace Muster.Node;

/// <summary>Where a node keeps things; the same layout as NodeODM's.</summary>
public sealed class NodeFolders
{
    private readonly string _root;
    private readonly Lock _turn = new();

    public NodeFolders(string root)
    {
        _root = Path.GetFullPath(root);
        // Photos, and the webhooks of tasks, are nobody else's.
        WasOpen = PrivateFolder.Make(_root);
        Directory.CreateDirectory(Data);
        Directory.CreateDirectory(Parts);
        Directory.CreateDirectory(Gone);
    }

    /// <summary>The mode by which others could look into the folder until now; null where they could not.</summary>
    public string? WasOpen { get; }

    public string Database => Path.Combine(_root, "node.db");
    public string Lock => Path.Combine(_root, "node.lock");
    public string ProgressPort => Path.Combine(_root, "progress.port");
    public string Data => Path.Combine(_root, "data");
    public string Uploads => Path.Combine(_root, "tmp");

    /// <summary>Files that are still arriving.</summary>
    public string Parts => Path.Combine(Uploads, ".parts");

    /// <summary>What is being deleted.</summary>
    public string Gone => Path.Combine(Uploads, ".gone");

    /// <summary>What is on its way to the task, until it is committed.</summary>
    public string Upload(string uuid) => Path.Combine(Uploads, uuid);

    public string Project(string uuid) => Path.Combine(Data, uuid);

    public string Images(string uuid) => Path.Combine(Data, uuid, "images");

    public string ControlPoints(string uuid) => Path.Combine(Data, uuid, "gcp");

    public string Archive(string uuid) => Path.Combine(Data, uuid, "all.zip");

    /// <summary>What Muster notes about a task beside it: its console output, its engine's process.</summary>
    public string Notes(string uuid) => Path.Combine(Data, uuid, ".muster");

    public string Output(string uuid) => Path.Combine(Notes(uuid), "output.log");

    /// <summary>Where a program's exit code is, once it has ended.</summary>
    public string ExitRecord(string uuid) => Path.Combine(Notes(uuid), "exit");

    public string NewPart() => Path.Combine(Parts, Guid.NewGuid().ToString("n"));

    /// <summary>
    /// Takes a folder away at once; its files are deleted in the background, one folder after the other.
    /// </summary>
    public Task DeleteAsync(string folder)
    {
        if (!Directory.Exists(folder))
            return Task.CompletedTask;
        var gone = Path.Combine(Gone, Guid.NewGuid().ToString("n"));
        Directory.Move(folder, gone);
        lock (_turn)
            return Deleted = Deleted.ContinueWith(_ => Directory.Delete(gone, recursive: true), TaskScheduler.Default);
    }

    /// <summary>Completes when nothing is being deleted any more.</summary>
    public Task Deleted { get; private set; } = Task.CompletedTask;

    /// <summary>What was half-way when the node ended the last time.</summary>
    public void Sweep()
    {
        foreach (var file in Directory.EnumerateFiles(Parts))
            File.Delete(file);
        foreach (var folder in Directory.EnumerateDirectories(Gone))
            Directory.Delete(folder, recursive: true);
    }

    public long FreeBytes => new DriveInfo(_root).AvailableFreeSpace;
}
