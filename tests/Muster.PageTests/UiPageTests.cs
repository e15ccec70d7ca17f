using Microsoft.Playwright;

namespace Muster;

/// <summary>The page of one's own runs, as whoever starts them uses it.</summary>
public sealed class UiPageTests(Browser browser)
{
    [Fact]
    public async Task A_run_is_followed_explained_and_its_results_are_looked_at()
    {
        await using var own = new OwnRuns();
        await own.SubmitAsync(
            "north-field",
            $"for n in 1 2 3 4 5 6 7 8 9; do echo \"epoch $n  loss 0.$((100 - n * 9))\"; done; "
                + $"echo 'Warning: 2 photos are blurred' >&2; mkdir $MUSTER_OUT/photos; "
                + $"cp {string.Join(' ', Enumerable.Range(1, 5).Select(Cluster.PhotoPath))} $MUSTER_OUT/photos; "
                + "printf 'epoch,loss\\n1,0.91\\n' > $MUSTER_OUT/metrics.csv"
        );
        await own.SubmitAsync("broken", "exit 3 # <img src=x onerror=alert(1)>");
        await own.SubmitAsync("long", $"true {string.Join(' ', Enumerable.Range(1, 900))} last");
        await own.SubmitAsync(
            "train",
            "echo begun; exec python3 -m http.server --bind 127.0.0.1 $MUSTER_PORT_WEB",
            "--detach",
            "--port",
            "web"
        );
        await own.ShowAsync();
        await using var window = await browser.OpenAsync(own.Address);
        await window.SeeAsync("north-field");
        Assert.Equal(own.Base, window.Page.Url.Split('#')[0]);
        await window.Page.Locator(".mark", new() { HasText = "failed, code 3" }).WaitForAsync();
        await window.AccessibleAsync();

        await window.Page.GetByRole(AriaRole.Link, new() { Name = "train", Exact = true }).ClickAsync();
        await window.Page.Locator(".log li", new() { HasText = "begun" }).WaitForAsync();
        var port = window.Page.Context.WaitForPageAsync();
        await window.Button("Open web").ClickAsync();
        await (await port).GetByText("Directory listing").First.WaitForAsync();
        await window.Button("Cancel").ClickAsync();
        await window.Button("Cancel the run").ClickAsync();
        await window.Page.Locator(".title .mark", new() { HasText = "cancelled" }).WaitForAsync();

        await window.Page.GotoAsync(own.Base + "#/");
        await window.Page.GetByRole(AriaRole.Link, new() { Name = "long", Exact = true }).ClickAsync();
        // a long command is a few lines high, and read to its end by keys
        var command = window.Page.GetByRole(AriaRole.Region, new() { Name = "Command" });
        await command.FocusAsync();
        Assert.InRange(await command.EvaluateAsync<double>("box => box.clientHeight"), 20, 120);
        Assert.True(await command.EvaluateAsync<bool>("box => box.scrollHeight > box.clientHeight"));
        await command.PressAsync("End");
        await command.EvaluateAsync(
            "box => new Promise(moved => (box.scrollTop > 0 ? moved() : box.addEventListener('scroll', moved)))"
        );
        await window.AccessibleAsync();

        await window.Page.GotoAsync(own.Base + "#/");
        await window.Page.GetByRole(AriaRole.Link, new() { Name = "north-field" }).ClickAsync();
        await window.Page.Locator(".log li", new() { HasText = "epoch 9" }).WaitForAsync();
        await window.AccessibleAsync();
        await window.Page.GetByRole(AriaRole.Tab, new() { Name = "Why" }).ClickAsync();
        await window.SeeAsync("north-field succeeded");
        await window.Page.GetByRole(AriaRole.Tab, new() { Name = "Results" }).ClickAsync();
        await window.Page.Locator(".empty button").ClickAsync();
        await window.Page.Locator(".pictures img").Nth(4).WaitForAsync();
        await window.AccessibleAsync();
        await window.Page.Locator(".files button", new() { HasText = "metrics.csv" }).ClickAsync();
        await window.SeeAsync("epoch,loss");
        await window.AccessibleAsync();
    }

    [Fact]
    public async Task Its_address_works_once_and_it_fits_a_phone_in_the_dark()
    {
        await using var own = new OwnRuns();
        await own.SubmitAsync("north-field", "echo hello");
        await own.ShowAsync();
        await using var window = await browser.OpenAsync(own.Address, 390, 844, dark: true);
        await window.SeeAsync("north-field");
        await window.FitsAsync();
        await window.AccessibleAsync();
        await window.PictureAsync("ui-runs-phone-dark");
        await window.Page.ReloadAsync();
        await window.Page.GetByRole(AriaRole.Link, new() { Name = "north-field" }).ClickAsync();
        await window.Page.Locator(".log li", new() { HasText = "hello" }).WaitForAsync();
        await window.FitsAsync();
        await window.Page.GotoAsync(own.Base + "#/sites");
        await window.Button("Check").ClickAsync();
        await window.Page.Locator(".needs li").First.WaitForAsync();
        await window.FitsAsync();
        await window.AccessibleAsync();

        await using var second = await browser.OpenAsync(own.Address, expected: "Failed to load resource"); // 401
        await second.SeeAsync("This window is not signed in");
        await second.AccessibleAsync();
    }
}
