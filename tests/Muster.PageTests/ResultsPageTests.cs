using Microsoft.Playwright;

namespace Muster;

/// <summary>
/// What ODM made is looked at in the browser, inside the archive, of which only what is in sight is read.
/// </summary>
public sealed class ResultsPageTests(Browser browser, OdmFolder odm) : IClassFixture<OdmFolder>
{
    /// <summary>What the browser says to a test that reads what was drawn.</summary>
    private static readonly string[] OfReading = ["Multiple readback operations", "GPU stall due to ReadPixels"];

    [Fact]
    public async Task An_orthophoto_and_a_surface_model_are_looked_at_where_they_lie()
    {
        await using var cluster = await Cluster.WithResultsAsync(odm.Path);
        await cluster.EndedAsync(await cluster.HandInAsync("north field"));
        await using var window = await browser.OpenAsync(cluster.Public, expected: OfReading);
        await OpenAsync(window, "Results");
        await window.AccessibleAsync();

        var asked = 0;
        window.Page.Response += (_, answer) =>
            asked += answer.Headers.TryGetValue("content-length", out var length) ? int.Parse(length) : 0;
        await window.Button("Orthophoto").ClickAsync();
        var sheet = window.Page.Locator("canvas.sheet");
        await WholeAsync(window);
        Assert.InRange(await CoverAsync(sheet), 0.2, 0.6); // the rest is nothing that photos showed
        await window.SeeAsync("EPSG:32632, UTM zone 32 north");
        await window.AccessibleAsync();
        await window.PictureAsync("handin-orthophoto-wide");
        Assert.InRange(asked, 1, (int)(new FileInfo(Path.Combine(odm.Path, OdmFolder.Orthophoto)).Length / 2));

        // nearer, by keys alone
        await sheet.FocusAsync();
        for (var n = 0; n < 4; n++)
            await window.Page.Keyboard.PressAsync("+");
        await window.Page.Keyboard.PressAsync("ArrowLeft");
        await WholeAsync(window, cover: 0.9);
        await window.Page.Keyboard.PressAsync("0");
        await WholeAsync(window, cover: 0.2, most: 0.6);
        await window.Page.Keyboard.PressAsync("Escape");

        await window.Page.EmulateMediaAsync(new() { ColorScheme = ColorScheme.Dark });
        await window.Button("Surface model").ClickAsync();
        await WholeAsync(window);
        await window.Page.GetByText(" m at 576").WaitForAsync();
        await window.AccessibleAsync();
        await window.PictureAsync("handin-surface-wide-dark");
        await window.Page.SetViewportSizeAsync(390, 844);
        await WholeAsync(window);
        await window.FitsAsync();
        await window.AccessibleAsync();
        await window.Button("Close").ClickAsync();

        // a file that is not what its name says
        await window.Button("Terrain model").ClickAsync();
        await window.SeeAsync("This is no TIFF file");
        await window.AccessibleAsync();
    }

    [Fact]
    public async Task A_cloud_is_turned_in_tiles_and_as_one_file()
    {
        await using var cluster = await Cluster.WithResultsAsync(odm.Path);
        await cluster.EndedAsync(await cluster.HandInAsync("north field"));
        await using var window = await browser.OpenAsync(cluster.Public, expected: OfReading);
        await OpenAsync(window, "Results");
        await window.Button("Point cloud").ClickAsync();
        await WholeAsync(window);
        await window.SeeAsync("100,000 of 100,000 points");
        await window.SeeAsync("tiles (EPT), LAZ");
        await window.AccessibleAsync();
        var sheet = window.Page.Locator("canvas.sheet");
        var before = await sheet.ScreenshotAsync();
        await sheet.FocusAsync();
        for (var n = 0; n < 6; n++)
            await window.Page.Keyboard.PressAsync("ArrowLeft");
        await window.Page.Keyboard.PressAsync("+");
        await WholeAsync(window);
        Assert.NotEqual(before, await sheet.ScreenshotAsync());
        await window.Page.GetByLabel("At most").SelectOptionAsync("250000");
        await window.Page.GetByLabel("Colours").SelectOptionAsync("height");
        await window.Page.Keyboard.PressAsync("Escape");

        await window.Page.Locator(".files button", new() { HasText = "odm_georeferenced_model.las" }).ClickAsync();
        await WholeAsync(window);
        await window.SeeAsync("LAS file");
        await window.AccessibleAsync();
        await window.PictureAsync("handin-cloud-wide");
        await window.Page.EmulateMediaAsync(new() { ColorScheme = ColorScheme.Dark });
        await window.Page.SetViewportSizeAsync(390, 844);
        await WholeAsync(window);
        await window.FitsAsync();
        await window.AccessibleAsync();
    }

    [Theory, InlineData("node"), InlineData("cluster")]
    public async Task They_are_looked_at_on_a_nodes_page_and_on_the_clusters_too(string server)
    {
        await using var cluster = await Cluster.WithResultsAsync(odm.Path);
        var node = $"http://127.0.0.1:{cluster.NodePorts[0]}/";
        var task = await cluster.HandInAsync("north field", to: server == "node" ? node : null);
        if (server == "cluster")
            await cluster.EndedAsync(task);
        await using var window = await browser.OpenAsync(
            server == "node" ? node : $"{cluster.Admin}#/tasks/{task}",
            expected: OfReading
        );
        await OpenAsync(window, "Results");
        await window.Button("Orthophoto").ClickAsync();
        await WholeAsync(window, cover: 0.2, most: 0.6);
        await window.Button("Close").ClickAsync();
        await window.Button("Point cloud").ClickAsync();
        await WholeAsync(window);
        await window.SeeAsync("100,000 of 100,000 points");
        await window.AccessibleAsync();
    }

    private static async Task OpenAsync(Window window, string name)
    {
        await window.Page.Locator("button:enabled", new() { HasText = name }).First.ClickAsync();
        await window.Button("Orthophoto").WaitForAsync();
    }

    /// <summary>All that is in sight is drawn, and so much of the canvas has something on it.</summary>
    private static async Task WholeAsync(Window window, double cover = 0, double most = 1)
    {
        await window.Page.Locator("canvas.sheet[data-state=whole]").WaitForAsync();
        if (cover > 0)
            await window.Page.WaitForFunctionAsync(
                $"([least, most]) => {{ const is = ({Cover})(document.querySelector('canvas.sheet'));"
                    + "return is >= least && is <= most; }",
                (double[])[cover, most]
            );
    }

    private static Task<double> CoverAsync(ILocator canvas) => canvas.EvaluateAsync<double>(Cover);

    /// <summary>Which part of a canvas has something on it.</summary>
    private const string Cover = """
        (canvas) => {
          const { width, height } = canvas;
          const { data } = canvas.getContext('2d').getImageData(0, 0, width, height);
          let drawn = 0;
          for (let n = 3; n < data.length; n += 4) if (data[n] > 0) drawn++;
          return drawn / (width * height);
        }
        """;
}
