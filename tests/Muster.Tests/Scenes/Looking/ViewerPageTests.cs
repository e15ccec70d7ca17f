using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.RegularExpressions;
using Muster.Scenes.Formats.Ply;

namespace Muster.Scenes.Looking;

public sealed partial class ViewerPageTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Every_point_is_in_the_page_where_it_was()
    {
        var points = new Chance(4).Points(150_000, 3);
        var page = Page("a scene", points);
        var back = new List<(double X, double Y, double Z, int Colour)>();
        foreach (Match chunk in Chunk().Matches(page))
        {
            var count = int.Parse(chunk.Groups[1].Value, CultureInfo.InvariantCulture);
            Assert.InRange(count, 1, 65_536);
            double[] min = Numbers(chunk.Groups[2].Value),
                size = Numbers(chunk.Groups[3].Value);
            var bytes = Convert.FromBase64String(chunk.Groups[4].Value);
            Assert.Equal(9 * count, bytes.Length);
            double At(int i, int axis) =>
                min[axis]
                + (size[axis] * BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan((6 * i) + (2 * axis))) / 65535.0);
            for (var i = 0; i < count; i++)
                back.Add(
                    (
                        At(i, 0),
                        -At(i, 1),
                        -At(i, 2),
                        (bytes[(6 * count) + (3 * i)] << 16)
                            | (bytes[(6 * count) + (3 * i) + 1] << 8)
                            | bytes[(6 * count) + (3 * i) + 2]
                    )
                );
        }
        Assert.Equal(points.Length, back.Count);
        // Colours are different for each, so they say which is which; the page's middle is the middle of the core.
        var places = back.ToDictionary(point => point.Colour);
        var shift = points[0].Position - new Geometry.Vec3(places[0].X, places[0].Y, places[0].Z);
        for (var i = 0; i < points.Length; i++)
        {
            var place = places[i];
            Assert.True(
                (points[i].Position - shift - new Geometry.Vec3(place.X, place.Y, place.Z)).Length < 4e-4,
                $"point {i}"
            );
        }
    }

    [Fact]
    public void The_page_asks_nothing_of_anybody()
    {
        var page = Page("a scene", new Chance(1).Points(10, 1));
        Assert.DoesNotContain("http:", page, StringComparison.Ordinal);
        Assert.DoesNotContain("https:", page, StringComparison.Ordinal);
        Assert.DoesNotContain("src=", page, StringComparison.Ordinal);
        Assert.Contains("default-src 'none'", page, StringComparison.Ordinal);
    }

    [Fact]
    public void Its_policy_lets_its_own_script_and_style_run_and_nothing_else()
    {
        var page = Page("a scene", new Chance(1).Points(10, 1));
        foreach (var tag in (string[])["script", "style"])
        {
            var start = page.IndexOf($"<{tag}>", StringComparison.Ordinal) + tag.Length + 2;
            var text = page[start..page.IndexOf($"</{tag}>", start, StringComparison.Ordinal)];
            var hash = SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(text));
            Assert.Contains(
                $"{tag}-src 'sha256-{Convert.ToBase64String(hash)}';",
                ViewerPage.Policy,
                StringComparison.Ordinal
            );
        }
        Assert.StartsWith("sandbox allow-scripts; default-src 'none'; ", ViewerPage.Policy, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", ViewerPage.Policy, StringComparison.Ordinal);
        Assert.DoesNotContain("allow-same-origin", ViewerPage.Policy, StringComparison.Ordinal);
    }

    [Fact]
    public void A_name_stays_a_name()
    {
        const string name = "</script><script>alert(\"1\")</script>";
        var page = Page(name, new Chance(1).Points(10, 1));
        var json = JsonDocument.Parse(Head().Match(page).Groups[1].Value).RootElement;
        Assert.Equal(name, json.GetProperty("title").GetString());
        Assert.Equal(10, json.GetProperty("all").GetInt32());
        Assert.DoesNotContain(
            "alert(",
            page.Replace(Head().Match(page).Value, "", StringComparison.Ordinal),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void An_empty_scene_makes_a_page_too() => Assert.Equal(0, Chunk().Count(Page("nothing", [])));

    private string Page(string title, ScenePoint[] points)
    {
        using (var file = File.Create(_folder["cloud.ply"]))
            new PlyWriter(file, points.Length, doubles: true).Write(points);
        using var scene = Scene.Open(_folder["cloud.ply"], null, CancellationToken.None);
        var survey = SceneSurvey.Of(scene, null, CancellationToken.None);
        using var page = new MemoryStream();
        ViewerPage.Write(
            page,
            title,
            scene,
            survey,
            CloudSample.Of(scene, survey, 1_000_000, null, CancellationToken.None)
        );
        return System.Text.Encoding.UTF8.GetString(page.ToArray());
    }

    private static double[] Numbers(string text) =>
        [.. text.Split(' ').Select(word => double.Parse(word, CultureInfo.InvariantCulture))];

    [GeneratedRegex(
        "<script type=\"text/plain\" class=\"chunk\" data-count=\"(\\d+)\" data-min=\"([^\"]+)\" "
            + "data-size=\"([^\"]+)\">([^<]*)</script>"
    )]
    private static partial Regex Chunk();

    [GeneratedRegex("<script type=\"application/json\" id=\"scene\">(.*?)</script>")]
    private static partial Regex Head();
}
