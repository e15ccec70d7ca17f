namespace Muster.Gateway.Model;

/// <summary>Whose fault a failure is, which decides whether another node may do better.</summary>
public enum FailureKind
{
    /// <summary>The data or the options: it would fail anywhere.</summary>
    Dataset,

    /// <summary>The node has not enough memory: a larger one may do.</summary>
    Memory,

    /// <summary>The node takes fewer images than the task has.</summary>
    TooLarge,

    /// <summary>The node could not do it, for a reason of its own.</summary>
    Node,

    /// <summary>The node went away before it had the task.</summary>
    NotSent,

    /// <summary>The node went away, or does not know the task any longer.</summary>
    Vanished,
}

/// <summary>Reads the kind of a failure from what the node and its engine said.</summary>
public static class Failures
{
    private static readonly string[] OfMemory =
    [
        "MemoryError",
        "std::bad_alloc",
        "Cannot allocate memory",
        "Out of memory",
        "out of memory",
    ];
    private static readonly string[] OfNode =
    [
        "No space left on device",
        "Read-only file system",
        "Input/output error",
        "Too many open files",
        "error while loading shared libraries",
    ];

    /// <param name="lastLines">The end of the task's output.</param>
    public static FailureKind KindOf(string? message, IReadOnlyList<string> lastLines) =>
        message switch
        {
            "Not enough memory" => FailureKind.Memory,
            "Unsupported CPU" or "Installation issue" => FailureKind.Node,
            not null when message.StartsWith("Could not start process", StringComparison.Ordinal) => FailureKind.Node,
            not null
                when message.Contains(
                    "images uploaded, but this node can only process up to",
                    StringComparison.Ordinal
                ) => FailureKind.TooLarge,
            _ when Says(lastLines, OfNode) => FailureKind.Node,
            _ when Says(lastLines, OfMemory)
                    || lastLines.Any(line => line is "Killed" || line.EndsWith(" Killed", StringComparison.Ordinal)) =>
                FailureKind.Memory,
            _ => FailureKind.Dataset,
        };

    /// <summary>The node did not take the task.</summary>
    public static FailureKind KindOfRefusal(string error) =>
        error.StartsWith('[') ? FailureKind.Dataset // the list of options that it does not accept
        : error.Contains("can only process up to", StringComparison.Ordinal)
        || error.Contains("Max images count", StringComparison.Ordinal)
            ? FailureKind.TooLarge
        : FailureKind.Node;

    private static bool Says(IReadOnlyList<string> lines, string[] words) =>
        lines.Any(line => words.Any(word => line.Contains(word, StringComparison.Ordinal)));
}
