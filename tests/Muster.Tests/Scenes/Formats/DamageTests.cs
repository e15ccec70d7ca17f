using Muster.Scenes.Drawing;
using Muster.Scenes.Export;
using Muster.Scenes.Formats.Colmap;
using Muster.Scenes.Formats.Ply;
using Muster.Scenes.Formats.Png;
using Muster.Scenes.Formats.Tensors;
using Muster.Scenes.Formats.Trajectories;

namespace Muster.Scenes.Formats;

/// <summary>
/// Files that are cut off or in which bits have flipped are read, or refused with words: never a hang, a crash or a
/// great deal of memory.
/// </summary>
public sealed class DamageTests : IDisposable
{
    private const long MostMemory = 48 << 20;
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [
        InlineData("reconstruction.pth"),
        InlineData("reconstruction_newlayout.pth"),
        InlineData("legacy.pth"),
        InlineData("arrays/disps.npy"),
        InlineData("arrays/poses.npy")
    ]
    [
        InlineData("binary.ply"),
        InlineData("ascii.ply"),
        InlineData("lists.ply"),
        InlineData("way.tum"),
        InlineData("way.kitti"),
        InlineData("picture.png")
    ]
    [
        InlineData("bin/cameras.bin"),
        InlineData("bin/images.bin"),
        InlineData("bin/points3D.bin"),
        InlineData("text/images.txt"),
        InlineData("text/points3D.txt")
    ]
    public void Damage_is_told(string name)
    {
        var (path, read) = Make(name);
        var whole = File.ReadAllBytes(path);
        read();
        var (refused, chance) = (0, new Chance(1));
        for (var trial = 0; trial < 400; trial++)
        {
            var bytes = whole.ToArray();
            if (trial < 100)
                bytes = whole[..(whole.Length * trial / 100)];
            else
                for (var flips = trial < 300 ? 1 : 20; flips > 0; flips--)
                    bytes[trial % 2 == 0 ? chance.Below(bytes.Length) : chance.Below(Math.Min(600, bytes.Length))] ^=
                        (byte)(1 << chance.Below(8));
            File.WriteAllBytes(path, bytes);
            var before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                read();
            }
            catch (SceneException fault)
            {
                refused++;
                Assert.Matches("^E[67][0-9][0-9] ", fault.Message);
            }
            var used = GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.True(used < MostMemory, $"trial {trial} took {used >> 20} MB");
        }
        Assert.True(refused > 40, $"only {refused} were refused");
    }

    private (string Path, Action Read) Make(string name)
    {
        switch (name)
        {
            case "legacy.pth":
                return (
                    _folder.Put(
                        name,
                        PickleBuilder.Legacy(
                            PickleBuilder.One("a", "FloatStorage", 6, 0, [2, 3], [3, 1]),
                            6,
                            new Chance(1).Bytes(24)
                        )
                    ),
                    () => Numbers(name)
                );
            case var pth when pth.EndsWith(".pth", StringComparison.Ordinal):
                return (WorkedExample.Put(_folder, name), () => Cloud(_folder[name]));
            case var npy when npy.EndsWith(".npy", StringComparison.Ordinal):
                WorkedExample.Put(_folder, "arrays");
                return (_folder[npy], () => Cloud(_folder["arrays"]));
            case "binary.ply" or "ascii.ply":
                using (var file = File.Create(_folder[name]))
                    new PlyWriter(file, 50, name == "ascii.ply" ? PlyFormat.Ascii : PlyFormat.Binary).Write([
                        .. Enumerable.Range(0, 50).Select(i => new ScenePoint(new(i, -i, 0.5), 1, 2, 3)),
                    ]);
                return (_folder[name], () => Points(name));
            case "lists.ply":
                _folder.Put(
                    name,
                    [
                        .. "ply\nformat binary_little_endian 1.0\nelement face 3\nproperty list int float f\nelement vertex 2\nproperty float x\nproperty float y\nproperty float z\nend_header\n"u8,
                        .. Enumerable.Repeat((byte[])[1, 0, 0, 0, 9, 9, 9, 9], 3).SelectMany(one => one),
                        .. new byte[24],
                    ]
                );
                return (_folder[name], () => Points(name));
            case "way.tum" or "way.kitti":
                using (var text = new StreamWriter(_folder[name]))
                {
                    if (name == "way.tum")
                        TrajectoryWriter.Tum(text, new Chance(1).Trajectory(12));
                    else
                        TrajectoryWriter.Kitti(text, new Chance(1).Trajectory(12).Poses);
                }
                return (
                    _folder[name],
                    () =>
                        TrajectoryFile.Read(
                            _folder[name],
                            name == "way.tum" ? TrajectoryFormat.Tum : TrajectoryFormat.Kitti
                        )
                );
            case "picture.png":
                using (var file = File.Create(_folder[name]))
                    PngWriter.Write(file, new Raster(40, 30, new Chance(1).Bytes(3600)));
                return (_folder[name], () => PngReader.Read(_folder[name]));
            default:
                var folder = Path.GetDirectoryName(_folder[name])!;
                Directory.CreateDirectory(folder);
                ColmapWriter.Write(
                    folder,
                    name.StartsWith("bin", StringComparison.Ordinal) ? ColmapForm.Binary : ColmapForm.Text,
                    [new(1, "PINHOLE", 40, 30, [30, 30, 20, 15])],
                    [
                        .. Enumerable
                            .Range(1, 9)
                            .Select(i => new ColmapImage((uint)i, new Chance(i).Pose(), 1, $"{i}.png")),
                    ],
                    40,
                    [
                        [.. Enumerable.Range(0, 40).Select(i => new ScenePoint(new(i, 1, 2), 3, 4, 5))],
                    ]
                );
                return (_folder[name], () => Assert.True(ColmapReader.Open(folder).Points().Count() < 1000));
        }
    }

    private void Numbers(string name)
    {
        using var file = TensorFile.Open(_folder[name]);
        foreach (var tensor in file.Tensors.Values)
            tensor.ToDoubles();
        file.Get("a");
    }

    private static void Cloud(string path)
    {
        using var scene = Reconstruction.Open(path);
        Assert.True(
            FilteredCloud
                .Of(scene, WorkedExample.Options, null, CancellationToken.None)
                .Points(null, CancellationToken.None)
                .Sum(points => points.Length) < 1000
        );
    }

    private void Points(string name)
    {
        using var cloud = PlyCloud.Open(_folder[name]);
        Assert.True(cloud.Read(CancellationToken.None).Sum(batch => batch.Count) < 1000);
    }
}
