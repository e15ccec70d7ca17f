using Muster.Cli.Terminal;
using Muster.Scenes.Drawing;
using Muster.Scenes.Export;
using Muster.Scenes.Formats.Ply;
using Muster.Scenes.Geometry;

namespace Muster.Scenes.Looking;

public sealed class LookingTests(LookingTests.Room room) : IClassFixture<LookingTests.Room>, IDisposable
{
    private static readonly CancellationToken None = CancellationToken.None;
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("saved", "DROID-SLAM reconstruction")]
    [InlineData("out", "exported scene")]
    [InlineData("out/colmap", "COLMAP model")]
    [InlineData("out/points.ply", "PLY cloud")]
    [InlineData("out/keyframes.tum", "trajectory")]
    public void A_scene_is_opened_whatever_it_is(string path, string kind)
    {
        using var scene = Open(room[path]);
        var survey = SceneSurvey.Of(scene, null, None);
        Assert.Equal(kind, scene.Kind);
        Assert.Equal(kind == "PLY cloud" ? 0 : 10, survey.Cameras);
        Assert.Equal(kind == "trajectory" ? 0 : room.Report.Points, survey.Points);
        if (kind is not ("trajectory" or "DROID-SLAM reconstruction"))
            Assert.True((room.Report.Bounds!.Min - survey.Bounds!.Min).Length < 1e-5);
        if (survey.Cameras > 0 && kind != "trajectory")
            Assert.InRange(survey.Typical!.Value, 0.1, 3);
    }

    [Fact]
    public void What_is_no_scene_is_told()
    {
        Assert.Throws<SceneException>(() => Open(_folder["nowhere"]));
        Assert.Throws<SceneException>(() => Open(_folder.Put("a.ply", [])));
        Assert.Throws<SceneException>(() => Open(_folder.Put("notes.md", "words"u8.ToArray())));
        Directory.CreateDirectory(_folder["empty"]);
        Assert.Throws<SceneException>(() => Open(_folder["empty"]));
    }

    [Fact]
    public void A_stance_turns_with_its_cameras()
    {
        var cameras = Enumerable
            .Range(0, 20)
            .Select(i => new Pose(default, new Rotation(0.02 * i, 0.01, -0.03, 1).Normalized()))
            .ToList();
        var before = Stance.Of(cameras);
        for (var seed = 0; seed < 50; seed++)
        {
            var turn = new Chance(seed).Pose();
            var after = Stance.Of([.. cameras.Select(camera => turn * camera)]);
            foreach (
                var (one, other) in (ReadOnlySpan<(Vec3, Vec3)>)
                    [(before.Right, after.Right), (before.Down, after.Down), (before.Forward, after.Forward)]
            )
                Assert.True((turn.Rotation.Apply(one) - other).Length < 1e-9);
            Assert.True((after.Right.Cross(after.Down) - after.Forward).Length < 1e-9);
        }
        // Who turns on the spot, or stands on the head half of the time, still stands somehow.
        foreach (
            var odd in (Rotation[][])
                [
                    [
                        .. Enumerable
                            .Range(0, 8)
                            .Select(i => new Rotation(0, Math.Sin(i * Math.PI / 8), 0, Math.Cos(i * Math.PI / 8))),
                    ],
                    [Rotation.None, new(0, 0, 1, 0)],
                    [new(Math.Sqrt(0.5), 0, 0, Math.Sqrt(0.5)), new(-Math.Sqrt(0.5), 0, 0, Math.Sqrt(0.5))],
                ]
        )
        {
            var stance = Stance.Of([.. odd.Select(rotation => new Pose(default, rotation))]);
            Assert.True(
                (stance.Right.Cross(stance.Down) - stance.Forward).Length < 1e-9
                    && Math.Abs(stance.Down.Length - 1) < 1e-9
            );
        }
    }

    [Fact]
    public void The_core_leaves_out_what_is_far()
    {
        using var scene = Open(
            Cloud([
                .. new Chance(1).Points(1000, 1),
                new(new(1e6, -1e6, 1e6), 1, 2, 3),
                new(new(double.NaN, 0, 0), 1, 2, 3),
            ])
        );
        var survey = SceneSurvey.Of(scene, null, None);
        Assert.Equal(1001, survey.Points);
        Assert.Equal(1e6, survey.Bounds!.Max.X, 1);
        Assert.True(survey.Core!.Size.Length < 4);
    }

    [Fact]
    public void The_picture_shows_the_ball_the_cameras_and_the_way_from_every_side()
    {
        using var scene = Open(room["out"]);
        var pixels = CloudPicture.Draw(scene, SceneSurvey.Of(scene, null, None), None).Pixels;
        for (var view = 0; view < 3; view++)
        {
            var (lit, red, orange) = (0, 0, 0);
            for (var y = 28; y < pixels.Height; y++)
            {
                for (var x = view * CloudPicture.Side; x < (view + 1) * CloudPicture.Side; x++)
                {
                    var ink = pixels[x, y];
                    if (ink.Red + ink.Green + ink.Blue > 120)
                        lit++;
                    if (ink is { Red: > 200, Green: < 100, Blue: < 90 })
                        red++;
                    if (ink is { Red: > 120, Blue: < 90 } && ink.Green > ink.Blue + 20 && ink.Red > ink.Green + 50)
                        orange++;
                }
            }
            Assert.True(lit > 2000 && red > 30 && orange > 100, $"view {view}: {lit} {red} {orange}");
        }
    }

    [Theory]
    [InlineData(100_000)]
    [InlineData(2000)]
    [InlineData(100)]
    [InlineData(1)]
    public void A_cloud_is_brought_down_to_what_is_wanted(int most)
    {
        using var scene = Open(room["out"]);
        var survey = SceneSurvey.Of(scene, null, None);
        var points = CloudSample.Of(scene, survey, most, null, None);
        Assert.True(
            points.Length <= most && points.Length >= Math.Min(survey.Points, most) * 0.7,
            $"{points.Length} of {most}"
        );
        Assert.All(points, point => Assert.InRange(point.Position.X, survey.Bounds!.Min.X, survey.Bounds.Max.X));
    }

    [Fact]
    public void Points_at_the_end_of_the_world_are_no_hindrance()
    {
        using var scene = Open(
            Cloud([
                .. new Chance(1).Points(3000, 1),
                new(new(1e30, 0, -1e30), 1, 2, 3),
                new(new(double.PositiveInfinity, 0, 0), 1, 2, 3),
            ])
        );
        var survey = SceneSurvey.Of(scene, null, None);
        Assert.InRange(CloudSample.Of(scene, survey, 500, null, None).Length, 1, 500);
        Assert.NotNull(CloudPicture.Draw(scene, survey, None));
    }

    [Fact]
    public void A_picture_becomes_lines()
    {
        var raster = new Raster(120, 60);
        raster.Line(new(0, 30), new(120, 30), 4, Ink.Orange);
        foreach (var colours in Enum.GetValues<TextColours>())
        {
            var lines = TextPicture.Lines(raster, 60, colours).ToList();
            Assert.Equal(15, lines.Count);
            Assert.Equal(colours != TextColours.None, lines[7].Contains('\u001b'));
            Assert.Equal(colours == TextColours.None ? "" : lines[14], lines[0]);
            Assert.NotEqual(lines[0], lines[7]);
        }
    }

    private static Scene Open(string path) => Scene.Open(path, null, None);

    private string Cloud(ScenePoint[] points)
    {
        using (var file = File.Create(_folder["cloud.ply"]))
            new PlyWriter(file, points.Length, doubles: true).Write(points);
        return _folder["cloud.ply"];
    }

    /// <summary>A room, saved and exported once.</summary>
    public sealed class Room : IDisposable
    {
        private readonly TempFolder _folder = new();

        public Room()
        {
            new SyntheticScene(10, 64, 96).WriteReconstruction(_folder["saved"]);
            using var scene = Reconstruction.Open(_folder["saved"]);
            var options = new ExportOptions
            {
                Filter = ExportPreset.Default,
                Colmap = Formats.Colmap.ColmapForm.Binary,
            };
            Report = new SceneExport(
                scene,
                Timestamps.Read("index", 1, null, null, 18),
                null,
                options,
                _folder["out"]
            ).Run(null, None);
        }

        public ExportReport Report { get; }
        public string this[string name] => _folder[name];

        public void Dispose() => _folder.Dispose();
    }
}
