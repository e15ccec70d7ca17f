using Microsoft.AspNetCore.Http;
using Muster.Gateway.Admin;
using Muster.Runs;

namespace Muster.Cli.Ui;

/// <summary>
/// Results of a run that were fetched: what lies in its folder, and nothing that a link in it leads to. They are a
/// stranger's content, so none is shown as a page.
/// </summary>
internal static class UiFiles
{
    private const int Most = 5_000;

    private static readonly EnumerationOptions Walk = new()
    {
        RecurseSubdirectories = true,
        AttributesToSkip = FileAttributes.ReparsePoint,
        IgnoreInaccessible = true,
    };

    public static UiFileList List(Run run)
    {
        if (run.FetchedTo is not { } folder || !Directory.Exists(folder))
            return new(1, null, [], false);
        var files = All(folder).Take(Most + 1).ToList();
        return new(
            1,
            folder,
            [
                .. files
                    .Take(Most)
                    .Select(file => new UiFile(NameOf(folder, file), file.Length, TypeOf(file.Name) is not null))
                    .OrderBy(file => file.Path, StringComparer.Ordinal),
            ],
            files.Count > Most
        );
    }

    private static IEnumerable<FileInfo> All(string folder) =>
        new DirectoryInfo(folder)
            .EnumerateFiles("*", Walk)
            .Where(file => !file.Name.StartsWith(".muster-", StringComparison.Ordinal));

    public static async Task SendAsync(HttpContext http, Run run, string path)
    {
        var folder = run.FetchedTo;
        var file =
            folder is null || !Directory.Exists(folder)
                ? null
                : new DirectoryInfo(folder)
                    .EnumerateFiles("*", Walk)
                    .FirstOrDefault(file => NameOf(folder, file) == path);
        if (file is null)
        {
            await http.FaultAsync(
                StatusCodes.Status404NotFound,
                $"{run.Plan.Name} has no result {path} here",
                "Fetch its results first."
            );
            return;
        }
        http.Response.ContentType = TypeOf(file.Name) ?? "application/octet-stream";
        http.Response.Headers.ContentDisposition = "attachment";
        http.Response.ContentLength = file.Length;
        await http.Response.SendFileAsync(file.FullName, http.RequestAborted);
    }

    private static string NameOf(string folder, FileInfo file) =>
        Path.GetRelativePath(folder, file.FullName).Replace(Path.DirectorySeparatorChar, '/');

    /// <summary>Of pictures that browsers show; null of anything else.</summary>
    private static string? TypeOf(string name) =>
        Path.GetExtension(name).ToLowerInvariant() switch
        {
            ".png" => "image/png",
            ".jpg" or ".jpeg" => "image/jpeg",
            ".gif" => "image/gif",
            ".webp" => "image/webp",
            ".svg" => "image/svg+xml",
            _ => null,
        };
}

/// <param name="Folder">Null where nothing was fetched.</param>
/// <param name="More">There are more than are listed.</param>
public sealed record UiFileList(int Schema, string? Folder, IReadOnlyList<UiFile> Files, bool More);

public sealed record UiFile(string Path, long Bytes, bool Picture);
