using System.Diagnostics;
using Muster.Node;

namespace Muster.Gateway.Clients;

/// <summary>
/// Clients that are not ours, by what is documented of each: Python's own HTTP, and curl, against a gateway with a real
/// node.
/// </summary>
public sealed class ClientTests : IAsyncLifetime
{
    private const string Token = "to ken";
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("muster-clients-");
    private TestGateway _gateway = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        var engine = CommandNode.Engine(
            _folder.FullName,
            "mkdir -p \"$1/out\" && cp \"$1\"/images/* \"$1/out\" && echo 'at 50%'; sleep 0.2"
        );
        _gateway = await TestGateway.StartAsync(options =>
            options with
            {
                Engine = _ => Task.FromResult(engine),
                Token = Token,
            }
        );
        await _gateway.UntilAsync(() => _gateway.Host.HasOptions);
        var photos = _folder.CreateSubdirectory("photos").FullName;
        for (var n = 0; n < 12; n++)
            await File.WriteAllBytesAsync(Path.Combine(photos, $"IMG {n:00}.jpg"), TestNode.Bytes(300_000, n), Ct);
    }

    [Theory, InlineData("pyodm"), InlineData("webodm"), InlineData("cloudodm"), InlineData("page")]
    public async Task A_client_finds_what_it_knows_of_NodeODM(string kind)
    {
        var said = await RunAsync(
            "python3",
            Path.Combine(AppContext.BaseDirectory, "clients.py"),
            kind,
            _gateway.Host.Address.ToString(),
            Token,
            Path.Combine(_folder.FullName, "photos")
        );
        Assert.Equal(
            [.. Enumerable.Range(0, 12).Select(n => $"out/IMG {n:00}.jpg"), "task_output.txt"],
            said.Split('\n', StringSplitOptions.RemoveEmptyEntries)
        );
    }

    [Fact]
    public async Task Curl_hands_a_task_in_with_one_line()
    {
        var url = _gateway.Host.Address;
        var said = await RunAsync(
            "curl",
            "-sS",
            "-F",
            $"images=@{_folder.FullName}/photos/IMG 00.jpg",
            "-F",
            $"images=@{_folder.FullName}/photos/IMG 01.jpg",
            "-F",
            "name=by hand",
            $"{url}task/new?token=to%20ken"
        );
        var task = System.Text.Json.JsonDocument.Parse(said).RootElement.GetProperty("uuid").GetGuid();
        await _gateway.UntilAsync(task, NodeOdm.TaskCode.Completed, Token);
        var archive = Path.Combine(_folder.FullName, "all.zip");
        await RunAsync("curl", "-sS", "-o", archive, "-r", "0-99", $"{url}task/{task}/download/all.zip?token=to%20ken");
        await RunAsync("curl", "-sS", "-C", "-", "-o", archive, $"{url}task/{task}/download/all.zip?token=to%20ken");
        using var zip = System.IO.Compression.ZipFile.OpenRead(archive);
        Assert.Equal(3, zip.Entries.Count);
    }

    private static async Task<string> RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(
            new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true }
        )!;
        var errors = process.StandardError.ReadToEndAsync(Ct);
        var output = await process.StandardOutput.ReadToEndAsync(Ct);
        await process.WaitForExitAsync(Ct);
        Assert.True(process.ExitCode == 0, await errors);
        return output;
    }

    public async ValueTask DisposeAsync()
    {
        await _gateway.DisposeAsync();
        _folder.Delete(recursive: true);
    }
}
