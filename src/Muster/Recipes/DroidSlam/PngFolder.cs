using System.Buffers.Binary;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Muster.Recipes.DroidSlam;

/// <summary>What the header of a PNG says.</summary>
internal sealed record PngHead(string Name, int Width, int Height, int Depth, int Kind)
{
    private static readonly byte[] Signature = [0x89, .. "PNG\r\n"u8, 0x1a, (byte)'\n'];

    /// <summary>Null when it is no PNG, or one without a valid header.</summary>
    public static PngHead? Read(string path)
    {
        Span<byte> bytes = stackalloc byte[29];
        try
        {
            using var file = File.OpenHandle(path);
            if (RandomAccess.Read(file, bytes, 0) < bytes.Length)
                return null;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return null;
        }
        if (!bytes.StartsWith(Signature) || !bytes[12..16].SequenceEqual("IHDR"u8))
            return null;
        var (width, height) = (
            BinaryPrimitives.ReadInt32BigEndian(bytes[16..]),
            BinaryPrimitives.ReadInt32BigEndian(bytes[20..])
        );
        return width > 0 && height > 0 ? new(Path.GetFileName(path), width, height, bytes[24], bytes[25]) : null;
    }
}

/// <summary>Looks at a folder of images as DROID-SLAM will read it.</summary>
internal static partial class PngFolder
{
    private const int Colour = 2;

    /// <param name="size">The size of the images, where they have one.</param>
    public static List<RecipeFinding> Check(
        string folder,
        int stride,
        int t0,
        int warmup,
        int buffer,
        out (int Width, int Height)? size
    )
    {
        size = null;
        var findings = new List<RecipeFinding>();
        if (!Directory.Exists(folder))
        {
            findings.Add(RecipeFinding.Error($"{folder} is no folder", "E101"));
            return findings;
        }
        var names = Directory
            .EnumerateFileSystemEntries(folder)
            .Select(path => Path.GetFileName(path)!)
            .Order(StringComparer.Ordinal)
            .ToList();
        var images = names.Where(name => IsPng(name) && File.Exists(Path.Combine(folder, name))).ToList();
        var others = names.Except(images).ToList();
        if (images.Count == 0)
            findings.Add(RecipeFinding.Error($"{folder} holds no .png", "E102"));
        if (others.Count > 0)
            findings.Add(
                RecipeFinding.Warning(
                    $"{Some(others)} in {folder} stay here: only the .png directly in it travel",
                    "W103"
                )
            );
        if (images.Count == 0)
            return findings;

        var heads = images.Select(name => (Name: name, Head: PngHead.Read(Path.Combine(folder, name)))).ToList();
        var broken = heads.Where(entry => entry.Head is null).Select(entry => entry.Name).ToList();
        if (broken.Count > 0)
            findings.Add(RecipeFinding.Error($"{Some(broken)}: no PNG, or one without a valid header", "E104"));
        var whole = heads.Select(entry => entry.Head).OfType<PngHead>().ToList();
        if (whole is [var first, ..])
        {
            var odd = whole.Where(head => (head.Width, head.Height) != (first.Width, first.Height)).ToList();
            if (odd.Count == 0)
                size = (first.Width, first.Height);
            else
                findings.Add(
                    RecipeFinding.Error(
                        $"{odd[0].Name} is {odd[0].Width} × {odd[0].Height}, and {first.Name} is {first.Width} × "
                            + $"{first.Height}: all images must have one size",
                        "E105"
                    )
                );
        }
        var converted = whole.Where(head => head.Depth == 16 || head.Kind != Colour).Select(head => head.Name).ToList();
        if (converted.Count > 0)
            findings.Add(
                RecipeFinding.Warning(
                    $"{Some(converted)}: 16 bits, grey, palette or alpha; they are read as 8-bit colour",
                    "W106"
                )
            );
        findings.AddRange(Names(folder, images));
        findings.AddRange(Frames(images.Count, stride, t0, warmup, buffer));
        return findings;
    }

    private static IEnumerable<RecipeFinding> Names(string folder, List<string> images)
    {
        if (
            images.Select(name => Path.GetFileNameWithoutExtension(name)) is var stems
            && stems.All(stem => Number().IsMatch(stem))
            && stems.Select(stem => stem.Split('.')[0].Length).Distinct().Count() > 1
        )
        {
            yield return RecipeFinding.Warning(
                "the names are numbers of different lengths; they are taken in the order of the numbers, which "
                    + "DROID-SLAM itself would not do",
                "W109"
            );
        }
        if (images.FirstOrDefault(name => name.Any(char.IsControl)) is { } strange)
            yield return RecipeFinding.Error(
                $"the name {Configuration.ConfigFile.Flat(strange)} holds a control character",
                "E110"
            );
    }

    private static IEnumerable<RecipeFinding> Frames(int images, int stride, int t0, int warmup, int buffer)
    {
        var frames = ((images + stride - 1) / stride) - t0;
        var counted = string.Create(
            CultureInfo.InvariantCulture,
            $"{Math.Max(0, frames)} frames are left of {images} images with stride "
                + $"{stride}{(t0 > 0 ? $" from frame {t0} on" : "")}"
        );
        if (frames < warmup)
            yield return RecipeFinding.Error($"{counted}, and {warmup} keyframes are needed to initialise", "E107");
        else if (frames < 3 * warmup)
            yield return RecipeFinding.Warning($"{counted}; {3 * warmup} or more are advisable", "W108");
        if (frames / 3 > buffer - 16)
            yield return RecipeFinding.Warning(
                $"{counted}, perhaps {frames / 3} keyframes, and there is room for {buffer - 16}: raise the buffer",
                "W111"
            );
    }

    private static bool IsPng(string name) => name.EndsWith(".png", StringComparison.OrdinalIgnoreCase);

    private static string Some(List<string> names) =>
        names.Count <= 3 ? string.Join(", ", names) : $"{string.Join(", ", names.Take(3))} and {names.Count - 3} more";

    [GeneratedRegex(@"\A[0-9]+(\.[0-9]+)?\z")]
    private static partial Regex Number();
}
