using Muster.Scenes.Evaluation;
using Muster.Scenes.Formats.Trajectories;
using Muster.Scenes.Looking;

namespace Muster.Scenes.Export;

/// <summary>A scene whose surfaces are known comes out on them.</summary>
public sealed class KnownGeometryTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(1, false)]
    [InlineData(2, false)]
    [InlineData(2, true)]
    public void Every_point_lies_on_a_surface(int subsample, bool symmetric)
    {
        var room = new SyntheticScene(12, 64, 96);
        var metres = room.WriteReconstruction(_folder["saved"]);
        using var scene = Reconstruction.Open(_folder["saved"]);
        var options = new ExportOptions
        {
            Filter = ExportPreset.Default with { Subsample = subsample, Threshold = 0.03, Count = 2 },
            Symmetric = symmetric,
            Scale = metres,
            PlyDoubles = true,
        };
        var report = new SceneExport(
            scene,
            Timestamps.Read(null, null, null, null, 22),
            null,
            options,
            _folder["out"]
        ).Run(null, CancellationToken.None);
        Assert.InRange(
            report.Points,
            12 * 64 * 96 / (subsample * subsample) / 2,
            12 * 64 * 96 / (subsample * subsample)
        );
        foreach (var point in WorkedExampleTests.Points(_folder["out/points.ply"]))
            Assert.True(
                SyntheticScene.Distance(point.Position) < 1e-5,
                $"{point.Position} is {SyntheticScene.Distance(point.Position)} from any surface"
            );
    }

    [Fact]
    public void A_voxel_keeps_one_point_near_the_surface_and_coarser_ones_are_those_of_twice_the_size()
    {
        new SyntheticScene(8, 48, 64).WriteReconstruction(_folder["saved"]);
        using var scene = Scene.Open(_folder["saved"], null, CancellationToken.None);
        var points = scene.Points(CancellationToken.None).SelectMany(batch => batch).ToList();
        VoxelThinning fine = new(0.05),
            coarse = new(0.1);
        foreach (var batch in points.Chunk(1000))
            fine.Add(batch);
        foreach (var batch in points.Chunk(777))
            coarse.Add(batch);
        fine.Coarsen();
        Assert.Equal(
            points
                .Select(point =>
                    (
                        Math.Floor(point.Position.X / 0.1),
                        Math.Floor(point.Position.Y / 0.1),
                        Math.Floor(point.Position.Z / 0.1)
                    )
                )
                .Distinct()
                .Count(),
            coarse.Count
        );
        Assert.Equal(coarse.Count, fine.Count);
        foreach (
            var (one, other) in fine.Points().SelectMany(batch => batch).Zip(coarse.Points().SelectMany(batch => batch))
        )
        {
            Assert.True((one.Position - other.Position).Length < 1e-5);
            Assert.InRange(one.Green - other.Green, -1, 1);
        }
    }

    [Fact]
    public void The_scale_and_the_way_are_found_again()
    {
        var room = new SyntheticScene(12, 48, 64);
        var metres = room.WriteReconstruction(_folder["saved"]);
        using var scene = Reconstruction.Open(_folder["saved"]);
        var truth = new Trajectory([.. Enumerable.Range(0, 12).Select(i => 2.0 * i)], room.CameraToWorld);
        Assert.Equal(
            metres,
            ScaleFit.Of(scene, Timestamps.Read("index", 1, null, null, 22), truth, Association.Default),
            1e-5 * metres
        );
    }
}
