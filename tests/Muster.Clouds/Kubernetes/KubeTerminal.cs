using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Muster.Clouds.Kubernetes;

/// <summary>A terminal of a container: <c>script</c> holds it, and its size comes over the socket.</summary>
internal sealed class KubeTerminal : IDisposable
{
    private readonly string _device = Path.Combine(Path.GetTempPath(), $"muster-standin-{Guid.NewGuid():N}");

    /// <summary>The command at a terminal whose name is written down before it begins.</summary>
    public string[] Within(IReadOnlyList<string> command)
    {
        var words = string.Join(' ', command.Select(word => $"'{word.Replace("'", @"'\''")}'"));
        return
        [
            "script",
            "-q",
            "-e",
            "-c",
            $"tty >'{_device}.new'; mv '{_device}.new' '{_device}'; exec {words}",
            "/dev/null",
        ];
    }

    public async Task ResizeAsync(ReadOnlyMemory<byte> message, CancellationToken ct)
    {
        using var size = JsonDocument.Parse(message);
        while (!File.Exists(_device))
            await Task.Delay(20, ct);
        using var stty = Process.Start(
            "stty",
            [
                "-F",
                (await File.ReadAllTextAsync(_device, ct)).Trim(),
                "rows",
                size.RootElement.GetProperty("Height").GetInt32().ToString(CultureInfo.InvariantCulture),
                "cols",
                size.RootElement.GetProperty("Width").GetInt32().ToString(CultureInfo.InvariantCulture),
            ]
        );
        await stty.WaitForExitAsync(ct);
    }

    public void Dispose() => File.Delete(_device);
}
