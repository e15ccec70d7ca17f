using Muster.NodeOdm;

namespace Muster.Node.Engines;

/// <summary>What a node runs.</summary>
public interface IEngine
{
    /// <summary>As <c>/info</c> shows it.</summary>
    string Name { get; }

    string Version { get; }

    IReadOnlyList<OptionDescription> Options { get; }

    /// <summary>
    /// What the archive holds unless the client says otherwise: paths within the project. What is not there is left
    /// out.
    /// </summary>
    IReadOnlyList<string> Results { get; }

    /// <summary>
    /// Does the work, and returns when nothing of it runs any more, also after a cancel: null when it is done, else
    /// what clients read as the error.
    /// Where a node that was killed left it running, it goes on with that.
    /// </summary>
    Task<string?> RunAsync(EngineWork work, CancellationToken ct);
}

/// <summary>One task, as an engine sees it.</summary>
/// <param name="Folder">The project: <c>images/</c> and <c>gcp/</c> are in it, results go into it.</param>
/// <param name="Progress">Takes 0 to 100.</param>
public sealed record EngineWork(
    string Uuid,
    string Folder,
    IReadOnlyList<TaskOption> Options,
    TaskOutput Output,
    Action<double> Progress,
    int ProgressPort,
    TimeSpan EndPatience
)
{
    public string Images => Path.Combine(Folder, "images");

    /// <summary>A place for notes that no archive holds.</summary>
    public string Notes => Path.Combine(Folder, ".muster");

    /// <summary>An option's value as text; null when it was not given.</summary>
    public string? Option(string name) =>
        Options.FirstOrDefault(option => option.Name == name)?.Value is { } value
            ? value.ValueKind == System.Text.Json.JsonValueKind.String
                ? value.GetString()
                : value.GetRawText()
            : null;

    /// <summary>The photos, in the order of their names.</summary>
    public IReadOnlyList<string> Photos() => PhotosOf(Folder);

    internal static IReadOnlyList<string> PhotosOf(string project) =>
        Path.Combine(project, "images") is var images && Directory.Exists(images)
            ?
            [
                .. Directory
                    .EnumerateFiles(images)
                    .Where(path => UploadName.IsImage(Path.GetFileName(path)))
                    .Order(StringComparer.Ordinal),
            ]
            : [];
}
