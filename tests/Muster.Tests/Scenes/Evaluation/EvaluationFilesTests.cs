using System.IO.Compression;
using System.Text.Json;
using System.Xml.Linq;
using Muster.Scenes.Drawing;
using Muster.Scenes.Formats.Png;
using Muster.Scenes.Formats.Tensors;
using Muster.Scenes.Formats.Trajectories;

namespace Muster.Scenes.Evaluation;

public sealed class EvaluationFilesTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly MatchedPoses _poses;
    private readonly PoseErrors _errors;

    public EvaluationFilesTests()
    {
        var (truth, chance) = (new Chance(5).Trajectory(60), new Chance(6));
        _poses = MatchedPoses.Of(
            truth,
            truth with
            {
                Poses = Array.ConvertAll(
                    truth.Poses,
                    pose => pose with { Position = pose.Position + chance.Vector(0.1) }
                ),
            },
            Association.Default,
            AlignmentMode.Sim3
        );
        _errors = AbsoluteError.Of(_poses);
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_sheet_has_four_charts_with_all_poses()
    {
        var svg = XDocument.Parse(TrajectoryPlots.Draw("a < b & \"c\"", _poses, _errors).ToSvg()).Root!;
        XNamespace ns = "http://www.w3.org/2000/svg";
        var words = svg.Elements(ns + "text").Select(text => text.Value).ToList();
        foreach (
            var word in (string[])
                [
                    "a < b & \"c\"",
                    "from above",
                    "from the side",
                    "error over time",
                    "error along the path",
                    "reference",
                    "estimate",
                ]
        )
            Assert.Contains(word, words);
        Assert.Equal(
            6,
            svg.Elements(ns + "polyline").Count(line => line.Attribute("points")!.Value.Split(' ').Length == 60)
        );
    }

    [Fact]
    public void The_pixels_show_every_colour_and_every_word()
    {
        var pixels = TrajectoryPlots.Draw("title", _poses, _errors).ToPixels();
        var inks = new Dictionary<Ink, int>();
        for (var y = 0; y < pixels.Height; y++)
        for (var x = 0; x < pixels.Width; x++)
            inks[pixels[x, y]] = inks.GetValueOrDefault(pixels[x, y]) + 1;
        foreach (var ink in (Ink[])[Ink.Black, Ink.Grey, Ink.Blueish, Ink.Orange])
            Assert.True(inks.GetValueOrDefault(ink) > 50, $"{ink}: {inks.GetValueOrDefault(ink)} pixels");
        using var file = new MemoryStream();
        PngWriter.Write(file, pixels);
        file.Position = 0;
        Assert.Equal(pixels.Pixels, PngReader.Read("plot", file).Pixels);
    }

    [Fact]
    public void A_line_is_as_dark_at_its_joints_as_between_them()
    {
        var raster = new Raster(100, 9);
        raster.Fill(Ink.White);
        raster.Line(new(-5, 4.2), new(105, 4.2), 1.4, Ink.Black);
        for (var y = 0; y < 9; y++)
        for (var x = 1; x < 100; x++)
            Assert.Equal(raster[0, y], raster[x, y]);
    }

    [Fact]
    public void The_archive_holds_what_evo_looks_for()
    {
        EvoArchive.Write(_folder["result.zip"], "title", "ate (m)", _poses, _errors);
        using (var zip = ZipFile.OpenRead(_folder["result.zip"]))
            zip.ExtractToDirectory(_folder["result"]);
        Assert.Equal(
            [
                "alignment_transformation_sim3.npy",
                "distances.npy",
                "distances_from_start.npy",
                "error_array.npy",
                "estimate.tum",
                "info.json",
                "reference.tum",
                "seconds_from_start.npy",
                "stats.json",
                "timestamps.npy",
            ],
            Directory.GetFiles(_folder["result"]).Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal)
        );
        using var arrays = TensorFile.Open(_folder["result"]);
        Assert.Equal(_errors.Translation, arrays.Get("error_array").ToDoubles());
        Assert.Equal(_poses.Times, arrays.Get("timestamps").ToDoubles());
        Assert.Equal([4, 4], arrays.Get("alignment_transformation_sim3").Shape);
        Assert.Equal(
            ErrorStatistics.Of(_errors.Translation).Rmse,
            JsonDocument
                .Parse(File.ReadAllText(_folder["result/stats.json"]))
                .RootElement.GetProperty("rmse")
                .GetDouble()
        );
        Assert.Equal(60, TrajectoryFile.Read(_folder["result/estimate.tum"]).Count);
    }
}
