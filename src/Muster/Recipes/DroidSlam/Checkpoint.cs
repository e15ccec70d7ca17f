using System.IO.Compression;
using System.Security.Cryptography;
using Muster.Scenes;
using Muster.Scenes.Formats.Tensors;

namespace Muster.Recipes.DroidSlam;

/// <summary>A file of the network's weights, as PyTorch saves it.</summary>
internal static class Checkpoint
{
    private const long Smallest = 1_000_000,
        Largest = 1_000_000_000;
    private static readonly string[] Heads =
    [
        "update.weight.2.weight",
        "update.weight.2.bias",
        "update.delta.2.weight",
        "update.delta.2.bias",
    ];
    private static readonly byte[] LegacyStart =
    [
        0x80,
        0x02,
        0x8A,
        0x0A,
        0x6C,
        0xFC,
        0x9C,
        0x46,
        0xF9,
        0x20,
        0x6A,
        0xA8,
        0x50,
        0x19,
    ];

    /// <param name="memory">A folder that remembers the hash of each name at its first use.</param>
    public static IEnumerable<RecipeFinding> Check(string path, string memory)
    {
        if (new FileInfo(path) is not { Exists: true, Length: >= Smallest and <= Largest } file)
        {
            yield return RecipeFinding.Error(
                File.Exists(path)
                    ? $"{path} has {new FileInfo(path).Length:N0} bytes, and weights have 1 MB to 1 GB"
                    : $"{path} does not exist",
                "E301"
            );
            yield break;
        }
        if (!IsCheckpoint(path))
        {
            yield return RecipeFinding.Error(
                $"{path} is not what PyTorch saves: neither a zip with data.pkl nor the older form",
                "E302"
            );
            yield break;
        }
        if (Misses(path) is { } what)
        {
            yield return RecipeFinding.Error($"{path} is no checkpoint of DROID-SLAM: {what}", "E303");
            yield break;
        }
        if (Differs(path, file.Name, memory))
            yield return RecipeFinding.Warning(
                $"{path} is not the {file.Name} that was used before; delete {memory} to forget that one",
                "W304"
            );
    }

    private static bool IsCheckpoint(string path)
    {
        Span<byte> start = stackalloc byte[LegacyStart.Length];
        using var stream = File.OpenRead(path);
        stream.ReadExactly(start);
        if (start.SequenceEqual(LegacyStart))
            return true;
        if (!start.StartsWith("PK\u0003\u0004"u8))
            return false;
        try
        {
            using var zip = new ZipArchive(stream, ZipArchiveMode.Read);
            return zip.Entries.Any(entry => entry.FullName.EndsWith("/data.pkl", StringComparison.Ordinal));
        }
        catch (InvalidDataException)
        {
            return false;
        }
    }

    /// <summary>What a checkpoint must have and this file has not.</summary>
    private static string? Misses(string path)
    {
        try
        {
            using var file = TensorFile.Open(path);
            var rows = file.Tensors.ToDictionary(
                entry => entry.Key.Replace("module.", "", StringComparison.Ordinal),
                entry => entry.Value.Shape.FirstOrDefault()
            );
            return Heads.FirstOrDefault(name => !rows.ContainsKey(name)) is { } missing ? $"it has no {missing}"
                : Heads.FirstOrDefault(name => rows[name] < 2) is { } thin
                    ? $"its {thin} has {rows[thin]} rows, and 2 are needed"
                : null;
        }
        catch (SceneException fault)
        {
            return fault.Message;
        }
    }

    private static bool Differs(string path, string name, string memory)
    {
        using var stream = File.OpenRead(path);
        var hash = Convert.ToHexStringLower(SHA256.HashData(stream));
        var record = Path.Combine(memory, name + ".sha256");
        if (File.Exists(record))
            return File.ReadAllText(record).Trim() != hash;
        Directory.CreateDirectory(memory);
        File.WriteAllText(record, hash + "\n");
        return false;
    }
}
