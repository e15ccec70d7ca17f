using Muster.Gateway.Model;

namespace Muster.Gateway.Carrying;

/// <summary>Files that go to a node in one request: small ones together, large ones alone.</summary>
internal static class FileGroups
{
    private const int MostFiles = 50;
    private const long MostBytes = 16 << 20;

    public static IEnumerable<IReadOnlyList<SpoolFile>> Of(IEnumerable<SpoolFile> files)
    {
        var group = new List<SpoolFile>();
        var bytes = 0L;
        foreach (var file in files)
        {
            if (group.Count == MostFiles || (group.Count > 0 && bytes + file.Bytes > MostBytes))
            {
                yield return group;
                (group, bytes) = ([], 0);
            }
            group.Add(file);
            bytes += file.Bytes;
        }
        if (group.Count > 0)
            yield return group;
    }
}
