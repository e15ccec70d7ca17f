using System.Diagnostics;
using System.Text;

namespace Muster.Cli.Runs;

/// <summary>A shell line at a terminal of <c>script</c>, at which the test types.</summary>
internal sealed class TypedTerminal : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private readonly Process _process;
    private readonly StringBuilder _shown = new();
    private readonly Task _reading;

    public TypedTerminal(ProcessStartInfo start, string line)
    {
        start.FileName = "script";
        foreach (var word in (string[])["-q", "-e", "-c", line, "/dev/null"])
            start.ArgumentList.Add(word);
        _process = Process.Start(start)!;
        _reading = ReadAsync();
    }

    public string Shown
    {
        get
        {
            lock (_shown)
                return _shown.ToString();
        }
    }

    public async Task KeysAsync(string keys, CancellationToken ct)
    {
        await _process.StandardInput.BaseStream.WriteAsync(Encoding.UTF8.GetBytes(keys), ct);
        await _process.StandardInput.BaseStream.FlushAsync(ct);
    }

    public Task TypeAsync(string line, CancellationToken ct) => KeysAsync(line + "\r", ct);

    /// <summary>Types a line now and then until its answer is shown: nobody knows when the prompt is there.</summary>
    public async Task TypeUntilAsync(string line, string answer, CancellationToken ct)
    {
        for (var since = Stopwatch.StartNew(); !Shown.Contains(answer, StringComparison.Ordinal); )
        {
            Check(since, answer);
            await TypeAsync(line, ct);
            for (var looks = 0; looks < 10 && !Shown.Contains(answer, StringComparison.Ordinal); looks++)
                await Task.Delay(100, ct);
        }
    }

    public async Task UntilAsync(string text, CancellationToken ct)
    {
        for (var since = Stopwatch.StartNew(); !Shown.Contains(text, StringComparison.Ordinal); )
        {
            Check(since, text);
            await Task.Delay(50, ct);
        }
    }

    public async Task<int> EndAsync(CancellationToken ct)
    {
        try
        {
            await _process.WaitForExitAsync(ct).WaitAsync(Patience, ct);
        }
        catch (TimeoutException)
        {
            Assert.Fail($"it does not end, and shows: {Shown}");
        }
        await _reading;
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private void Check(Stopwatch since, string text)
    {
        if (since.Elapsed > Patience || _process.HasExited)
            Assert.Fail($"'{text}' is not in what it shows: {Shown}");
    }

    private async Task ReadAsync()
    {
        var buffer = new char[4096];
        while (await _process.StandardOutput.ReadAsync(buffer) is > 0 and var count)
            lock (_shown)
                _shown.Append(buffer, 0, count);
    }
}
