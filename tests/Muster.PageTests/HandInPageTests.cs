using System.IO.Compression;
using Microsoft.Playwright;

namespace Muster;

/// <summary>The page where photos are handed in, of a gateway and of a node, as people use it.</summary>
public sealed class HandInPageTests(Browser browser)
{
    [Theory, InlineData("gateway"), InlineData("node")]
    public async Task Photos_are_chosen_sent_computed_and_their_results_downloaded(string server)
    {
        await using var cluster = await Cluster.StartAsync(nodes: 1, seconds: 1);
        await using var window = await browser.OpenAsync(
            server == "node" ? $"http://127.0.0.1:{cluster.NodePorts[0]}/" : cluster.Public
        );
        await window.SeeAsync("Drop photos or a folder here");
        await window.AccessibleAsync();
        await ChooseAsync(window, [1, 2, 3]);
        await window.SeeAsync("3 photos");
        await window.Button("Leave out field_02.jpg").ClickAsync();
        await window.SeeAsync("field_02.jpg is left out");
        await window.Page.GetByRole(AriaRole.Textbox, new() { Name = "Name", Exact = true }).FillAsync("quarry");
        await window.Button("Send 2 photos").ClickAsync();
        await window.Page.Locator(".taskcard", new() { HasText = "quarry" }).WaitForAsync();
        var link = window.Page.GetByRole(AriaRole.Link, new() { Name = "Download" });
        await link.WaitForAsync();
        var download = await window.Page.RunAndWaitForDownloadAsync(() => link.ClickAsync());
        await using var archive = await ZipFile.OpenReadAsync(
            await download.PathAsync(),
            TestContext.Current.CancellationToken
        );
        Assert.Contains(archive.Entries, entry => entry.FullName == "odm_orthophoto/odm_orthophoto.tif");
        await window.SeeAsync("2 photos");
        await window.Button("Log").ClickAsync();
        await window.Page.GetByRole(AriaRole.Log).WaitForAsync();
        await window.AccessibleAsync();
        // one file out of the archive, which is not downloaded for it
        await window.Button("Results").ClickAsync();
        const string map = "odm_orthophoto/odm_orthophoto.tif";
        await window.Page.Locator(".files button", new() { HasText = map }).ClickAsync();
        await window.AccessibleAsync();
        var alone = await window.Page.RunAndWaitForDownloadAsync(() => window.Button("Download").ClickAsync());
        Assert.Equal("odm_orthophoto.tif", alone.SuggestedFilename);
        await using var wanted = await archive.GetEntry(map)!.OpenAsync(TestContext.Current.CancellationToken);
        using var copy = new MemoryStream();
        await wanted.CopyToAsync(copy, TestContext.Current.CancellationToken);
        Assert.Equal(
            copy.ToArray(),
            await File.ReadAllBytesAsync(await alone.PathAsync(), TestContext.Current.CancellationToken)
        );
    }

    [Fact]
    public async Task Where_a_token_is_needed_it_is_asked_for_and_leaves_no_trace_in_the_address()
    {
        await using var cluster = await Cluster.StartAsync(nodes: 0, arguments: ["--token", "right"]);
        await using var window = await browser.OpenAsync(cluster.Public, expected: "Failed to load resource"); // 401
        await window.Page.GetByLabel("Token").FillAsync("wrong");
        await window.Button("Sign in").ClickAsync();
        await window.SeeAsync("This token is not accepted");
        await window.AccessibleAsync();
        await window.Page.GetByLabel("Token").FillAsync("right");
        await window.Button("Sign in").ClickAsync();
        await window.SeeAsync("Drop photos or a folder here");

        await using var link = await browser.OpenAsync(cluster.Public + "?token=right");
        await link.SeeAsync("Drop photos or a folder here");
        Assert.Equal(cluster.Public, link.Page.Url);
    }

    [Fact]
    public async Task A_gateway_that_is_away_in_the_middle_of_an_upload_has_each_photo_once_when_it_is_back()
    {
        await using var cluster = await Cluster.StartAsync(nodes: 0);
        await using var window = await browser.OpenAsync(cluster.Public);
        window.Expected.AddRange(["ERR_", "Failed to load resource"]);
        await window.SeeAsync("Drop photos or a folder here");
        await ChooseAsync(window, [1, 2, 3, 4, 5, 6, 7]);
        await cluster.KillGatewayAsync();
        await window.Button("Send 7 photos").ClickAsync();
        await window.SeeAsync("Waiting for the server");
        await window.AccessibleAsync();
        await cluster.StartGatewayAsync();
        await window.Page.Locator(".taskcard").WaitForAsync();
        Assert.Equal(
            7,
            (await cluster.AskAsync("api/v1/tasks")).GetProperty("tasks")[0].GetProperty("images").GetInt32()
        );
    }

    [Fact]
    public async Task An_upload_that_a_reload_has_cut_off_goes_on_where_it_stopped()
    {
        await using var cluster = await Cluster.StartAsync(nodes: 0);
        await using var window = await browser.OpenAsync(cluster.Public);
        window.Expected.AddRange(["ERR_", "Failed to load resource"]);
        await window.SeeAsync("Drop photos or a folder here");
        await ChooseAsync(window, [1, 2, 3, 4, 5, 6, 7]);
        await window.Page.GetByRole(AriaRole.Textbox, new() { Name = "Name", Exact = true }).FillAsync("north field");
        // Some arrive, and then the network is gone.
        var sent = 0;
        await window.Page.RouteAsync(
            "**/task/new/upload/**",
            route => Interlocked.Increment(ref sent) <= 4 ? route.ContinueAsync() : route.AbortAsync()
        );
        var arrived = 0;
        using var four = new SemaphoreSlim(0);
        window.Page.Response += (_, answer) =>
        {
            if (answer.Url.Contains("/task/new/upload/") && Interlocked.Increment(ref arrived) == 4)
                four.Release();
        };
        await window.Button("Send 7 photos").ClickAsync();
        await window.SeeAsync("Waiting for the server");
        Assert.True(await four.WaitAsync(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken));

        await window.Page.UnrouteAllAsync();
        await window.Page.ReloadAsync();
        await window.SeeAsync("4 of 7 files arrived");
        await window.AccessibleAsync();
        // What is missing among those that were chosen again is named.
        await ChooseAsync(window, [1, 2]);
        await window.SeeAsync("not among them");
        await window.AccessibleAsync();
        await ChooseAsync(window, [1, 2, 3, 4, 5, 6, 7]);
        await window.Page.Locator(".taskcard", new() { HasText = "north field" }).WaitForAsync();
        Assert.Equal(
            7,
            (await cluster.AskAsync("api/v1/tasks")).GetProperty("tasks")[0].GetProperty("images").GetInt32()
        );
        await window.Page.ReloadAsync();
        await window.SeeAsync("Drop photos or a folder here");
    }

    private static Task ChooseAsync(Window window, int[] photos) =>
        window.Page.Locator("input[type=file]").First.SetInputFilesAsync([.. photos.Select(Cluster.PhotoPath)]);
}
