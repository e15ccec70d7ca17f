using Microsoft.Playwright;

namespace Muster;

/// <summary>What runs measured, as charts: of one run, and of several over each other.</summary>
public sealed class UiMeasuresPageTests(Browser browser)
{
    /// <summary>
    /// Writes what TensorBoard reads, a CSV file and lines of a log; and takes long enough to be sampled.
    /// </summary>
    private const string Train = """
        import math, os, random, struct, sys, time
        rate = float(sys.argv[2]); random.seed(sys.argv[2]); out = os.environ['MUSTER_OUT']
        def message(number, data): return bytes([number << 3 | 2, len(data)]) + data
        def event(step, tag, value):
            one = message(1, message(1, tag.encode()) + bytes([2 << 3 | 5]) + struct.pack('<f', value))
            data = bytes([2 << 3, step]) + message(5, one)
            return struct.pack('<Q', len(data)) + bytes(4) + data + bytes(4)
        os.makedirs(out + '/tb')
        with open(out + '/tb/events.out.tfevents.1.host', 'wb') as events, open(out + '/metrics.csv', 'w') as table:
            table.write('step,psnr\n')
            for step in range(120):
                loss = math.exp(-step * rate) + random.random() * 0.08 + 0.001 / rate
                events.write(event(step, 'train/loss', loss))
                events.write(event(step, 'val/loss', float('nan') if step == 60 else loss * 0.8 + 0.1))
                if step % 5 == 0: table.write(f'{step},{18 + 9 * (1 - loss) + random.random()}\n')
                if step % 10 == 0: print(f'muster: metric val_acc={1 - loss / 2} step={step}', flush=True)
        end = time.time() + 5
        while time.time() < end: sum(n * n for n in range(20000))
        """;

    private static async Task<OwnRuns> TrainedAsync()
    {
        var own = new OwnRuns();
        await File.WriteAllTextAsync(Path.Combine(own.Code.FullName, "train.py"), Train + "\n");
        await own.GitAsync("init", "-q");
        await own.GitAsync("add", ".");
        await own.GitAsync("-c", "user.name=x", "-c", "user.email=x@example.org", "commit", "-q", "-m", "first");
        await own.SubmitCodeAsync("small-rate", "python3", "train.py", "--lr", "0.02");
        await own.SubmitCodeAsync("large-rate", "python3", "train.py", "--lr", "0.05");
        await File.AppendAllTextAsync(Path.Combine(own.Code.FullName, "train.py"), "print('done')\n");
        await own.SubmitCodeAsync("other-code", "python3", "train.py", "--lr", "0.03");
        await own.SubmitAsync(
            "hostile",
            "printf 'step,<img src=x onerror=alert(1)>\\n1,2\\n3,4\\n' > $MUSTER_OUT/metrics.csv"
        );
        await own.ShowAsync();
        return own;
    }

    [Fact]
    public async Task What_runs_measured_is_drawn_and_compared()
    {
        await using var own = await TrainedAsync();
        await using var window = await browser.OpenAsync(own.Address);
        await window.Page.GetByRole(AriaRole.Link, new() { Name = "large-rate" }).ClickAsync();
        await window.Page.GetByRole(AriaRole.Tab, new() { Name = "Metrics" }).ClickAsync();
        // event file, CSV and log lines, each a chart
        foreach (var name in (string[])["train/loss", "val/loss", "psnr", "val_acc"])
            await Chart(window, name).WaitForAsync();
        await Chart(window, "Processors").WaitForAsync();
        await window.AccessibleAsync();
        await window.PictureAsync("ui-metrics-wide");

        // by keys: the last place, then the first, each said with its value
        var plot = Chart(window, "train/loss");
        await plot.FocusAsync();
        await plot.PressAsync("End");
        Assert.StartsWith("step 119: ", await plot.GetAttributeAsync("aria-valuetext"), StringComparison.Ordinal);
        await plot.PressAsync("Home");
        Assert.StartsWith("step 0: ", await plot.GetAttributeAsync("aria-valuetext"), StringComparison.Ordinal);
        await plot.PressAsync("Escape");
        Assert.Equal("no place chosen", await plot.GetAttributeAsync("aria-valuetext"));
        // by pointer: the value stands beside it
        await plot.HoverAsync();
        await window.Page.Locator(".tip").WaitForAsync();
        await window.Page.Mouse.MoveAsync(0, 0);
        await ZoomAsync(window, plot);
        // as a table
        await window.Page.GetByText("as a table: train/loss").ClickAsync();
        await window.Page.Locator(".values tbody tr").Nth(119).WaitForAsync();
        await window.AccessibleAsync();
        await window.Page.GetByText("as a table: train/loss").ClickAsync();
        // how they are drawn stands in the address
        await window.Page.GetByLabel("Logarithmic").CheckAsync();
        await window.Page.GetByLabel("Smoothing").FillAsync("0.8");
        await window.Page.GetByLabel("Filter metrics").FillAsync("train");
        await window
            .Page.Locator(".charts")
            .First.Locator(".chart")
            .Nth(1)
            .WaitForAsync(new() { State = WaitForSelectorState.Detached });
        Assert.Contains("smooth=0.8", window.Page.Url, StringComparison.Ordinal);
        Assert.Contains("log=1", window.Page.Url, StringComparison.Ordinal);
        await window.Page.ReloadAsync();
        await plot.WaitForAsync();
        Assert.Equal("0.8", await window.Page.GetByLabel("Smoothing").InputValueAsync());

        await window.Page.GotoAsync(own.Base + "#/");
        await window.Page.GetByRole(AriaRole.Link, new() { Name = "hostile" }).ClickAsync();
        await window.Page.GetByRole(AriaRole.Tab, new() { Name = "Metrics" }).ClickAsync();
        await Chart(window, "<img src=x onerror=alert(1)>").WaitForAsync();
        Assert.Equal(0, await window.Page.Locator("main img").CountAsync());

        await window.Page.GotoAsync(own.Base + "#/");
        foreach (var name in (string[])["small-rate", "large-rate", "other-code"])
            await window.Page.GetByLabel($"Compare {name}").CheckAsync();
        await window.AccessibleAsync();
        await window.Page.GetByRole(AriaRole.Link, new() { Name = "Compare 3 runs" }).ClickAsync();
        await window.Page.GetByRole(AriaRole.Columnheader, new() { Name = "lr" }).WaitForAsync();
        await window.Page.Locator("td", new() { HasText = "0.05" }).First.WaitForAsync();
        await window.SeeAsync("differs from that of small-rate in 1 file: 1 line added, 0 removed");
        await window.SeeAsync("3 of 3 lines drawn");
        await window.AccessibleAsync();
        await window.PictureAsync("ui-compare-wide");
        await window.Page.GetByLabel("Draw small-rate").UncheckAsync();
        await window.SeeAsync("2 of 3 lines drawn");
        // sorted by what differs, and the address keeps it
        await window
            .Page.GetByRole(AriaRole.Columnheader, new() { Name = "lr" })
            .GetByRole(AriaRole.Button)
            .ClickAsync();
        Assert.Equal(
            ["small-rate", "other-code", "large-rate"],
            await window.Page.Locator("tbody th a").AllTextContentsAsync()
        );
        Assert.Contains("sort=lr", window.Page.Url, StringComparison.Ordinal);
    }

