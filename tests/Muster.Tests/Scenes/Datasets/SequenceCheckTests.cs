using System.Globalization;
using Muster.Scenes.Drawing;
using Muster.Scenes.Formats.Png;
using Muster.Scenes.Formats.Tensors;

namespace Muster.Scenes.Datasets;

/// <summary>A sound sequence passes; each way in which one goes wrong is found.</summary>
public sealed class SequenceCheckTests(SequenceCheckTests.Sound sound)
    : IClassFixture<SequenceCheckTests.Sound>,
        IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_sound_sequence_has_nothing_but_figures()
    {
        var report = SequenceCheck.Run(sound.Path, null, CancellationToken.None);
        Assert.Empty(report.Findings);
        var figures = report.Figures;
        Assert.Equal((9, 512, 384, 1.0), (figures.Images, figures.Width, figures.Height, figures.KnownDepth));
        Assert.InRange(figures.WarpError!.Value, 0, 0.3 * figures.IdentityError!.Value);
        Assert.Equal((0, 8, 0, 9), (figures.FlowBelow, figures.FlowWithin, figures.FlowAbove, figures.ClipStarts));
        Assert.InRange(figures.DepthMedian!.Value, 1, 4);
    }

    [Fact]
    public void Inverted_poses_are_found() =>
        Finds(807, () => Poses(row => [-row[0], -row[1], -row[2], -row[3], -row[4], -row[5], row[6]]));

    [Fact]
    public void Wrong_axes_are_found() =>
        Finds(807, () => Poses(row => [row[2], row[0], row[1], row[5], row[3], row[4], row[6]]));

    [Fact]
    public void Millimetres_are_found() => Finds(805, () => Depths(depth => depth * 1000));

    [Fact]
    public void Depth_in_another_unit_than_the_poses_is_found() => Finds(807, () => Depths(depth => depth / 5));

    [Fact]
    public void Unknown_depth_beyond_a_half_is_found() =>
        Finds(
            805,
            () =>
            {
                var chance = new Chance(1);
                Depths(depth => chance.Below(10) < 6 ? float.NaN : depth);
            }
        );

    [Fact]
    public void A_missing_pose_is_found() =>
        Finds(
            802,
            () => File.WriteAllLines(_folder["s/poses.txt"], File.ReadAllLines(_folder["s/poses.txt"]).SkipLast(1))
        );

    [Fact]
    public void A_depth_map_of_another_name_is_found() =>
        Finds(802, () => File.Move(_folder["s/depth/000003.npy"], _folder["s/depth/000003b.npy"]));

    [Fact]
    public void A_jump_is_found() =>
        Finds(
            806,
            () =>
            {
                var at = 0;
                Poses(row => at++ < 4 ? row : [row[0] + 9, .. row[1..]]);
            }
        );

    [Fact]
    public void A_quaternion_that_is_no_rotation_is_found() =>
        Finds(612, () => Poses(row => [.. row[..6], row[6] * 2]));

    [Fact]
    public void Two_sizes_are_found() => Finds(803, () => Image("s/images/000005.png", 640, 480));

    [Fact]
    public void A_broken_image_is_found() =>
        Finds(
            601,
            () =>
                File.WriteAllBytes(
                    _folder["s/images/000005.png"],
                    File.ReadAllBytes(_folder["s/images/000005.png"])[..20]
                )
        );

    [Fact]
    public void A_missing_camera_and_split_are_found()
    {
        Finds(601, () => File.Delete(_folder["s/intrinsics.txt"]));
        Finds(601, () => File.WriteAllText(_folder["s/sequence.json"], "{}"));
    }

    [Fact]
    public void A_camera_that_stands_still_is_found()
    {
        Finds(806, () => Poses(_ => [0, 0, 0, 0, 0, 0, 1]));
        Assert.Contains(Check().Findings, finding => finding is { Level: FindingLevel.Warning, Code: 808 });
    }

    [Fact]
    public void All_sequences_of_a_folder_are_looked_at_and_an_empty_one_is_told()
    {
        Copy();
        Directory.CreateDirectory(_folder["t/images"]);
        Assert.Equal(
            [true, false],
            SequenceCheck.RunAll(_folder.ToString(), null, CancellationToken.None).Select(report => report.IsSound)
        );
        Assert.Throws<SceneException>(() => SequenceCheck.RunAll(_folder["t/images"], null, CancellationToken.None));
    }

    private void Finds(int code, Action spoil)
    {
        Copy();
        spoil();
        var report = Check();
        Assert.False(report.IsSound);
        Assert.True(
            report.Findings.Any(finding => finding.Code == code && finding.Level == FindingLevel.Error),
            string.Join('\n', report.Findings)
        );
    }

    private SequenceReport Check() => SequenceCheck.Run(_folder["s"], null, CancellationToken.None);

    private void Copy()
    {
        foreach (var file in Directory.GetFiles(sound.Path, "*", SearchOption.AllDirectories))
            _folder.Put(Path.Combine("s", Path.GetRelativePath(sound.Path, file)), File.ReadAllBytes(file));
    }

    private void Poses(Func<double[], double[]> change) =>
        File.WriteAllLines(
            _folder["s/poses.txt"],
            File.ReadAllLines(_folder["s/poses.txt"])
                .Select(line =>
                    string.Join(
                        ' ',
                        change([.. line.Split(' ').Select(word => double.Parse(word, CultureInfo.InvariantCulture))])
                    )
                )
                .ToList()
        );

    private void Depths(Func<float, float> change)
    {
        foreach (var path in Directory.GetFiles(_folder["s/depth"]))
        {
            float[] depths;
            using (var file = TensorFile.Open(path))
                depths = Array.ConvertAll(file.Tensors.Values.Single().ToDoubles(), depth => change((float)depth));
            using var to = File.Create(path);
            NpyFile.Write<float>(to, depths, 384, 512);
        }
    }

    private void Image(string name, int width, int height)
    {
        using var file = File.Create(_folder[name]);
        PngWriter.Write(file, new Raster(width, height));
    }

    /// <summary>Rendered once.</summary>
    public sealed class Sound : IDisposable
    {
        private readonly TempFolder _folder = new();

        public Sound() => new SyntheticScene(9, 384, 512).WriteSequence(Path);

        public string Path => _folder["sound"];

        public void Dispose() => _folder.Dispose();
    }
}
