using System.Diagnostics;
using System.Net.WebSockets;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Muster.Scenes;

/// <summary>A Chromium without a display, spoken to by its own protocol for developers.</summary>
internal sealed partial class Browser : IAsyncDisposable
{
    private readonly Process _process;
    private readonly ClientWebSocket _socket = new();
    private int _last;

    private Browser(Process process) => _process = process;

    public static async Task<Browser> OpenAsync(string folder, string page, CancellationToken ct)
    {
        // Its pictures are made by the processor: there is no other way here.
        string[] words =
        [
            "--headless",
            "--no-sandbox",
            "--use-angle=swiftshader",
            "--enable-unsafe-swiftshader",
            "--hide-scrollbars",
            "--window-size=1000,700",
            "--remote-debugging-port=0",
            $"--user-data-dir={folder}",
            $"file://{page}",
        ];
        var browser = new Browser(
            Process.Start(new ProcessStartInfo("chromium", words) { RedirectStandardError = true })!
        );
        try
        {
            await browser.ConnectAsync($"file://{page}", ct);
            return browser;
        }
        catch
        {
            await browser.DisposeAsync();
            throw;
        }
    }

    /// <summary>What an expression of the page is, as text; nothing while the page is not that far.</summary>
    public async Task<string?> AskAsync(string expression, CancellationToken ct) =>
        (await SayAsync("Runtime.evaluate", new { expression = $"String({expression})" }, ct))
            .GetProperty("result")
            .TryGetProperty("value", out var value)
            ? value.GetString()
            : null;

    public async Task UntilAsync(string expression, CancellationToken ct)
    {
        var began = Stopwatch.GetTimestamp();
        while (await AskAsync(expression, ct) != "true")
        {
            if (Stopwatch.GetElapsedTime(began) > TimeSpan.FromMinutes(5))
                Assert.Fail(
                    $"it never came true: {expression}; {await AskAsync("JSON.stringify(document.body?.dataset)", ct)}"
                );
            await Task.Delay(50, ct); // the page needs the processor more
        }
    }

    public async Task<byte[]> PictureAsync(CancellationToken ct) =>
        (await SayAsync("Page.captureScreenshot", new { format = "png" }, ct)).GetProperty("data").GetBytesFromBase64();

    public async Task DragAsync(int x, int y, int toX, int toY, CancellationToken ct)
    {
        await SayAsync(
            "Input.dispatchMouseEvent",
            new
            {
                type = "mousePressed",
                x,
                y,
                button = "left",
                buttons = 1,
                clickCount = 1,
            },
            ct
        );
        await SayAsync(
            "Input.dispatchMouseEvent",
            new
            {
                type = "mouseMoved",
                x = toX,
                y = toY,
                button = "left",
                buttons = 1,
            },
            ct
        );
        await SayAsync(
            "Input.dispatchMouseEvent",
            new
            {
                type = "mouseReleased",
                x = toX,
                y = toY,
                button = "left",
                clickCount = 1,
            },
            ct
        );
    }

    public async ValueTask DisposeAsync()
    {
        _socket.Dispose();
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync(CancellationToken.None);
        _process.Dispose();
    }

    private async Task ConnectAsync(string page, CancellationToken ct)
    {
        string? line;
        do line =
            await _process.StandardError.ReadLineAsync(ct) ?? throw new InvalidOperationException("chromium ended");
        while (!Listening().IsMatch(line));
        _ = _process.StandardError.ReadToEndAsync(ct);
        using var http = new HttpClient { BaseAddress = new($"http://{Listening().Match(line).Groups[1].Value}/") };
        string? address = null;
        for (
            var began = Stopwatch.GetTimestamp();
            address is null;
            Assert.True(Stopwatch.GetElapsedTime(began) < TimeSpan.FromSeconds(120), "chromium has no page")
        )
        {
            using var pages = JsonDocument.Parse(await http.GetStringAsync("json", ct));
            address = pages
                .RootElement.EnumerateArray()
                .Where(one => one.GetProperty("url").GetString()!.StartsWith(page, StringComparison.Ordinal))
                .Select(one => one.GetProperty("webSocketDebuggerUrl").GetString())
                .FirstOrDefault();
        }
        await _socket.ConnectAsync(new(address), ct);
        await UntilAsync("document.readyState === 'complete'", ct);
    }

    private async Task<JsonElement> SayAsync(string method, object parameters, CancellationToken ct)
    {
        var id = ++_last;
        await _socket.SendAsync(
            JsonSerializer.SerializeToUtf8Bytes(
                new
                {
                    id,
                    method,
                    @params = parameters,
                }
            ),
            WebSocketMessageType.Text,
            true,
            ct
        );
        var buffer = new byte[1 << 16];
        while (true)
        {
            using var message = new MemoryStream();
            ValueWebSocketReceiveResult got;
            do
            {
                got = await _socket.ReceiveAsync(buffer.AsMemory(), ct);
                message.Write(buffer, 0, got.Count);
            } while (!got.EndOfMessage);
            using var answer = JsonDocument.Parse(message.ToArray());
            if (answer.RootElement.TryGetProperty("id", out var which) && which.GetInt32() == id)
                return answer.RootElement.GetProperty("result").Clone();
        }
    }

    [GeneratedRegex("DevTools listening on ws://([^/]+)/")]
    private static partial Regex Listening();
}
