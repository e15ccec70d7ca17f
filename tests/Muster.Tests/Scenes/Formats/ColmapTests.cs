using System.Buffers.Binary;
using Muster.Scenes.Formats.Colmap;

namespace Muster.Scenes.Formats;

public sealed class ColmapTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(ColmapForm.Text)]
    [InlineData(ColmapForm.Binary)]
    public void Any_model_comes_back(ColmapForm form)
    {
        var chance = new Chance(3);
        ColmapCamera[] cameras =
        [
            .. ColmapCamera.Models.Select(
                (model, i) =>
                    new ColmapCamera(
                        (uint)i + 1,
                        model.Name,
                        640,
                        480,
                        [.. Enumerable.Range(0, model.Parameters).Select(p => 100.5 + p)]
                    )
            ),
        ];
        ColmapImage[] images =
        [
            .. Enumerable
                .Range(1, 30)
                .Select(i => new ColmapImage(
                    (uint)i,
                    chance.Pose(),
                    (uint)(1 + chance.Below(cameras.Length)),
                    $"left ear/ü {i}.png"
                )),
        ];
        ScenePoint[] points =
        [
            .. Enumerable.Range(0, 500).Select(_ => new ScenePoint(chance.Vector(10), (byte)chance.Below(256), 5, 255)),
        ];
        ColmapWriter.Write(_folder.ToString(), form, cameras, images, points.Length, points.Chunk(77));
        var model = ColmapReader.Open(_folder.ToString());
        Assert.Equal(
            cameras.Select(camera => (camera.Id, camera.Model, camera.Width, camera.Height)),
            model.Cameras.Select(camera => (camera.Id, camera.Model, camera.Width, camera.Height))
        );
        Assert.Equal(
            cameras.SelectMany(camera => camera.Parameters),
            model.Cameras.SelectMany(camera => camera.Parameters)
        );
        Assert.Equal(
            images.Select(image => (image.Id, image.Camera, image.Name)),
            model.Images.Select(image => (image.Id, image.Camera, image.Name))
        );
        foreach (var (one, other) in images.Zip(model.Images))
            Assert.True(
                (one.WorldToCamera.Position - other.WorldToCamera.Position).Length < 1e-8
                    && (one.WorldToCamera.Rotation.Inverse * other.WorldToCamera.Rotation).Angle < 1e-7
            );
        foreach (var (one, other) in points.Zip(model.Points()))
            Assert.True(
                (one.Position - other.Position).Length < 1e-7
                    && (one.Red, one.Green, one.Blue) == (other.Red, other.Green, other.Blue)
            );
        Assert.Equal(points.Length, model.Points().Count());
    }

    [Fact]
    public void What_the_points_were_seen_in_is_passed_over()
    {
        _folder.Put("cameras.txt", "1 PINHOLE 4 3 2 2 2 1.5\n"u8.ToArray());
        _folder.Put(
            "images.txt",
            "# comment\n1 1 0 0 0 0 0 0 1 a b.png\n2.5 1.5 7 1 1 -1\n2 1 0 0 0 0 0 1 1 b.png\n\n"u8.ToArray()
        );
        _folder.Put("points3D.txt", "7 1 2 3 4 5 6 0.5 1 0 2 1\n"u8.ToArray());
        var model = ColmapReader.Open(_folder.ToString());
        Assert.Equal(["a b.png", "b.png"], model.Images.Select(image => image.Name));
        Assert.Equal(new(new(1, 2, 3), 4, 5, 6), Assert.Single(model.Points()));

        var point = new byte[8 + 43 + 8 + 16];
        (point[0], point[8], point[51]) = (1, 7, 2);
        BinaryPrimitives.WriteDoubleLittleEndian(point.AsSpan(16), 1.5);
        ColmapWriter.Write(_folder.ToString(), ColmapForm.Binary, model.Cameras, model.Images, 0, []);
        _folder.Put("points3D.bin", point);
        Assert.Equal(1.5, Assert.Single(ColmapReader.Open(_folder.ToString()).Points()).Position.X);
    }
}
