using Microsoft.Playwright;

namespace Muster;

/// <summary>
/// What was reconstructed is looked at from its run's page, and no page of results gets further than that.
/// </summary>
public sealed class UiScenesPageTests(Browser browser)
{
    [Fact]
    public async Task A_scene_is_seen_from_three_sides_opened_in_the_viewer_and_its_evaluation_shown()
    {
        var room = Path.Combine(Repository.Folder, "samples", "room");
        await using var own = new OwnRuns();
        await File.WriteAllTextAsync(
            Path.Combine(own.Code.FullName, "reconstruct.sh"),
            $"""
            cd $MUSTER_OUT; cp -r {room} droid; muster={MusterProgram.Path}
            $muster scene export droid --names {room}/names.txt --threshold 0.03 --count 2 --subsample 1 --out scene
            $muster scene evaluate ate --ref {room}/groundtruth.txt --est scene/trajectory.tum --plots plots
            """,
            TestContext.Current.CancellationToken
        );
        await own.SubmitCodeAsync("room", "sh", "reconstruct.sh");
        await own.SubmitAsync(
            "hostile",
            "printf 'ply\\nformat ascii 1.0\\nelement vertex 1\\nproperty float x\\n' > $MUSTER_OUT/'<img src=x>.ply'"
        );
        await own.ShowAsync();
        await using var window = await browser.OpenAsync(own.Address, 1440, 900, false, "Failed to load resource");
        await window.Page.GetByRole(AriaRole.Link, new() { Name = "room" }).ClickAsync();
        await window.Page.GetByRole(AriaRole.Tab, new() { Name = "Scenes" }).ClickAsync();
        await window.Page.Locator(".empty button").ClickAsync(); // fetched with a click
        var scene = window.Page.GetByRole(AriaRole.Region, new() { Name = "scene", Exact = true });
        await scene.Locator("img").WaitForAsync();
        await window.Page.GetByRole(AriaRole.Region, new() { Name = "droid" }).Locator("img").WaitForAsync();
        await window.Page.GetByRole(AriaRole.Region, new() { Name = "Evaluation" }).Locator("img").WaitForAsync();
        await window.AccessibleAsync();
        await window.Page.EvaluateAsync("document.querySelector('.panel .tabs').scrollIntoView()");
        await window.Button("Dismiss").ClickAsync();
        await window.PictureAsync("ui-scenes-wide");

        var opened = window.Page.Context.WaitForPageAsync();
        await scene.GetByRole(AriaRole.Button, new() { Name = "Open in the viewer" }).ClickAsync();
        var viewer = await opened;
        var title = viewer.Locator("h1", new() { HasText = "room scene" });
        await title.WaitForAsync();
        var policy = await (await viewer.ReloadAsync())!.HeaderValueAsync("content-security-policy"); // it lasts
        Assert.StartsWith(
            "sandbox allow-scripts; default-src 'none'; script-src 'sha256-",
            policy,
            StringComparison.Ordinal
        );
        await title.WaitForAsync();
        Assert.Equal("null", await viewer.EvaluateAsync<string>("self.origin"));
        // broken on purpose: no script but its own, no style, no request, and no way to the key
        Assert.Equal(
            "refused refused refused",
            await viewer.EvaluateAsync<string>(
                """
                async () => {
                  const script = document.createElement('script');
                  script.textContent = 'window.broken = true';
                  document.body.append(script);
                  const asked = await fetch('/api/v1/sites').then(() => 'answered', () => 'refused');
                  let kept = 'kept';
                  try { localStorage.getItem('x'); } catch { kept = 'refused'; }
                  return [window.broken ? 'ran' : 'refused', asked, kept].join(' ');
                }
                """
            )
        );
        Assert.Equal("", await viewer.Locator("#fault").TextContentAsync());
        await viewer.WaitForFunctionAsync("Number(document.body.dataset.drawn) > 1000");
        if (Environment.GetEnvironmentVariable("RECORD") == "1")
            await viewer.ScreenshotAsync(
                new() { Path = Path.Combine(Repository.Folder, "docs", "pictures", "ui-viewer.png") }
            );

        await window.Page.SetViewportSizeAsync(390, 844);
        await window.FitsAsync();

        // a file that is no whole cloud says so, and its name is text
        await window.Page.GotoAsync(own.Base + "#/");
        await window.Page.GetByRole(AriaRole.Link, new() { Name = "hostile" }).ClickAsync();
        await window.Page.GetByRole(AriaRole.Tab, new() { Name = "Scenes" }).ClickAsync();
        await window.Page.Locator(".empty button").ClickAsync();
        await window
            .Page.GetByRole(AriaRole.Region, new() { Name = "<img src=x>.ply" })
            .Locator(".bone.words")
            .WaitForAsync();
        Assert.Equal(0, await window.Page.Locator("main img").CountAsync());
        await window.AccessibleAsync();
    }
}
