using Microsoft.Playwright;

namespace Muster;

/// <summary>The page of those who run a cluster, as they use it.</summary>
public sealed class ClusterPageTests(Browser browser, SharedCluster shared) : IClassFixture<SharedCluster>
{
    private const string Hostile = "<img src=x onerror=alert(1)>\"><script>alert(2)</script> \u202egnp.exe";

    [Fact]
    public async Task A_task_that_a_client_sends_is_seen_at_once_runs_and_shows_its_log_and_where_its_time_went()
    {
        await using var cluster = await Cluster.StartAsync(seconds: 4);
        await using var window = await browser.OpenAsync(cluster.Admin + "#/tasks");
        await window.SeeAsync("No task yet");

        var id = await cluster.HandInAsync("north field", 3);
        await window.Button("Show").ClickAsync();
        await window.Page.GetByRole(AriaRole.Link, new() { Name = "north field" }).ClickAsync();
        await window.SeeAsync("Where the time went");
        await window.Page.GetByRole(AriaRole.Log).WaitForAsync();
        await window.Page.Locator(".title .mark", new() { HasText = "running" }).WaitForAsync();
        await cluster.EndedAsync(id);
        await window.Page.Locator(".title .mark", new() { HasText = "completed" }).WaitForAsync();
        await window.Button("Restart").WaitForAsync();
        await window.AccessibleAsync();

        await window.Page.GetByRole(AriaRole.Tab, new() { Name = "Results" }).ClickAsync();
        await window.Page.Locator(".files button").First.WaitForAsync();
        await window.AccessibleAsync();
        var archive = await window.Page.RunAndWaitForDownloadAsync(() =>
            window.Page.GetByText("Download all").ClickAsync()
        );
        Assert.Equal("all.zip", archive.SuggestedFilename);
        Assert.True(new FileInfo(await archive.PathAsync()).Length > 0);
    }

    [Fact]
    public async Task What_others_wrote_is_shown_as_they_wrote_it_and_does_nothing()
    {
        var cluster = shared.Cluster;
        var id = await cluster.HandInAsync(Hostile);
        await cluster.EndedAsync(id);
        await using var window = await browser.OpenAsync(cluster.Admin + "#/tasks?q=onerror");
        var shown = window.Page.Locator("td.wide a");
        await shown.WaitForAsync();
        Assert.Equal(Hostile.Replace("\u202e", "⟨202E⟩"), await shown.TextContentAsync());
        await shown.ClickAsync();
        await window.Page.GetByRole(AriaRole.Heading, new() { Level = 1 }).WaitForAsync();
        await window.Page.GotoAsync(cluster.Admin + "#/events");
        await window.SeeAsync("<img src=x onerror=alert(1)>");
        Assert.Equal(0, await window.Page.Locator("#page img, #page script").CountAsync());

        await using var clients = await browser.OpenAsync(cluster.Public);
        await clients.SeeAsync("<img src=x onerror=alert(1)>");
        Assert.Equal(0, await clients.Page.Locator("#page img, #page script").CountAsync());
    }

    [Fact]
    public async Task The_policy_lets_no_foreign_script_run_and_no_text_become_markup()
    {
        var cluster = shared.Cluster;
        foreach (var address in (string[])[cluster.Admin, cluster.Public])
        {
            await using var window = await browser.OpenAsync(address);
            window.Expected.AddRange(["Content Security Policy", "Trusted Type", "TrustedHTML", "TrustedScript"]);
            Assert.Equal(
                "TypeError, undefined",
                await window.Page.EvaluateAsync<string>(
                    """
                    () => {
                      let thrown = 'nothing';
                      try { document.body.innerHTML = '<b>x</b>'; } catch (fault) { thrown = fault.name; }
                      const script = document.createElement('script');
                      script.appendChild(document.createTextNode('window.broken = true'));
                      try { document.body.append(script); } catch { }
                      return `${thrown}, ${window.broken}`;
                    }
                    """
                )
            );
        }
    }

