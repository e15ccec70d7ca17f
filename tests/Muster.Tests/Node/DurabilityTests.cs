using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Muster.Node.Engines;
using static Muster.Node.TestNode;

namespace Muster.Node;

/// <summary>A real `muster node`, killed with -9 while tasks are in every phase.</summary>
public sealed class DurabilityTests : IDisposable
{
    private readonly string _folder = NewFolder();
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false });

    [Fact]
    public async Task A_killed_node_loses_nothing_and_what_ran_goes_on()
    {
        // The engine notes each start, and ends when it is told to.
        var engine = CommandNode.Describe(
            _folder,
            $$"""
            echo "$$" >>"{{_folder}}/starts"
            echo at 40%
            mkdir -p "$1/out"
            while [ ! -e "{{_folder}}/go" ]; do sleep 0.05; done
            echo done | tee "$1/out/result"
            """
        );
        var port = Gateway.GatewayProcess.FreePort();
        using var stalled = new TcpListener(IPAddress.Loopback, 0); // takes a connection, never answers
        stalled.Start();

        var node = await RunAsync(port, engine);
        await File.WriteAllTextAsync(Path.Combine(_folder, "go"), "", Ct);
        var completed = await CommitAsync(port, "completed");
        await UntilAsync(port, completed, 40);
        var archive = await _http.GetByteArrayAsync($"http://127.0.0.1:{port}/task/{completed}/download/all.zip", Ct);
        File.Delete(Path.Combine(_folder, "go"));
        File.Delete(Path.Combine(_folder, "starts"));
        var running = await CommitAsync(port, "running");
        await QueueTests.Until(async () =>
            (await GetAsync(port, $"task/{running}/info")).GetProperty("progress").GetDouble() == 36
        );
        var queued = await CommitAsync(port, "queued");
        var initialising = (
            await PostAsync(
                port,
                "task/new",
                Form(
                    ("zipurl", $"http://127.0.0.1:{((IPEndPoint)stalled.LocalEndpoint).Port}/photos.zip"),
                    ("name", "initialising")
                )
            )
        )
            .GetProperty("uuid")
            .GetString()!;
        var uploading = await InitAsync(port, "uploading");
        await PostAsync(port, $"task/new/upload/{uploading}", Photos(("a.jpg", Bytes(100_000))));
        var canceled = await CommitAsync(port, "canceled");
        await UntilAsync(port, canceled, 10);
        await PostAsync(port, "task/cancel", Uuid(canceled));
        await UntilAsync(port, queued, 10);

        Kill(node);
        var engines = (await File.ReadAllLinesAsync(Path.Combine(_folder, "starts"), Ct)).Select(int.Parse).ToList();
        Assert.True(LinuxProcesses.IsAlive(engines.Single()));
        await File.AppendAllTextAsync(
            Path.Combine(_folder, "data", "data", running, ".muster", "output.log"),
            "said while no node was there\n",
            Ct
        );
        node = await RunAsync(port, engine);

        // Known, in their states, with what was known of them.
        Assert.Equal(
            [completed, running, queued, initialising, canceled],
            (await GetAsync(port, "task/list")).EnumerateArray().Select(task => task.GetProperty("uuid").GetString()!)
        );
        Assert.Equal(
            archive,
            await _http.GetByteArrayAsync($"http://127.0.0.1:{port}/task/{completed}/download/all.zip", Ct)
        );
        var info = await GetAsync(port, $"task/{running}/info?with_output=0");
        Assert.Equal((20, 36.0), (Code(info), info.GetProperty("progress").GetDouble()));
        Assert.Equal(
            ["at 40%", "said while no node was there"],
            info.GetProperty("output").EnumerateArray().Select(line => line.GetString()!)
        );
        Assert.True(info.GetProperty("processingTime").GetInt64() > 0);
        Assert.Equal(
            (10, 20, 50),
            (
                Code(await GetAsync(port, $"task/{queued}/info")),
                Code(await GetAsync(port, $"task/{initialising}/info")),
                Code(await GetAsync(port, $"task/{canceled}/info"))
            )
        );

        // Uploads go on; a file that came is not stored again.
        await PostAsync(port, $"task/new/upload/{uploading}", Photos(("a.jpg", Bytes(100_000)), ("b.jpg", Bytes(10))));
        await PostAsync(port, $"task/new/commit/{uploading}");
        Assert.Equal(2, (await GetAsync(port, $"task/{uploading}/info")).GetProperty("imagesCount").GetInt32());

        // The engine that outlived its node was not started a second time, and its end is heard; then the others have
        // their turn.
        await File.WriteAllTextAsync(Path.Combine(_folder, "go"), "", Ct);
        foreach (var uuid in new[] { running, queued, uploading })
            await UntilAsync(port, uuid, 40);
        Assert.Equal(3, (await File.ReadAllLinesAsync(Path.Combine(_folder, "starts"), Ct)).Length);
        await PostAsync(port, "task/remove", Uuid(initialising));
        Kill(node);
    }

    [Fact]
    public async Task However_often_it_is_killed_every_task_ends_once()
    {
        var engine = CommandNode.Describe(
            _folder,
            $$"""echo "$1" >>"{{_folder}}/ends"; sleep 0.2; mkdir -p "$1/out"; echo yes >"$1/out/result" """
        );
        var port = Gateway.GatewayProcess.FreePort();
        var node = await RunAsync(port, engine);
        var uuids = new List<string>();
        for (var round = 0; round < 5; round++)
        {
            for (var task = 0; task < 3; task++)
                uuids.Add(await CommitAsync(port, $"{round}.{task}"));
            await Task.Delay(TimeSpan.FromMilliseconds(37 * round), Ct); // another moment each time
            Kill(node);
            node = await RunAsync(port, engine);
            foreach (var uuid in uuids)
                Assert.True(Code(await GetAsync(port, $"task/{uuid}/info")) is 10 or 20 or 40);
        }
        foreach (var uuid in uuids)
            await UntilAsync(port, uuid, 40);
        Assert.Equal(uuids.Count, (await File.ReadAllLinesAsync(Path.Combine(_folder, "ends"), Ct)).Distinct().Count());
        Kill(node);
    }

    [Fact]
    public async Task A_node_that_is_told_to_stop_ends_its_engine_and_the_next_one_runs_it_again()
    {
        var engine = CommandNode.Describe(
            _folder,
            $$"""echo $$ >>"{{_folder}}/starts"; while [ ! -e "{{_folder}}/go" ]; do sleep 0.05; done"""
        );
        var port = Gateway.GatewayProcess.FreePort();
        var node = await RunAsync(port, engine);
        var uuid = await CommitAsync(port, "task");
        await QueueTests.Until(() => Task.FromResult(File.Exists(Path.Combine(_folder, "starts"))));
        using (var kill = Process.Start("kill", $"-TERM {node.Id}"))
            await kill.WaitForExitAsync(Ct);
        await node.WaitForExitAsync(Ct);
        Assert.Equal(0, node.ExitCode);
        Assert.False(
            LinuxProcesses.IsAlive(
                int.Parse((await File.ReadAllLinesAsync(Path.Combine(_folder, "starts"), Ct)).Single())
            )
        );
        await File.WriteAllTextAsync(Path.Combine(_folder, "go"), "", Ct);
        node = await RunAsync(port, engine);
        await UntilAsync(port, uuid, 40);
        Kill(node);
    }

    [Fact]
    public async Task A_task_cancelled_before_the_engine_is_ready_is_ended_and_a_start_that_fails_costs_none()
    {
        var script = $$"""echo $$ >>"{{_folder}}/starts"; while [ ! -e "{{_folder}}/go" ]; do sleep 0.05; done""";
        var port = Gateway.GatewayProcess.FreePort();
        var node = await RunAsync(port, CommandNode.Describe(_folder, script));
        var uuid = await CommitAsync(port, "task");
        await QueueTests.Until(() => Task.FromResult(File.Exists(Path.Combine(_folder, "starts"))));
        Kill(node);
        var engine = int.Parse((await File.ReadAllLinesAsync(Path.Combine(_folder, "starts"), Ct)).Single());

        var broken = new TaskCompletionSource<IEngine>();
        await using (var next = await StartAsync(broken.Task, TimeSpan.FromSeconds(25), Path.Combine(_folder, "data")))
        {
            broken.SetException(new Faults.UserException("it is not there", "Install it."));
            Assert.Equal(20, Code(await next.InfoAsync(uuid)));
        }
        Assert.True(LinuxProcesses.IsAlive(engine));

        var late = new TaskCompletionSource<IEngine>();
        await using (var next = await StartAsync(late.Task, TimeSpan.FromSeconds(25), Path.Combine(_folder, "data")))
        {
            Assert.Equal(20, Code(await next.InfoAsync(uuid)));
            await next.PostAsync("task/cancel", Uuid(uuid));
            Assert.Equal(50, Code(await next.InfoAsync(uuid)));
            late.SetResult(CommandNode.Engine(_folder, script));
            await QueueTests.Until(() => Task.FromResult(!LinuxProcesses.IsAlive(engine)));
        }
        Assert.Single(await File.ReadAllLinesAsync(Path.Combine(_folder, "starts"), Ct));
    }

    private async Task<Process> RunAsync(int port, string engine)
    {
        var start = new ProcessStartInfo(MusterProgram.Path)
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        foreach (
            var word in new[]
            {
                "node",
                "--json",
                "--data_dir",
                Path.Combine(_folder, "data"),
                "--port",
                $"{port}",
                "--engine",
                "command",
                "--engine-file",
                engine,
                "--allow-private-urls",
                "--daemon",
            }
        )
            start.ArgumentList.Add(word);
        start.WorkingDirectory = _folder;
        var node = Process.Start(start)!;
        var line =
            await node.StandardOutput.ReadLineAsync(Ct)
            ?? throw new InvalidOperationException(await node.StandardError.ReadToEndAsync(Ct));
        Assert.Contains($"\"url\":\"http://127.0.0.1:{port}\"", line, StringComparison.Ordinal);
        return node;
    }

    private static void Kill(Process node)
    {
        node.Kill();
        node.WaitForExit();
        node.Dispose();
    }

    private async Task<string> InitAsync(int port, string name) =>
        (await PostAsync(port, "task/new/init", Form(("name", name)))).GetProperty("uuid").GetString()!;

    private async Task<string> CommitAsync(int port, string name)
    {
        var uuid = await InitAsync(port, name);
        await PostAsync(port, $"task/new/upload/{uuid}", Photos(("a.jpg", Bytes(100))));
        await PostAsync(port, $"task/new/commit/{uuid}");
        return uuid;
    }

    private async Task<JsonElement> GetAsync(int port, string path) =>
        Read(await _http.GetStringAsync($"http://127.0.0.1:{port}/{path}", Ct));

    private async Task<JsonElement> PostAsync(int port, string path, HttpContent? content = null)
    {
        using var response = await _http.PostAsync($"http://127.0.0.1:{port}/{path}", content, Ct);
        return Read(await response.Content.ReadAsStringAsync(Ct));
    }

    private static JsonElement Read(string text)
    {
        using var document = JsonDocument.Parse(text);
        return document.RootElement.Clone();
    }

    private Task UntilAsync(int port, string uuid, int code) =>
        QueueTests.Until(async () => Code(await GetAsync(port, $"task/{uuid}/info")) == code);

    public void Dispose()
    {
        _http.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}
