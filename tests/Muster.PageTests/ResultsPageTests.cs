using System.Globalization;
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

        await MeasureAsync(window, sheet);

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
        await MeasureCloudAsync(window, sheet);
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

    /// <summary>A line by clicks and by keys, an area of it, and back to nothing.</summary>
    private static async Task MeasureAsync(Window window, ILocator sheet)
    {
        var told = window.Page.Locator(".measured [role=status]");
        await window.Button("Distance").ClickAsync();
        await ClickAsync(sheet, -100, 60);
        await ClickAsync(sheet, 100, 60);
        await told.GetByText("2 points").WaitForAsync();
        var across = await LengthAsync(told);
        // as many metres as the file says of so many pixels
        var (pixels, box) = (await PixelsAsync(window), (await sheet.BoundingBoxAsync())!);
        var shown = 0.96f * Math.Min(box.Width / pixels[0], box.Height / pixels[1]);
        Assert.InRange(across, 0.98 * 200 / shown * 0.1, 1.02 * 200 / shown * 0.1);
        await window.Page.Keyboard.PressAsync("Enter"); // at the cross
        await told.GetByText("3 points").WaitForAsync();
        Assert.True(await LengthAsync(told) > across);
        await window.Button("Area").ClickAsync();
        await told.GetByText(" around").WaitForAsync();
        // half of what is across, by 60 pixels of the screen
        Assert.InRange(await LengthAsync(told), 0.97 * across * across * 0.15, 1.03 * across * across * 0.15);
        await ClickAsync(sheet, -40, -80);
        await told.GetByText("4 points").WaitForAsync();
        await window.AccessibleAsync();
        await window.PictureAsync("handin-measured-wide");
        await window.Page.Keyboard.PressAsync("Backspace");
        await told.GetByText("3 points").WaitForAsync();
        // what was dragged is no click
        await sheet.HoverAsync();
        await window.Page.Mouse.DownAsync();
        await window.Page.Mouse.MoveAsync(box.X + 300, box.Y + 200, new() { Steps = 3 });
        await window.Page.Mouse.UpAsync();
        await window.Button("Done").ClickAsync();
        await ClickAsync(sheet, 0, 0);
        await told.GetByText("3 points").WaitForAsync();
        await window.Page.Keyboard.PressAsync("Escape");
        await told.WaitForAsync(new() { State = WaitForSelectorState.Detached });
        await sheet.FocusAsync();
        await window.Page.Keyboard.PressAsync("0");
        await WholeAsync(window);
    }

    private static async Task MeasureCloudAsync(Window window, ILocator sheet)
    {
        var told = window.Page.Locator(".measured [role=status]");
        await window.Button("Above").ClickAsync();
        await window.Button("Distance").ClickAsync();
        await window.Page.Keyboard.PressAsync("Enter"); // at the cross
        await told.GetByText("1 point").WaitForAsync();
        await ClickAsync(sheet, 120, 0);
        await told.GetByText(" across, ").WaitForAsync();
        Assert.InRange(await LengthAsync(told), 1, 100);
        await told.GetByText("In the units of the file").WaitForAsync();
        var box = (await sheet.BoundingBoxAsync())!;
        await ClickAsync(sheet, 4 - (box.Width / 2), 4 - (box.Height / 2));
        await told.GetByText("There is no point").WaitForAsync();
        await window.AccessibleAsync();
        await window.Button("Done").ClickAsync();
        await told.GetByText(" across, ").WaitForAsync();
        await window.Button("Front").ClickAsync();
        await window.Page.Locator(".marks circle").Nth(1).WaitForAsync();
        await window.DrawnAsync();
        await window.PictureAsync("handin-cloud-measured-wide");
        await window.Button("Clear").ClickAsync();
        await told.WaitForAsync(new() { State = WaitForSelectorState.Detached });
    }

    /// <summary>Away from the middle.</summary>
    private static async Task ClickAsync(ILocator sheet, float right, float down)
    {
        var box = (await sheet.BoundingBoxAsync())!;
        await sheet.ClickAsync(
            new()
            {
                Position = new() { X = (box.Width / 2) + right, Y = (box.Height / 2) + down },
            }
        );
    }

    /// <summary>The number that is told first.</summary>
    private static async Task<double> LengthAsync(ILocator told) =>
        double.Parse((await told.InnerTextAsync()).Split(' ')[0].TrimEnd(':'), CultureInfo.InvariantCulture);

    private static async Task<int[]> PixelsAsync(Window window)
    {
        var text = await window.Page.Locator("dl.flat dd").First.InnerTextAsync();
        return [.. text.Replace(",", "", StringComparison.Ordinal).Split(" × ").Select(int.Parse)];
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