    /// <summary>Into a stretch and back, by keys and by pointer; charts with the same steps come along.</summary>
    private static async Task ZoomAsync(Window window, ILocator plot)
    {
        var other = window.Page.GetByRole(AriaRole.Button, new() { Name = "Reset zoom: psnr" });
        var time = window.Page.GetByRole(AriaRole.Button, new() { Name = "Reset zoom: Processors" });
        await plot.FocusAsync();
        await plot.PressAsync("Home");
        for (var n = 0; n < 3; n++)
            await plot.PressAsync("+");
        await other.WaitForAsync();
        Assert.Equal(0, await time.CountAsync());
        Assert.InRange(await LastAsync(plot), 20, 40); // the 119 that there are, by 1.6 three times
        await plot.PressAsync("End");
        var text = await plot.GetAttributeAsync("aria-valuetext");
        await plot.PressAsync("ArrowRight"); // what lies beyond comes into sight
        Assert.NotEqual(text, await plot.GetAttributeAsync("aria-valuetext"));
        Assert.InRange(await LastAsync(plot), 20, 40);
        await plot.PressAsync("Escape");
        await other.WaitForAsync(new() { State = WaitForSelectorState.Detached });
        Assert.Equal(119, await LastAsync(plot));

        await DragAsync();
        Assert.InRange(await LastAsync(plot), 20, 60);
        await window.AccessibleAsync();
        await window.PictureAsync("ui-zoomed-wide");
        await other.ClickAsync();
        await other.WaitForAsync(new() { State = WaitForSelectorState.Detached });
        await DragAsync();
        await plot.DblClickAsync();
        await other.WaitForAsync(new() { State = WaitForSelectorState.Detached });
        await window.Page.Mouse.MoveAsync(0, 0);

        async Task DragAsync()
        {
            await plot.ScrollIntoViewIfNeededAsync();
            var box = (await plot.BoundingBoxAsync())!;
            var y = box.Y + (box.Height / 2);
            await window.Page.Mouse.MoveAsync(box.X + (box.Width * 0.7f), y);
            await window.Page.Mouse.DownAsync();
            await window.Page.Mouse.MoveAsync(box.X + (box.Width * 0.4f), y, new() { Steps = 4 });
            await window.Page.Locator(".dragged").WaitForAsync();
            await window.Page.Mouse.UpAsync();
            await other.WaitForAsync();
        }
    }

    /// <summary>The number of the last place that a chart shows.</summary>
    private static async Task<int> LastAsync(ILocator plot) =>
        int.Parse((await plot.GetAttributeAsync("aria-valuemax"))!, System.Globalization.CultureInfo.InvariantCulture);

    [Fact]
    public async Task Charts_fit_a_phone_in_the_dark()
    {
        await using var own = await TrainedAsync();
        await using var window = await browser.OpenAsync(own.Address, 390, 844, dark: true);
        await window.Page.GetByLabel("Compare small-rate").CheckAsync();
        await window.Page.GetByLabel("Compare large-rate").CheckAsync();
        await window.FitsAsync();
        await window.Page.GetByRole(AriaRole.Link, new() { Name = "Compare 2 runs" }).ClickAsync();
        await Chart(window, "train/loss").WaitForAsync();
        await window.FitsAsync();
        await window.AccessibleAsync();
        await window.PictureAsync("ui-compare-phone-dark");
        await window.Page.SetViewportSizeAsync(1440, 900);
        await window.DrawnAsync();
        await window.PictureAsync("ui-compare-wide-dark");
        await window.AccessibleAsync();
        await window.Page.GetByRole(AriaRole.Link, new() { Name = "small-rate" }).First.ClickAsync();
        await Chart(window, "Processors").WaitForAsync();
        await window.Page.SetViewportSizeAsync(390, 844);
        await window.FitsAsync();
    }

    private static ILocator Chart(Window window, string name) =>
        window
            .Page.GetByRole(AriaRole.Slider, new() { Name = $"{name}: 1 line" })
            .Or(window.Page.GetByRole(AriaRole.Slider, new() { Name = $"{name}: 2 lines" }));
}
