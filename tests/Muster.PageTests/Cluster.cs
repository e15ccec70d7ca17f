using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;

namespace Muster;

/// <summary>A real gateway with real nodes, each a process of its own, and all doors open on loopback.</summary>
internal sealed class Cluster : IAsyncDisposable
{
    internal static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("muster-pages-");
    private readonly List<Process> _nodes = [];
    private readonly string[] _arguments;
    private Process? _gateway;

    private Cluster(string[] arguments) => _arguments = arguments;

    public HttpClient Http { get; } = new();
    public int Port { get; } = FreePort();
    public int AdminPort { get; } = FreePort();
    public string Public => $"http://127.0.0.1:{Port}/";
    public string Admin => $"http://127.0.0.1:{AdminPort}/";
    public List<int> NodePorts { get; } = [];
    public string Database => Path.Combine(_folder.FullName, "data", "gateway.db");

    public static async Task<Cluster> StartAsync(int nodes = 2, double seconds = 2, params string[] arguments)
    {
        var cluster = new Cluster(arguments);
        await Task.WhenAll(Enumerable.Range(0, nodes).Select(_ => cluster.AddNodeAsync(seconds)));
        await cluster.StartGatewayAsync();
        return cluster;
    }

    /// <summary>A node that nobody knows of yet.</summary>
    /// <param name="engineFile">Of a program that computes; without it, nothing is computed.</param>
    public async Task<int> AddNodeAsync(double seconds, string? engineFile = null)
    {
        var port = FreePort();
        NodePorts.Add(port);
        _nodes.Add(
            Start([
                "node",
                .. engineFile is null
                    ? (string[])["--engine", "test", "--test-seconds", $"{seconds}"]
                    : ["--engine", "command", "--engine-file", engineFile],
                "--port",
                $"{port}",
                "--data-dir",
                Path.Combine(_folder.FullName, $"{port}"),
            ])
        );
        await UntilAsync($"http://127.0.0.1:{port}/info");
        return port;
    }

    /// <summary>With the nodes that there are; where there are none, it computes by itself.</summary>
    public async Task StartGatewayAsync()
    {
        string[] nodes =
        [
            .. NodePorts.SelectMany(port => (string[])["--node", $"http://127.0.0.1:{port}"]),
            .. NodePorts.Count == 0 ? (string[])["--engine", "test"] : [],
        ];
        _gateway = Start([
            "serve",
            "--port",
            $"{Port}",
            "--data",
            Path.Combine(_folder.FullName, "data"),
            "--admin-web-port",
            $"{AdminPort}",
            "--admin-cli-port",
            "0",
            .. nodes,
            .. _arguments,
        ]);
        await UntilAsync(Public + "healthz");
        await UntilAsync(Admin + "app/none");
    }

    /// <summary>kill -9.</summary>
    public Task KillGatewayAsync() => KillAsync(_gateway!);

    public Task KillNodeAsync(int number) => KillAsync(_nodes[number]);

    public async Task PostAsync(string path, object body)
    {
        using var answer = await Http.PostAsJsonAsync(Admin + path, body, TestContext.Current.CancellationToken);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
    }

    public async Task<JsonElement> AskAsync(string path) =>
        await Http.GetFromJsonAsync<JsonElement>(Admin + path, TestContext.Current.CancellationToken);

    /// <summary>With one node, whose program gives each task the same results: what lies in a folder.</summary>
    public static async Task<Cluster> WithResultsAsync(string folder)
    {
        var cluster = new Cluster([]);
        var engine = Path.Combine(cluster._folder.FullName, "engine.yaml");
        var results = Directory.GetFileSystemEntries(folder).Select(Path.GetFileName);
        await File.WriteAllTextAsync(
            engine,
            $$"""
            name: odm
            version: "3.6.0"
            command: [cp, -r, "{{folder}}/.", "{project}"]
            results: [{{string.Join(", ", results)}}]
            """,
            TestContext.Current.CancellationToken
        );
        await cluster.AddNodeAsync(0, engine);
        await cluster.StartGatewayAsync();
        return cluster;
    }

    /// <summary>What a client hands in.</summary>
    /// <param name="to">Elsewhere than at the gateway.</param>
    public async Task<string> HandInAsync(string name, int photos = 1, string options = "[]", string? to = null)
    {
        using var form = new MultipartFormDataContent();
        form.Add(new StringContent(name), "name");
        form.Add(new StringContent(options), "options");
        for (var n = 1; n <= photos; n++)
        {
            var photo = new ByteArrayContent(
                await File.ReadAllBytesAsync(PhotoPath(n), TestContext.Current.CancellationToken)
            );
            form.Add(photo, "images", $"field_{n:00}.jpg");
        }
        using var answer = await Http.PostAsync(
            (to ?? Public) + "task/new",
            form,
            TestContext.Current.CancellationToken
        );
        var said = await answer.Content.ReadFromJsonAsync<JsonElement>();
        return said.GetProperty("uuid").GetString()!;
    }

    public async Task EndedAsync(string task)
    {
        var began = Stopwatch.GetTimestamp();
        while (
            (await AskAsync($"api/v1/tasks/{task}")).GetProperty("tasks")[0].GetProperty("phase").GetString() != "ended"
        )
        {
            Assert.True(Stopwatch.GetElapsedTime(began) < Patience, "the task does not end");
            await Task.Delay(100, TestContext.Current.CancellationToken);
        }
    }

    public static string PhotoPath(int number) =>
        Path.Combine(AppContext.BaseDirectory, "samples", $"field_{number:00}.jpg");

    public async ValueTask DisposeAsync()
    {
        foreach (var process in _nodes.Append(_gateway).OfType<Process>())
        {
            await KillAsync(process);
            process.Dispose();
        }
        Http.Dispose();
        _folder.Delete(recursive: true);
    }

    private static async Task KillAsync(Process process)
    {
        if (!process.HasExited)
            process.Kill();
        await process.WaitForExitAsync(CancellationToken.None);
    }

    private Process Start(params string[] arguments)
    {
        var start = new ProcessStartInfo(MusterProgram.Path, arguments)
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
            WorkingDirectory = _folder.FullName,
        };
        start.Environment["XDG_STATE_HOME"] = start.Environment["HOME"] = _folder.FullName;
        var process = Process.Start(start)!;
        process.BeginErrorReadLine();
        process.BeginOutputReadLine();
        return process;
    }

    private async Task UntilAsync(string address)
    {
        var began = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                using var answer = await Http.GetAsync(address, TestContext.Current.CancellationToken);
                return;
            }
            catch (HttpRequestException) when (Stopwatch.GetElapsedTime(began) < Patience)
            {
                await Task.Delay(50, TestContext.Current.CancellationToken);
            }
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
