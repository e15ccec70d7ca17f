using System.Buffers.Binary;
using System.Globalization;
using System.IO.Compression;
using System.IO.Hashing;
using Muster.Scenes.Formats.Png;
using Muster.Scenes.Formats.Tensors;

namespace Muster.Scenes.Datasets;

/// <summary>A recording in the benchmark's layout becomes a sequence that can be trained on.</summary>
public sealed class TumConversionTests(SequenceCheckTests.Sound sound)
    : IClassFixture<SequenceCheckTests.Sound>,
        IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private TumConversion Conversion(params double[] distortion)
    {
        var numbers = File.ReadAllText(Path.Combine(sound.Path, "intrinsics.txt"))
            .Split(' ')
            .Select(word => double.Parse(word, CultureInfo.InvariantCulture))
            .ToList();
        return new(_folder["tum"], _folder["out"], new(numbers[0], numbers[1], numbers[2], numbers[3]), distortion);
    }

    [Fact]
    public void Images_find_their_depths_and_poses_by_time()
    {
        Record();
        File.AppendAllText(_folder["tum/rgb.txt"], "9.5 rgb/0.png\n"); // nothing was measured then
        var conversion = Conversion() with { Split = "val" };

        Assert.Equal((9, 1), conversion.Run(null, CancellationToken.None));
        var report = SequenceCheck.Run(_folder["out"], null, CancellationToken.None);
        Assert.Empty(report.Findings);
        Assert.Equal((9, 512, 384), (report.Figures.Images, report.Figures.Width, report.Figures.Height));
        Assert.Equal(
            """{"source": "tum", "units": "m", "frame_rate": 10, "split": "val"}""",
            File.ReadAllText(_folder["out/sequence.json"]).Trim()
        );
        Assert.Equal(
            PngReader.Read(Path.Combine(sound.Path, "images/000004.png")).Pixels,
            PngReader.Read(_folder["out/images/000004.png"]).Pixels
        );
        Assert.Equal(
            File.ReadAllLines(Path.Combine(sound.Path, "poses.txt"))[3].Split(' ')[0][..6],
            File.ReadAllLines(_folder["out/poses.txt"])[3].Split(' ')[0][..6]
        );
    }

    [Fact]
    public void Every_third_image_is_three_times_as_far()
    {
        Record();
        Assert.Equal((3, 0), (Conversion() with { Every = 3 }).Run(null, CancellationToken.None));
        Assert.Equal(
            PngReader.Read(Path.Combine(sound.Path, "images/000006.png")).Pixels,
            PngReader.Read(_folder["out/images/000002.png"]).Pixels
        );
    }

    [Fact]
    public void Distortion_is_taken_out_of_images_and_depths()
    {
        Record();
        Conversion(0.2, 0, 0, 0).Run(null, CancellationToken.None);

        var (before, after) = (
            PngReader.Read(Path.Combine(sound.Path, "images/000004.png")),
            PngReader.Read(_folder["out/images/000004.png"])
        );
        var camera = Conversion().Camera;
        Assert.InRange(Math.Abs(before[256, 192].Green - after[256, 192].Green), 0, 4); // the middle stays
        // A ray 0.3 to the right is seen at 0.3 (1 + 0.2 · 0.09).
        var (straight, bent) = ((camera.Fx * 0.3) + camera.Cx, (camera.Fx * 0.3 * 1.018) + camera.Cx);
        Assert.InRange(
            Math.Abs(before[(int)Math.Round(bent), 192].Green - after[(int)Math.Round(straight), 192].Green),
            0,
            12
        );
        // What the lens did not see is not known.
        using var depth = TensorFile.Open(_folder["out/depth/000004.npy"]);
        var metres = depth.Tensors.Values.Single().ToDoubles();
        Assert.Equal(0, metres[0]);
        Assert.True(metres[(192 * 512) + 256] > 0);
    }

    [Fact]
    public void A_recording_that_lacks_a_list_or_belongs_nowhere_is_told()
    {
        Record();
        File.WriteAllText(_folder["tum/depth.txt"], "77 depth/0.png\n");
        Assert.Contains(
            "only 0 of 9 images",
            Assert.Throws<SceneException>(() => Conversion().Run(null, CancellationToken.None)).Message,
            StringComparison.Ordinal
        );
        File.Delete(_folder["tum/depth.txt"]);
        Assert.Contains(
            "depth.txt cannot be read",
            Assert.Throws<SceneException>(() => Conversion().Run(null, CancellationToken.None)).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_depth_map_of_eight_bits_is_none()
    {
        Record();
        File.Copy(_folder["tum/rgb/0.png"], _folder["tum/depth/0.png"], overwrite: true);
        Assert.Contains(
            "no grey picture of 16 bits",
            Assert.Throws<SceneException>(() => Conversion().Run(null, CancellationToken.None)).Message,
            StringComparison.Ordinal
        );
    }

    /// <summary>Ten images a second; depths come 5 ms later, poses 100 times a second.</summary>
    private void Record()
    {
        foreach (var below in (string[])["tum/rgb", "tum/depth"])
            Directory.CreateDirectory(_folder[below]);
        var poses = File.ReadAllLines(Path.Combine(sound.Path, "poses.txt"));
        string At(double time) => time.ToString("F4", CultureInfo.InvariantCulture);
        for (var i = 0; i < poses.Length; i++)
        {
            File.Copy(Path.Combine(sound.Path, "images", $"{i:000000}.png"), _folder[$"tum/rgb/{i}.png"]);
            using var depth = TensorFile.Open(Path.Combine(sound.Path, "depth", $"{i:000000}.npy"));
            File.WriteAllBytes(
                _folder[$"tum/depth/{i}.png"],
                Grey16(512, 384, depth.Tensors.Values.Single().ToDoubles())
            );
        }
        File.WriteAllLines(
            _folder["tum/rgb.txt"],
            ["# color images", .. poses.Select((_, i) => $"{At(i * 0.1)} rgb/{i}.png")]
        );
        File.WriteAllLines(
            _folder["tum/depth.txt"],
            ["# depth maps", .. poses.Select((_, i) => $"{At((i * 0.1) + 0.005)} depth/{i}.png")]
        );
        File.WriteAllLines(
            _folder["tum/groundtruth.txt"],
            [
                "# timestamp tx ty tz qx qy qz qw",
                .. poses.SelectMany(
                    (pose, i) => new[] { $"{At((i * 0.1) - 0.03)} 9 9 9 0 0 0 1", $"{At(i * 0.1 + 0.002)} {pose}" }
                ),
            ]
        );
    }

    private static byte[] Grey16(int width, int height, double[] metres)
    {
        using var rows = new MemoryStream();
        using (var zlib = new ZLibStream(rows, CompressionLevel.Fastest, leaveOpen: true))
        {
            var line = new byte[1 + (2 * width)];
            for (var y = 0; y < height; y++)
            {
                for (var x = 0; x < width; x++)
                    BinaryPrimitives.WriteUInt16BigEndian(
                        line.AsSpan(1 + (2 * x)),
                        (ushort)Math.Round(5000 * metres[(y * width) + x])
                    );
                zlib.Write(line);
            }
        }
        using var file = new MemoryStream();
        file.Write([0x89, .. "PNG\r\n"u8, 0x1a, (byte)'\n']);
        var header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);
        header[8] = 16;
        foreach (var (kind, bytes) in ((string, byte[])[])[("IHDR", header), ("IDAT", rows.ToArray()), ("IEND", [])])
        {
            byte[] whole = [.. System.Text.Encoding.ASCII.GetBytes(kind), .. bytes];
            var number = new byte[4];
            BinaryPrimitives.WriteInt32BigEndian(number, bytes.Length);
            file.Write(number);
            file.Write(whole);
            BinaryPrimitives.WriteUInt32BigEndian(number, Crc32.HashToUInt32(whole));
            file.Write(number);
        }
        return file.ToArray();
    }
}
