using System.Diagnostics;
using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Muster.Gateway;

namespace Muster;

/// <summary>
/// What each released version wrote is opened by the program of today: the list of runs, a run's folder, and a
/// gateway's data. Each archive holds a home with an ended run named <c>kept</c> and a gateway with a completed task.
/// </summary>
public sealed class ReleasedStateTests : IDisposable
{
    // Paths of where they were written stand in them: another folder has a name of the same length.
    private const string Written = "/tmp/muster-kept-00000000";
    private readonly string _folder = $"/tmp/muster-kept-{Guid.NewGuid().ToString("N")[..8]}";

    public static TheoryData<string> Released =>
        [
            .. Directory
                .GetFiles(Path.Combine(AppContext.BaseDirectory, "Recorded", "released"))
                .Select(path => Path.GetFileName(path).Replace(".tar.gz", "")),
        ];

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [MemberData(nameof(Released))]
    public async Task Its_runs_are_listed_read_and_fetched(string version)
    {
        Restore(version);

        Assert.Contains("\"kept\"", await SaysAsync("ps", "--json"));
        Assert.Equal("hello\n", await SaysAsync("logs", "kept"));
        await SaysAsync("fetch", "kept");
        Assert.Equal(
            "result\n",
            await File.ReadAllTextAsync(
                Path.Combine(_folder, "code", "muster-out", "kept-1", "r.txt"),
                TestContext.Current.CancellationToken
            )
        );
    }

    [Theory]
    [MemberData(nameof(Released))]
    public async Task Its_gateway_goes_on(string version)
    {
        Restore(version);
        await using var gateway = new GatewayProcess("--engine", "test", "--data", Path.Combine(_folder, "gateway"));
        await gateway.StartAsync();
        using var http = new HttpClient { BaseAddress = gateway.Address };
        var ct = TestContext.Current.CancellationToken;

        using var list = JsonDocument.Parse(await http.GetStringAsync("task/list", ct));
        var task = list.RootElement[0].GetProperty("uuid").GetString();
        using var info = JsonDocument.Parse(await http.GetStringAsync($"task/{task}/info", ct));
        Assert.Equal(40, info.RootElement.GetProperty("status").GetProperty("code").GetInt32());
        await using var zip = new ZipArchive(
            new MemoryStream(await http.GetByteArrayAsync($"task/{task}/download/all.zip", ct))
        );
        Assert.NotNull(zip.GetEntry("odm_orthophoto/odm_orthophoto.tif"));
    }

    private void Restore(string version)
    {
        Directory.CreateDirectory(_folder);
        using var archive = File.OpenRead(
            Path.Combine(AppContext.BaseDirectory, "Recorded", "released", $"{version}.tar.gz")
        );
        using var plain = new GZipStream(archive, CompressionMode.Decompress);
        TarFile.ExtractToDirectory(plain, _folder, overwriteFiles: false);
        foreach (var file in Directory.EnumerateFiles(_folder, "*", SearchOption.AllDirectories))
        {
            if (new FileInfo(file).LinkTarget is not null)
                continue;
            var text = Encoding.Latin1.GetString(File.ReadAllBytes(file));
            if (text.Contains(Written, StringComparison.Ordinal))
                File.WriteAllBytes(
                    file,
                    Encoding.Latin1.GetBytes(text.Replace(Written, _folder, StringComparison.Ordinal))
                );
        }
    }

    private async Task<string> SaysAsync(params string[] words)
    {
        var start = new ProcessStartInfo(MusterProgram.Path, words)
        {
            WorkingDirectory = Path.Combine(_folder, "code"),
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment.Clear();
        start.Environment["PATH"] = Environment.GetEnvironmentVariable("PATH");
        start.Environment["HOME"] = Path.Combine(_folder, "home");
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var said = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == 0, $"muster {string.Join(' ', words)}: {await errors}");
        return said;
    }
}
