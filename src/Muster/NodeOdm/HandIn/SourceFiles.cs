using System.Security.Cryptography;
using System.Text;
using Muster.Faults;

namespace Muster.NodeOdm.HandIn;

/// <summary>The files of one task, in the order of their names over there.</summary>
/// <param name="LeftOut">What lay in a folder and is nothing for a reconstruction.</param>
public sealed record SourceFiles(IReadOnlyList<SourceFile> Files, IReadOnlyList<string> LeftOut)
{
    private static readonly HashSet<string> Known = new(StringComparer.OrdinalIgnoreCase)
    {
        ".jpg",
        ".jpeg",
        ".png",
        ".tif",
        ".tiff",
        ".dng",
        ".bmp",
        ".webp",
        ".mp4",
        ".mov",
        ".lrv",
        ".ts",
        ".srt",
        ".las",
        ".laz",
        ".txt",
    };

    public long Bytes => Files.Sum(file => file.Bytes);
    public int Images => Files.Count(file => UploadName.IsImage(file.Name));

    /// <param name="paths">Files are taken as they are, folders with all that is below them.</param>
    public static SourceFiles Of(IReadOnlyList<string> paths)
    {
        var (found, leftOut) = (new List<string>(), new List<string>());
        foreach (var path in paths)
        {
            if (File.Exists(path))
                found.Add(path);
            else if (!Directory.Exists(path))
                throw new UserException($"there is no {path}", "Name a folder with photos, or the photos themselves.");
            else
                foreach (var below in Below(path))
                    (Known.Contains(Path.GetExtension(below)) ? found : leftOut).Add(below);
        }
        var files = new Dictionary<string, SourceFile>();
        foreach (var path in found.Select(Path.GetFullPath).Distinct().Order(StringComparer.Ordinal))
        {
            // Drones begin to count anew in each folder: two of one name are two files.
            var name =
                UploadName.Of(Path.GetFileName(path))
                ?? throw new UserException($"{path} has a name that no server takes", "Give it a shorter name.");
            while (files.ContainsKey(name))
                name = UploadName.Next(name);
            var about = new FileInfo(path);
            files.Add(name, new(name, path, about.Length, about.LastWriteTimeUtc.Ticks));
        }
        if (files.Count == 0)
            throw new UserException(
                $"there are no photos in {string.Join(", ", paths)}",
                "Name the files themselves; then they are taken whatever they are called."
            );
        return new([.. files.Values.OrderBy(file => file.Name, StringComparer.Ordinal)], leftOut);
    }

    /// <summary>
    /// Another one when anything is another: a file, its size, its time, or what <paramref name="more"/> says.
    /// </summary>
    public string Key(params IEnumerable<string> more) =>
        Convert.ToHexStringLower(
            SHA256.HashData(
                Encoding.UTF8.GetBytes(
                    string.Join(
                        '\n',
                        more.Concat(Files.Select(file => $"{file.Name}/{file.Path}/{file.Bytes}/{file.Modified}"))
                    )
                )
            )
        )[..32];

    /// <summary>No hidden files, no links, and nothing that we have fetched there ourselves.</summary>
    private static IEnumerable<string> Below(string folder)
    {
        var options = new EnumerationOptions
        {
            RecurseSubdirectories = true,
            AttributesToSkip = FileAttributes.Hidden | FileAttributes.System | FileAttributes.ReparsePoint,
        };
        return Directory
            .EnumerateFiles(folder, "*", options)
            .Where(path =>
                !Path.GetRelativePath(folder, path)
                    .Split(Path.DirectorySeparatorChar)
                    .Any(step => step is "muster-out" || step.StartsWith('.'))
            );
    }
}

/// <param name="Name">What it is called over there.</param>
public sealed record SourceFile(string Name, string Path, long Bytes, long Modified);
