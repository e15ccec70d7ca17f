using Muster.Shell;

namespace Muster.Transfers;

/// <summary>All that a run needs in its folder on a site, and what is to happen once it is there.</summary>
/// <param name="Run">The folder's name below <c>runs/</c>.</param>
/// <param name="Files">Small files written into the folder as they are, such as <c>run.json</c>.</param>
/// <param name="Then">Runs in the site's root when the folder is complete, in the same channel, with nothing to
/// read.</param>
public sealed record Shipment(string Run, IReadOnlyList<Area> Areas, IReadOnlyList<PlainFile> Files, ShellText Then);

/// <summary>A tree in the run's folder, such as <c>code</c> or <c>in/photos</c>.</summary>
public sealed record Area(string Name, IReadOnlyList<CargoItem> Items, AreaMode Mode)
{
    private const int MostFilesCopied = 5_000;
    private const long MostBytesCopied = 200_000_000;

    /// <summary>Small enough for a private copy in every run.</summary>
    internal bool IsSmall { get; } = Items.Count <= MostFilesCopied && Items.Sum(item => item.Size) <= MostBytesCopied;
}

public enum AreaMode
{
    /// <summary>
    /// Small trees, and all trees where we are root (whom a read-only mode does not stop), are private copies; others
    /// are links.
    /// </summary>
    Auto,

    /// <summary>Files of the run alone, which it may change.</summary>
    Copy,

    /// <summary>Read-only files shared with other runs.</summary>
    Link,
}

public sealed record PlainFile(string Name, ReadOnlyMemory<byte> Content, bool Private = false);

/// <summary>How far a delivery or a fetch is.</summary>
public readonly record struct TransferProgress(int Files, int AllFiles, long Bytes, long AllBytes);

/// <summary>
/// What a delivery did. <paramref name="ExitCode"/>, <paramref name="Output"/> and <paramref name="Said"/> are the
/// final script's.
/// </summary>
/// <param name="Changed">Files that changed while they were read; what was read last is what was sent.</param>
public sealed record DeliveryReport(
    int FilesSent,
    long BytesSent,
    long BytesThere,
    IReadOnlyList<RawPath> Changed,
    int ExitCode,
    string Output,
    string Said
);