    [Fact]
    public async Task A_node_is_tried_while_its_address_is_typed_then_added_locked_and_unlocked_by_undo()
    {
        await using var cluster = await Cluster.StartAsync(nodes: 0);
        var port = await cluster.AddNodeAsync(1);
        await using var window = await browser.OpenAsync(cluster.Admin + "#/nodes");
        await window.Page.Locator("td .mark", new() { HasText = "online" }).WaitForAsync();
        await window.Button("Add a node").ClickAsync();
        var address = window.Page.GetByLabel("Address");
        await address.FillAsync("127.0.0.1:9");
        await window.Page.Locator("dialog .error").WaitForAsync();
        await window.AccessibleAsync();
        await address.FillAsync($"127.0.0.1:{port}");
        await window.SeeAsync("It answers in");
        await window.Button("Add").ClickAsync();
        var row = window.Page.Locator("tbody tr", new() { HasText = $"127.0.0.1:{port}" });
        await row.Locator(".mark", new() { HasText = "online" }).WaitForAsync();

        await row.GetByRole(AriaRole.Button, new() { Name = "Lock" }).ClickAsync();
        await row.Locator(".mark", new() { HasText = "locked" }).WaitForAsync();
        await window.Button("Undo").ClickAsync();
        await row.Locator(".mark", new() { HasText = "online" }).WaitForAsync();

        await row.GetByRole(AriaRole.Link).ClickAsync();
        await window.Page.Locator("h1", new() { HasText = $"127.0.0.1:{port}" }).WaitForAsync();
        var chart = window.Page.GetByRole(AriaRole.Slider, new() { Name = "Tasks: 2 lines" });
        await chart.FocusAsync();
        await chart.PressAsync("End");
        await window.Page.Locator("[aria-valuetext*='tasks 0']").First.WaitForAsync();
        await window.SeeAsync("Known since");
        await window.AccessibleAsync();
        await window.Page.Locator("button.chip", new() { HasText = "6 h" }).ClickAsync();
        Assert.EndsWith("?hours=6", window.Page.Url, StringComparison.Ordinal);
        await window.Page.GetByRole(AriaRole.Link, new() { Name = "0 tasks active; show all" }).ClickAsync();
        Assert.Contains("/tasks?node=", window.Page.Url, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_gateway_that_is_killed_is_missed_and_what_is_shown_after_its_start_is_true()
    {
        await using var cluster = await Cluster.StartAsync(nodes: 1, seconds: 0.2);
        await cluster.EndedAsync(await cluster.HandInAsync("before"));
        await using var window = await browser.OpenAsync(cluster.Admin + "#/tasks");
        window.Expected.AddRange(["ERR_", "Failed to load resource"]);
        await window.SeeAsync("before");
        await cluster.KillGatewayAsync();
        await window.SeeAsync("No contact since");
        await window.SeeAsync("before");
        await cluster.StartGatewayAsync();
        await window.Page.Locator(".contact.live").WaitForAsync();
        await cluster.HandInAsync("after");
        await window.Button("Show").ClickAsync();
        await window.SeeAsync("after");
    }

    [Fact]
    public async Task It_is_used_without_a_mouse()
    {
        var cluster = shared.Cluster;
        await cluster.EndedAsync(await cluster.HandInAsync("meadow"));
        await using var window = await browser.OpenAsync(cluster.Admin);
        var keys = window.Page.Keyboard;
        await window.SeeAsync("Nodes and their tasks");
        await keys.PressAsync("Control+k");
        await window.Page.GetByRole(AriaRole.Combobox).WaitForAsync();
        await keys.TypeAsync("mead");
        await window.Page.GetByRole(AriaRole.Option, new() { Name = "meadow task" }).WaitForAsync();
        await keys.PressAsync("Enter");
        await window.Page.GetByRole(AriaRole.Heading, new() { Name = "meadow" }).WaitForAsync();
        await keys.PressAsync("g");
        await keys.PressAsync("n");
        await window.Page.GetByRole(AriaRole.Heading, new() { Name = "Nodes" }).WaitForAsync();
        await keys.PressAsync("g");
        await keys.PressAsync("t");
        await window.Page.Locator("a[data-row]").First.WaitForAsync();
        await keys.PressAsync("/");
        await keys.TypeAsync("meadow");
        await window.Page.WaitForURLAsync("**/#/tasks?q=meadow");
        await keys.PressAsync("Tab");
        // the rows of before stand there until the answer comes
        await Assertions
            .Expect(window.Page.Locator("a[data-row]"))
            .ToHaveCountAsync(1, new() { Timeout = (float)Cluster.Patience.TotalMilliseconds });
        await keys.PressAsync("j");
        await keys.PressAsync("Enter");
        await window.Page.GetByRole(AriaRole.Heading, new() { Name = "meadow" }).WaitForAsync();
        await keys.PressAsync("?");
        await window.SeeAsync("go to overview");
        await window.AccessibleAsync();
    }

    [Fact]
    public async Task Filters_stand_in_the_address_and_each_is_taken_away_by_itself()
    {
        var cluster = shared.Cluster;
        foreach (var name in (string[])["harbour north", "harbour south", "quarry"])
            await cluster.EndedAsync(await cluster.HandInAsync(name));
        await using var window = await browser.OpenAsync(cluster.Admin + "#/tasks?q=harbour");
        await window.SeeAsync("harbour north");
        Assert.Equal(2, await window.Page.Locator("a[data-row]").CountAsync());
        await window.Page.Locator("button.chip", new() { HasText = "failed" }).ClickAsync();
        await window.SeeAsync("No task fits");
        Assert.EndsWith("#/tasks?q=harbour&state=failed", window.Page.Url);
        await window.Page.ReloadAsync();
        await window.SeeAsync("No task fits");
        await window.Page.Locator(".empty .chip", new() { HasText = "is failed" }).ClickAsync();
        await window.SeeAsync("harbour south");
        await window.AccessibleAsync();
    }

    [Fact]
    public async Task With_a_password_the_page_asks_for_it_and_an_open_window_is_signed_out_from_another()
    {
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, "right", TestContext.Current.CancellationToken);
        await using var cluster = await Cluster.StartAsync(nodes: 0, arguments: ["--admin-pass-file", file]);
        File.Delete(file);
        await using var window = await browser.OpenAsync(
            cluster.Admin + "#/tasks",
            expected: "Failed to load resource" // 401
        );
        await window.Page.GetByLabel("Password").FillAsync("wrong");
        await window.Button("Sign in").ClickAsync();
        await window.SeeAsync("the password is wrong");
        await window.AccessibleAsync();
        await window.Page.GetByLabel("Password").FillAsync("right");
        await window.Button("Sign in").ClickAsync();
        await window.Page.Locator(".contact.live").WaitForAsync();
        await window.SeeAsync("No task yet");
        await window.Page.ReloadAsync();
        await window.SeeAsync("No task yet");

        var other = await window.Page.Context.NewPageAsync();
        await other.GotoAsync(cluster.Admin);
        await other.GetByRole(AriaRole.Button, new() { Name = "Sign out" }).ClickAsync();
        await window.Page.GetByLabel("Password").WaitForAsync();
    }
}

/// <summary>A cluster whose tests do not get in each other's way.</summary>
public sealed class SharedCluster : IAsyncLifetime
{
    internal Cluster Cluster { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Cluster = await Cluster.StartAsync(nodes: 1, seconds: 0.1);

    public ValueTask DisposeAsync() => Cluster.DisposeAsync();
}
