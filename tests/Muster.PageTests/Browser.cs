using Deque.AxeCore.Playwright;
using Microsoft.Playwright;

[assembly: AssemblyFixture(typeof(Muster.Browser))]

namespace Muster;

/// <summary>The machine's Chromium, one for all tests; each has windows of its own.</summary>
public sealed class Browser : IAsyncLifetime
{
    private IPlaywright? _playwright;
    private IBrowser? _browser;

    public async ValueTask InitializeAsync()
    {
        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(
            new()
            {
                ExecutablePath = Environment.GetEnvironmentVariable("CHROMIUM") ?? "/usr/bin/chromium",
                Args =
                [
                    "--no-sandbox",
                    "--disable-gpu",
                    "--disable-quic",
                    "--no-first-run",
                    "--disable-background-networking",
                    "--disable-component-update",
                    "--disable-sync",
                ],
            }
        );
    }

    internal async Task<Window> OpenAsync(
        string address,
        int width = 1440,
        int height = 900,
        bool dark = false,
        params string[] expected
    )
    {
        var context = await _browser!.NewContextAsync(
            new()
            {
                ViewportSize = new() { Width = width, Height = height },
                ColorScheme = dark ? ColorScheme.Dark : ColorScheme.Light,
                TimezoneId = "UTC",
                Locale = "en-GB",
            }
        );
        context.SetDefaultTimeout((float)Cluster.Patience.TotalMilliseconds);
        var window = new Window(context, await context.NewPageAsync(), new Uri(address));
        window.Expected.AddRange(expected);
        await window.Page.GotoAsync(address);
        return window;
    }

    public async ValueTask DisposeAsync()
    {
        if (_browser is not null)
            await _browser.DisposeAsync();
        _playwright?.Dispose();
    }
}

/// <summary>
/// A window in which nothing may go wrong unseen: no word in the console, no breach of the policy, no request to
/// elsewhere, no dialog of the browser.
/// </summary>
internal sealed class Window : IAsyncDisposable
{
    private static readonly string[] Rules = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"];
    private readonly IBrowserContext _context;
    private readonly List<string> _wrong = [];

    public Window(IBrowserContext context, IPage page, Uri address)
    {
        (_context, Page) = (context, page);
        page.Console += (_, said) =>
        {
            if (said.Type is "error" or "warning" && !Expected.Any(part => said.Text.Contains(part)))
                _wrong.Add($"console: {said.Text}");
        };
        page.PageError += (_, fault) => _wrong.Add($"fault: {fault}");
        page.Dialog += (_, dialog) =>
        {
            if (dialog.Type == DialogType.BeforeUnload) // who leaves in the midst of an upload is asked
            {
                _ = dialog.AcceptAsync();
                return;
            }
            _wrong.Add($"dialog: {dialog.Message}");
            _ = dialog.DismissAsync();
        };
        page.Request += (_, request) =>
        {
            if (new Uri(request.Url) is { Scheme: not ("data" or "blob") } url && url.Authority != address.Authority)
                _wrong.Add($"request to {request.Url}");
        };
    }

    public IPage Page { get; }

    /// <summary>What the console may say, as the test brings it about.</summary>
    public List<string> Expected { get; } = [];

    public IReadOnlyList<string> Wrong => _wrong;

    public ILocator Text(string text) => Page.GetByText(text).First;

    public Task SeeAsync(string text) => Text(text).WaitForAsync();

    public ILocator Button(string name) => Page.GetByRole(AriaRole.Button, new() { Name = name, Exact = true }).First;

    public async Task AccessibleAsync()
    {
        var found = await Page.RunAxe(
            new Deque.AxeCore.Commons.AxeRunOptions
            {
                RunOnly = new Deque.AxeCore.Commons.RunOnlyOptions { Type = "tag", Values = [.. Rules] },
            }
        );
        Assert.Empty(
            found.Violations.Select(rule =>
                $"{rule.Id}: {rule.Help}: {string.Join("; ", rule.Nodes.Select(node => node.Html))}"
            )
        );
    }

    /// <summary>What was asked for is on the screen.</summary>
    public Task DrawnAsync() =>
        Page.EvaluateAsync(
            "() => new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(() => drawn())))"
        );

    /// <summary>Nothing is wider than the window, but for what scrolls by itself.</summary>
    public async Task FitsAsync() =>
        Assert.True(
            await Page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= innerWidth"),
            "the page scrolls sideways"
        );

    /// <summary>Taken anew with RECORD=1, as ports and times differ each time; else it is there already.</summary>
    public async Task PictureAsync(string name)
    {
        var path = Path.Combine(Repository.Folder, "docs", "pictures", $"{name}.png");
        if (Environment.GetEnvironmentVariable("RECORD") == "1")
            await Page.ScreenshotAsync(new() { Path = path, Animations = ScreenshotAnimations.Disabled });
        Assert.True(File.Exists(path), $"there is no picture {path}; RECORD=1 takes it");
    }

    public async ValueTask DisposeAsync()
    {
        await _context.DisposeAsync();
        if (TestContext.Current.TestState?.Result is not TestResult.Failed)
            Assert.Empty(_wrong);
    }
}
