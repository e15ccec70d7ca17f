using System.Text;
using Muster.Platforms;

namespace Muster.NodeOdm;

/// <summary>Names of uploaded files: base names only, which no client can lead out of its folder.</summary>
public static class UploadName
{
    private const int MostBytes = 255; // what file systems take

    /// <summary>The name to store a file under; null when there is none in <paramref name="sent"/>.</summary>
    public static string? Of(string sent)
    {
        var name = new string([.. sent[(sent.LastIndexOfAny(['/', '\\']) + 1)..].Where(c => !char.IsControl(c))]);
        return string.IsNullOrWhiteSpace(name)
            || name is "." or ".."
            || Encoding.UTF8.GetByteCount(name) > MostBytes
            || !FileNames.FitHere(name)
                ? null
            : name == "body.json" ? "_body.json"
            : name;
    }

    /// <summary>The name that another file of this name gets: <c>a.jpg</c>, <c>a_.jpg</c>, <c>a__.jpg</c>.</summary>
    public static string Next(string name)
    {
        var extension = Path.GetExtension(name);
        var stem = Path.GetFileNameWithoutExtension(name);
        var core = stem.TrimEnd('_');
        var marks = new string('_', stem.Length - core.Length + 1);
        while (core.Length > 0 && Encoding.UTF8.GetByteCount(core + marks + extension) > MostBytes)
        {
            core = core[..^(core.Length > 1 && char.IsLowSurrogate(core[^1]) ? 2 : 1)];
        }
        return core + marks + extension;
    }

    /// <summary>
    /// Control points, groups, alignments and seeds are not photos, and no limit on photos counts them.
    /// </summary>
    public static bool IsImage(string name) =>
        Path.GetExtension(name).ToLowerInvariant() is not (".txt" or ".zip" or ".las" or ".laz")
        && !name.Equals("align.tif", StringComparison.OrdinalIgnoreCase);
}
