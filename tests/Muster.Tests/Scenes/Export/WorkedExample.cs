using System.Globalization;
using System.Security.Cryptography;

namespace Muster.Scenes.Export;

/// <summary>
/// The worked example of the export: a plane, a far band, one broken pixel, and a key frame that looks away.
/// </summary>
internal static class WorkedExample
{
    private static string Folder => Path.Combine(AppContext.BaseDirectory, "Recorded", "droid-slam", "export");

    public static string NamesFile => Path.Combine(Folder, "image_names.txt");

    public static string Text(string name) => File.ReadAllText(Path.Combine(Folder, name));

    public static byte[] Bytes(string name)
    {
        var bytes = Convert.FromBase64String(Text($"{name}.b64"));
        Assert.Contains(
            $"{Convert.ToHexStringLower(SHA256.HashData(bytes))}  {name}",
            Text("sha256_of_decoded.txt"),
            StringComparison.Ordinal
        );
        return bytes;
    }

    /// <summary>One of the containers, as a file or folder on disk.</summary>
    public static string Put(TempFolder folder, string container)
    {
        if (container.EndsWith(".pth", StringComparison.Ordinal))
            return folder.Put(container, Bytes(container));
        foreach (var name in (string[])["tstamps", "images", "disps", "poses", "intrinsics"])
            folder.Put($"{container}/{name}.npy", Bytes($"{name}.npy"));
        return folder[container];
    }

    public static double[] Numbers(string name) =>
        [
            .. Text(name)
                .Split('\n')
                .Where(line => !line.StartsWith('#'))
                .SelectMany(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
                .Select(word => double.Parse(word, CultureInfo.InvariantCulture)),
        ];

    /// <summary>The settings for which the expected cloud was made.</summary>
    public static ExportOptions Options { get; } =
        new() { Filter = ExportPreset.Default with { Threshold = 0.05, Count = 2 } };
}
