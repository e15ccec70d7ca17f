using System.Runtime.InteropServices;
using System.Text.Json;
using Muster.Scenes.Export;
using Muster.Scenes.Formats;
using Muster.Scenes.Formats.Tensors;

namespace Muster.Scenes.Datasets;

/// <summary>
/// A sequence to learn from: images/NAME.png, depth/NAME.npy, poses.txt with a camera-to-world pose a line,
/// intrinsics.txt, sequence.json.
/// </summary>
internal sealed class SequenceFolder(string path)
{
    public string Path { get; } = path;

    public IReadOnlyList<string> Images { get; } = Files(path, "images", ".png");
    public IReadOnlyList<string> Depths { get; } = Files(path, "depth", ".npy");

    public static bool IsSequence(string folder) =>
        Directory.Exists(System.IO.Path.Combine(folder, "images"))
        || File.Exists(System.IO.Path.Combine(folder, "poses.txt"));

    /// <summary>A line each; not yet looked at for sense.</summary>
    public IReadOnlyList<double[]> ReadPoses() => Rows("poses.txt", 7);

    public Pinhole ReadCamera() =>
        Rows("intrinsics.txt", 4) is [var only] && only.All(double.IsFinite) && only[0] > 0 && only[1] > 0
            ? new(only[0], only[1], only[2], only[3])
            : throw new SceneException(
                SceneFault.Unreadable,
                $"{System.IO.Path.Combine(Path, "intrinsics.txt")} is not one line of fx fy cx cy",
                "Write the four numbers of the camera, in pixels."
            );

    public string ReadSplit()
    {
        var file = System.IO.Path.Combine(Path, "sequence.json");
        try
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(file));
            if (
                json.RootElement is { ValueKind: JsonValueKind.Object } root
                && root.TryGetProperty("split", out var split)
                && split.ValueKind == JsonValueKind.String
                && split.GetString() is "train" or "val"
            )
                return root.GetProperty("split").GetString()!;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new SceneException(
                SceneFault.Unreadable,
                $"{file} cannot be read: {fault.Message}",
                "Write source, units, frame_rate and split there.",
                fault
            );
        }
        throw new SceneException(
            SceneFault.Unreadable,
            $"{file} has no split that is train or val",
            "Write \"split\": \"train\" or \"split\": \"val\" there."
        );
    }

    /// <summary>Metres, row by row; what is not known is 0.</summary>
    public (int Height, int Width, float[] Metres) ReadDepth(int index)
    {
        using var file = TensorFile.Open(Depths[index]);
        var tensor = file.Tensors.Values.Single();
        if (
            tensor.Shape is not [var height, var width]
            || tensor.Type != ElementType.Float32
            || height * width > 1 << 27
        )
            throw new SceneException(
                SceneFault.ShapeMismatch,
                $"{Depths[index]} is [{string.Join(", ", tensor.Shape)}] of {tensor.Type}, where [height, width] of "
                    + "float32 is expected",
                "Save it with numpy as array.astype('<f4')."
            );
        var metres = new float[height * width];
        tensor.ReadPlanes(
            (row, bytes) => MemoryMarshal.Cast<byte, float>(bytes).CopyTo(metres.AsSpan(row * (int)width)),
            CancellationToken.None
        );
        for (var at = 0; at < metres.Length; at++)
            if (!float.IsFinite(metres[at]))
                metres[at] = 0;
        return ((int)height, (int)width, metres);
    }

    private List<double[]> Rows(string name, int width)
    {
        var file = System.IO.Path.Combine(Path, name);
        try
        {
            using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.Read, 1);
            var lines = new AsciiLines(stream);
            var rows = new List<double[]>();
            var numbers = new double[width + 1];
            for (var row = 1; lines.Next(out var line); row++)
            {
                if (line.Span.Trim(" \t"u8).IsEmpty || line.Span[0] == '#')
                    continue;
                if (NumberLine.Read(line.Span, numbers) != width)
                    throw new SceneException(
                        SceneFault.Unreadable,
                        $"{file}, line {row} is not {width} numbers",
                        width == 7 ? "A pose is tx ty tz qx qy qz qw, camera to world." : "A camera is fx fy cx cy."
                    );
                rows.Add(numbers[..width]);
            }
            return rows;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new SceneException(
                SceneFault.Unreadable,
                $"{file} cannot be read: {fault.Message}",
                "A sequence has images/, depth/, poses.txt, intrinsics.txt and sequence.json.",
                fault
            );
        }
    }

    private static List<string> Files(string path, string below, string ending)
    {
        var folder = System.IO.Path.Combine(path, below);
        return Directory.Exists(folder)
            ?
            [
                .. Directory
                    .EnumerateFiles(folder)
                    .Where(file => file.EndsWith(ending, StringComparison.OrdinalIgnoreCase))
                    .Order(StringComparer.Ordinal),
            ]
            : [];
    }
}
