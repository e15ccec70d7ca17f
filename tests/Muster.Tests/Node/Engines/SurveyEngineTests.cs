using System.IO.Compression;
using System.Text.Json;
using System.Xml.Linq;
using Muster.Node.Engines.Survey;
using static Muster.Node.TestNode;

namespace Muster.Node.Engines;

public sealed class SurveyEngineTests
{
    private const double Meter = 1 / 111_320.0; // in degrees of latitude

    /// <summary>
    /// Six by six photos, 20 m apart along the flight and 30 m between the lines, 100 m above ground.
    /// </summary>
    private static IEnumerable<(string Name, TestPhoto Photo)> Grid() =>
        from line in Enumerable.Range(0, 6)
        from shot in Enumerable.Range(0, 6)
        select (
            $"{line}{shot}.jpg",
            new TestPhoto
            {
                Latitude = 50 + (20 * Meter * (line % 2 == 0 ? shot : 5 - shot)),
                Longitude = 8 + (30 * Meter * line / Math.Cos(50 * Math.PI / 180)),
                Taken = new DateTime(2025, 6, 1, 12, 0, 0).AddSeconds(2 * ((line * 6) + shot)),
                HeightAboveStart = 100,
            }
        );

    [Fact]
    public void The_samples_are_a_flight_without_fault()
    {
        var report = SurveyReport.Of(
            [.. Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "samples")).Select(Photo.Read)],
            null
        );
        Assert.Equal((16, 16, "Muster Rendered 1"), (report.Photos, report.Located, Assert.Single(report.Cameras).Key));
        Assert.Empty(report.Suspicions);
        Assert.Equal(6.7, report.GroundResolutionCm!.Value, 0.1);
        Assert.InRange(report.ForwardOverlapPercent!.Value, 65, 80);
    }

    [Fact]
    public async Task A_flight_is_described_and_what_is_odd_is_named()
    {
        await using var node = await StartAsync(new SurveyEngine());
        var photos = Grid()
            .Select(one => (one.Name, one.Photo.Jpeg()))
            .Concat([
                (
                    "far.jpg",
                    new TestPhoto
                    {
                        Latitude = 50.1,
                        Longitude = 8,
                        HeightAboveStart = 100,
                    }.Jpeg()
                ),
                (
                    "low.jpg",
                    new TestPhoto
                    {
                        Latitude = 50 + (10 * Meter),
                        Longitude = 8,
                        Altitude = 20,
                        HeightAboveStart = 100,
                    }.Jpeg()
                ),
                ("nowhere.jpg", new TestPhoto().Jpeg()),
                (
                    "other.jpg",
                    new TestPhoto
                    {
                        Latitude = 50 + (30 * Meter),
                        Longitude = 8,
                        Model = "Phone",
                        Width = 1000,
                    }.Jpeg()
                ),
                ("twice.jpg", Grid().First().Photo.Jpeg()),
                ("empty.jpg", []),
                ("text <b>.jpg", "no photo at all"u8.ToArray()),
            ]);
        var uuid = (await node.PostAsync("task/new", Photos(photos))).GetProperty("uuid").GetString()!;
        Assert.Equal(40, Code(await node.EndAsync(uuid)));

        using var zip = new ZipArchive(await node.Http.GetStreamAsync($"task/{uuid}/download/all.zip", Ct));
        Assert.Equal(
            [
                "images.json",
                "survey/map.svg",
                "survey/positions.geojson",
                "survey/report.html",
                "survey/report.json",
                "task_output.txt",
            ],
            zip.Entries.Select(entry => entry.FullName).Order(StringComparer.Ordinal)
        );
        string Of(string name) => new StreamReader(zip.GetEntry(name)!.Open()).ReadToEnd();
        var report = JsonDocument.Parse(Of("survey/report.json")).RootElement;
        Assert.Equal((43, 40), (report.GetProperty("photos").GetInt32(), report.GetProperty("located").GetInt32()));
        var why = report
            .GetProperty("suspicions")
            .EnumerateArray()
            .GroupBy(one => one.GetProperty("photo").GetString()!)
            .ToDictionary(
                group => group.Key,
                group => string.Join("; ", group.Select(one => one.GetProperty("why").GetString()))
            );
        Assert.Contains("far from all others", why["far.jpg"], StringComparison.Ordinal);
        Assert.Equal("its altitude is 20 m, usual are 150 m", why["low.jpg"]);
        Assert.Equal("it has no position", why["nowhere.jpg"]);
        Assert.Contains(
            "of another camera or size than most: DJI Phone, 1000×3000",
            why["other.jpg"],
            StringComparison.Ordinal
        );
        Assert.Equal("it was taken where another was", why["twice.jpg"]);
        Assert.Equal("the file is empty", why["empty.jpg"]);
        Assert.Equal("it cannot be read as an image", why["text <b>.jpg"]);
        Assert.Equal("it was taken where another was", why["00.jpg"]);

        var points = JsonDocument.Parse(Of("survey/positions.geojson")).RootElement.GetProperty("features");
        Assert.Equal(40, points.GetArrayLength());
        Assert.Equal(
            [8.0, 50.0, 150.0],
            points[0]
                .GetProperty("geometry")
                .GetProperty("coordinates")
                .EnumerateArray()
                .Select(number => Math.Round(number.GetDouble(), 5))
        );
        var svg = XDocument.Parse(Of("survey/map.svg"));
        Assert.Equal(40, svg.Descendants("{http://www.w3.org/2000/svg}circle").Count());
        Assert.DoesNotContain("<b>", Of("survey/report.html"), StringComparison.Ordinal);
        Assert.Equal(43, JsonDocument.Parse(Of("images.json")).RootElement.GetArrayLength());
    }

    [Fact]
    public void Resolution_overlap_and_spacing_follow_from_the_photos()
    {
        var report = Survey(Grid().Select(one => one.Photo), null);
        // A focal length of 20 mm on 36 mm of width sees 180 m × 135 m from 100 m, 4000 pixels wide.
        Assert.Equal(
            (100, 180, 135, 4.5),
            (
                report.FlightHeightMeters,
                report.FootprintWidthMeters,
                report.FootprintHeightMeters,
                report.GroundResolutionCm
            )
        );
        Assert.Equal(20, report.MedianSpacingMeters!.Value, 0.1);
        Assert.Equal(100 * (1 - (20 / 135.0)), report.ForwardOverlapPercent!.Value, 0.5);
        Assert.Equal((150, 100), (Math.Round(report.WidthMeters), Math.Round(report.HeightMeters)));
        Assert.Empty(report.Suspicions);
        Assert.Equal(9, Survey(Grid().Select(one => one.Photo), 200).GroundResolutionCm);
    }

    [Fact]
    public void A_gap_and_thin_cover_are_seen()
    {
        // Every 100 m one photo, of which each shows 18 m.
        var report = Survey(
            Grid()
                .Select(one => one.Photo with { HeightAboveStart = 10 })
                .Append(new() { Latitude = 50 - (70 * Meter), Longitude = 8 }),
            null
        );
        Assert.Contains(
            report.Suspicions,
            one =>
                one.Photo == "36.jpg"
                && one.Why.StartsWith("there is a gap around it: the next is 70 m away", StringComparison.Ordinal)
        );
        Assert.Contains(
            report.Suspicions,
            one => one.Photo == "0.jpg" && one.Why == "only 1 photos see the ground below it"
        );
    }

    [Fact]
    public async Task Without_one_readable_photo_there_is_no_survey()
    {
        await using var node = await StartAsync(new SurveyEngine());
        var uuid = (await node.PostAsync("task/new", Photos(("a.jpg", Bytes(100))))).GetProperty("uuid").GetString()!;
        Assert.Equal(30, Code(await node.EndAsync(uuid)));
        Assert.Equal("None of the 1 photos can be read", (await node.OutputAsync(uuid, "-1")).Single());
    }

    private static SurveyReport Survey(IEnumerable<TestPhoto> photos, double? height)
    {
        var folder = NewFolder();
        var read = photos
            .Select(
                (photo, at) =>
                {
                    var path = Path.Combine(folder, $"{at}.jpg");
                    File.WriteAllBytes(path, photo.Jpeg());
                    return Photo.Read(path);
                }
            )
            .ToList();
        Directory.Delete(folder, recursive: true);
        return SurveyReport.Of(read, height);
    }
}
