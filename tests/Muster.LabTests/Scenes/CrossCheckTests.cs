using System.Diagnostics;
using System.Globalization;
using Muster.Scenes.Drawing;
using Muster.Scenes.Export;
using Muster.Scenes.Formats.Colmap;
using Muster.Scenes.Formats.Ply;
using Muster.Scenes.Formats.Png;
using Muster.Scenes.Formats.Tensors;
using Muster.Scenes.Geometry;
using Muster.Scenes.Looking;

namespace Muster.Scenes;

/// <summary>Programs that others wrote read what Muster writes.</summary>
[Collection(Sharing.Processors)]
public sealed class CrossCheckTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("muster-scenes-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Numpy_reads_our_arrays_and_we_read_its()
    {
        Lab.Do("install", "python3-numpy");
        Write("f4.npy", [1.5f, -2, 3, 4, 5, 6.25f], 2, 3);
        Write("f8.npy", [Math.PI], 1);
        Write("u1.npy", [(byte)1, (byte)255], 2, 1, 1);
        Write("i8.npy", [long.MinValue], 1);
        Write("none.npy", Array.Empty<float>(), 0, 7);
        var said = Python(
            $$"""
            import numpy as np, os
            os.chdir({{Quoted(_folder)}})
            for name in ['f4', 'f8', 'u1', 'i8', 'none']:
                a = np.load(name + '.npy'); print(name, a.dtype.str, a.shape, a.ravel().tolist())
            a = np.arange(24, dtype='<f8').reshape(2, 3, 4)
            np.save('c.npy', a); np.save('fortran.npy', np.asfortranarray(a)); np.save('half.npy', a.astype('<f2'))
            np.lib.format.write_array(open('v2.npy', 'wb'), a, version=(2, 0)); np.lib.format.write_array(open('v3.npy', 'wb'), a, version=(3, 0))
            np.save('big.npy', a.astype('>f8')); np.save('object.npy', np.array([{}], dtype=object))
            """
        );
        Assert.Equal(
            [
                "f4 <f4 (2, 3) [1.5, -2.0, 3.0, 4.0, 5.0, 6.25]",
                "f8 <f8 (1,) [3.141592653589793]",
                "u1 |u1 (2, 1, 1) [1, 255]",
                "i8 <i8 (1,) [-9223372036854775808]",
                "none <f4 (0, 7) []",
            ],
            said.Split('\n', StringSplitOptions.RemoveEmptyEntries)
        );
        foreach (var name in (string[])["c", "fortran", "half", "v2", "v3"])
        {
            using var file = TensorFile.Open(Path.Combine(_folder, $"{name}.npy"));
            Assert.Equal([2, 3, 4], file.Get(name).Shape);
            Assert.Equal(Enumerable.Range(0, 24).Select(i => (double)i), file.Get(name).ToDoubles());
        }
        foreach (var name in (string[])["big", "object"])
            Assert.Throws<SceneException>(() => TensorFile.Open(Path.Combine(_folder, $"{name}.npy")));

        void Write<T>(string name, T[] numbers, params long[] shape)
            where T : unmanaged
        {
            using var file = File.Create(Path.Combine(_folder, name));
            NpyFile.Write<T>(file, numbers, shape);
        }
    }

    [Theory]
    [InlineData(ColmapForm.Text)]
    [InlineData(ColmapForm.Binary)]
    public void COLMAP_reads_our_models_and_we_read_its(ColmapForm form)
    {
        Lab.Do("install", "colmap");
        var report = Export(new() { Colmap = form });
        var model = Path.Combine(_folder, "out", "colmap");
        var said = Run("colmap", "model_analyzer", "--path", model);
        foreach (var line in (string[])["Cameras: 1", "Registered images: 10", $"Points: {report.Points}"])
            Assert.Contains(line, said, StringComparison.Ordinal);

        var theirs = Directory.CreateDirectory(Path.Combine(_folder, "theirs")).FullName;
        Run(
            "colmap",
            "model_converter",
            "--input_path",
            model,
            "--output_path",
            theirs,
            "--output_type",
            form == ColmapForm.Text ? "BIN" : "TXT"
        );
        var (ours, back) = (ColmapReader.Open(model), ColmapReader.Open(theirs));
        Assert.Equal(ours.Cameras.Single().Parameters, back.Cameras.Single().Parameters);
        foreach (var (one, other) in ours.Images.OrderBy(image => image.Id).Zip(back.Images.OrderBy(image => image.Id)))
        {
            Assert.Equal(one.Name, other.Name);
            Assert.True(
                (one.WorldToCamera.Position - other.WorldToCamera.Position).Length < 1e-8
                    && (one.WorldToCamera.Rotation.Inverse * other.WorldToCamera.Rotation).Angle < 1e-7
            );
        }
        Assert.Equal(Sum(ours), Sum(back), EqualityComparer<double>.Create((a, b) => Math.Abs(a - b) < 1e-4));

        static double Sum(ColmapReader model) =>
            model.Points().Sum(point => point.Position.X + (2 * point.Position.Y) + point.Red);
    }

    [Theory]
    [InlineData(PlyFormat.Binary, false)]
    [InlineData(PlyFormat.Binary, true)]
    [InlineData(PlyFormat.Ascii, false)]
    public void Open3D_reads_our_clouds_and_we_read_its(PlyFormat format, bool doubles)
    {
        Lab.Do("install", "python3-open3d");
        var report = Export(
            new()
            {
                Ply = format,
                PlyDoubles = doubles,
                CamerasPly = true,
            }
        );
        var said = Python(
                $$"""
                import open3d as o, numpy as np, os
                os.chdir({{Quoted(Path.Combine(_folder, "out"))}})
                c = o.io.read_point_cloud('points.ply'); print(len(c.points), *np.asarray(c.points).mean(0), *np.rint(np.asarray(c.colors)[0] * 255).astype(int))
                l = o.io.read_line_set('cameras.ply'); print(len(l.points), len(l.lines))
                o.io.write_point_cloud('theirs.ply', c)
                """
            )
            .Split('\n');
        var words = said[0].Split(' ').Select(word => double.Parse(word, CultureInfo.InvariantCulture)).ToArray();
        Assert.Equal(report.Points, words[0]);
        Assert.True((new Vec3(words[1], words[2], words[3]) - report.Centroid!.Value).Length < 1e-5);
        var first = Points("points.ply")[0];
        Assert.Equal([first.Red, first.Green, first.Blue], words[4..]);
        Assert.Equal("80 100", said[1]);
        Assert.Equal(Points("points.ply").Select(Rounded), Points("theirs.ply").Select(Rounded));

        static (float, float, float, byte, byte, byte) Rounded(ScenePoint point) =>
            (
                (float)point.Position.X,
                (float)point.Position.Y,
                (float)point.Position.Z,
                point.Red,
                point.Green,
                point.Blue
            );
    }

    [Fact]
    public async Task Chromium_shows_the_page_and_turns_it()
    {
        Lab.Do("install", "chromium");
        Export(new());
        var page = Page(Path.Combine(_folder, "out"));
        await using var browser = await Browser.OpenAsync(Path.Combine(_folder, "chromium"), page, Ct);
        await browser.UntilAsync("document.body.dataset.drawn > 0", Ct);
        Assert.Equal("", await browser.AskAsync("document.getElementById('fault').textContent", Ct));
        var before = await PixelsAsync(browser);
        Assert.True(before.Count > 500, $"only {before.Count} colours");
        Assert.Contains(before.Keys, ink => ink is { Red: > 220, Green: > 60 and < 110, Blue: < 90 }); // the cameras
        Assert.Contains(
            before.Keys,
            ink => ink.Red > ink.Green + 60 && ink.Green > ink.Blue + 20 && ink.Red is > 150 and < 250
        ); // the ball

        await browser.DragAsync(600, 400, 750, 420, Ct);
        var after = await PixelsAsync(browser);
        Assert.True(
            before
                .Keys.Union(after.Keys)
                .Sum(ink => Math.Abs(before.GetValueOrDefault(ink) - after.GetValueOrDefault(ink))) > 20_000,
            "the picture is the same"
        );
    }

    [Fact]
    public async Task Chromium_turns_a_million_points()
    {
        Lab.Do("install", "chromium");
        var random = new Random(1);
        using (var file = File.Create(Path.Combine(_folder, "million.ply")))
        {
            new PlyWriter(file, 1_000_000).Write([
                .. Enumerable
                    .Range(0, 1_000_000)
                    .Select(i => new ScenePoint(
                        new(random.NextDouble(), random.NextDouble(), random.NextDouble() * 0.1),
                        (byte)i,
                        (byte)(i >> 8),
                        200
                    )),
            ]);
        }
        await using var browser = await Browser.OpenAsync(
            Path.Combine(_folder, "chromium"),
            $"{Page(Path.Combine(_folder, "million.ply"))}#turn",
            Ct
        );
        await browser.UntilAsync("document.body.dataset.drawn > 0", Ct);
        Assert.Equal(
            "1,000,000 points · 0 cameras",
            await browser.AskAsync("document.getElementById('counts').textContent", Ct)
        );
        // Drawn by the processor alone, with others at work on it: fewer points while it moves, and still it moves.
        await browser.UntilAsync("document.body.dataset.fps > 0", Ct);
        await browser.AskAsync("(document.getElementById('turn').click(), 1)", Ct);
        await browser.UntilAsync("document.body.dataset.drawn === '1000000'", Ct);
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>How many pixels beside the panel have each colour.</summary>
    private static async Task<Dictionary<Ink, int>> PixelsAsync(Browser browser)
    {
        var picture = PngReader.Read("the screen", new MemoryStream(await browser.PictureAsync(Ct)));
        var inks = new Dictionary<Ink, int>();
        for (var y = 0; y < picture.Height; y++)
        for (var x = 420; x < picture.Width; x++)
            inks[picture[x, y]] = inks.GetValueOrDefault(picture[x, y]) + 1;
        return inks;
    }

    private ExportReport Export(ExportOptions options)
    {
        new SyntheticScene(10, 96, 128).WriteReconstruction(Path.Combine(_folder, "saved"));
        using var scene = Reconstruction.Open(Path.Combine(_folder, "saved"));
        var filter = ExportPreset.Default with { Threshold = 0.03, Count = 2 };
        return new SceneExport(
            scene,
            Timestamps.Read("index", 1, null, null, 18),
            null,
            options with
            {
                Filter = filter,
            },
            Path.Combine(_folder, "out")
        ).Run(null, CancellationToken.None);
    }

    private List<ScenePoint> Points(string name)
    {
        using var cloud = PlyCloud.Open(Path.Combine(_folder, "out", name));
        return [.. cloud.Read(CancellationToken.None).SelectMany(batch => batch.ToArray())];
    }

    private string Page(string path)
    {
        using var scene = Scene.Open(path, null, CancellationToken.None);
        var survey = SceneSurvey.Of(scene, null, CancellationToken.None);
        var page = Path.Combine(_folder, "page.html");
        using var file = File.Create(page);
        ViewerPage.Write(
            file,
            "page",
            scene,
            survey,
            CloudSample.Of(scene, survey, 1_000_000, null, CancellationToken.None)
        );
        return page;
    }

    private static string Python(string script) => Run("/usr/bin/python3", "-c", script);

    private static string Quoted(string path) => $"'{path}'";

    private static string Run(string program, params IEnumerable<string> words)
    {
        using var process = Process.Start(
            new ProcessStartInfo(program, words)
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                RedirectStandardInput = true,
            }
        )!;
        process.StandardInput.Close();
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        if (!process.WaitForExit(TimeSpan.FromMinutes(2)))
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"{program} does not end");
        }
        Assert.True(process.ExitCode == 0, $"{program}: {output.Result}{errors.Result}");
        // COLMAP says on standard error what others say on standard output.
        return program == "colmap" ? output.Result + errors.Result : output.Result;
    }
}
