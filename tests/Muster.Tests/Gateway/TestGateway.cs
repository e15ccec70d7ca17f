using System.IO.Compression;
using System.Net.Http.Headers;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Muster.Gateway.Hosting;
using Muster.Gateway.Model;
using Muster.NodeOdm;

namespace Muster.Gateway;

/// <summary>A whole gateway in a folder of its own, with short times, and a client for it.</summary>
internal sealed class TestGateway : IAsyncDisposable
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("muster-gateway-test-");
    private readonly GatewayOptions _options;
    private readonly TimeProvider _clock;
    private readonly HttpMessageInvoker _connections = NodeOdmClient.Connections();
    private GatewayHost? _host;

    private TestGateway(Func<GatewayOptions, GatewayOptions>? change, TimeProvider clock)
    {
        _clock = clock;
        var options = new GatewayOptions
        {
            Data = _folder.FullName,
            Port = 0,
            PollEvery = TimeSpan.FromMilliseconds(50),
            MoveAfter = TimeSpan.FromSeconds(2),
            UnknownAfter = TimeSpan.FromMilliseconds(300),
            PartsLease = TimeSpan.FromMilliseconds(800),
        };
        _options = change?.Invoke(options) ?? options;
    }

    public static Task<TestGateway> StartAsync(params ScriptedNode[] nodes) => StartAsync(null, nodes);

    public static Task<TestGateway> StartAsync(
        Func<GatewayOptions, GatewayOptions>? change,
        params ScriptedNode[] nodes
    ) => StartAsync(TimeProvider.System, change, nodes);

    /// <summary>Starts it, and waits until it has seen its nodes.</summary>
    public static async Task<TestGateway> StartAsync(
        TimeProvider clock,
        Func<GatewayOptions, GatewayOptions>? change,
        params ScriptedNode[] nodes
    )
    {
        var gateway = new TestGateway(change, clock);
        await gateway.StartAsync();
        foreach (var node in nodes)
            gateway.Host.Fleet.Add(node.Url, "");
        await gateway.UntilAsync(() =>
            gateway.Host.Fleet.Nodes.All(node => node.Health.Answers) && (nodes.Length == 0 || gateway.Host.HasOptions)
        );
        return gateway;
    }

    public GatewayHost Host => _host!;
    public HttpClient Http { get; private set; } = new();
    public string Folder => _folder.FullName;

    public async Task StartAsync()
    {
        _host = await GatewayHost.StartAsync(_options, NullLoggerFactory.Instance, _clock, CancellationToken.None);
        Http.Dispose();
        Http = new() { BaseAddress = _host.Address, Timeout = Patience };
    }

    public async Task StopAsync()
    {
        if (_host is not null)
            await _host.DisposeAsync();
        _host = null;
    }

    public NodeOdmClient Client(string? token = null) =>
        new(_connections, Host.Address, token, Patience, TimeProvider.System);

    /// <summary>Hands a task in as PyODM does, one file a request.</summary>
    public async Task<Guid> SubmitAsync(
        int files = 2,
        string? options = null,
        string? token = null,
        string name = "x",
        params (string Name, byte[] Content)[] more
    )
    {
        var client = Client(token);
        var id = Said(await client.InitAsync(Guid.NewGuid().ToString(), new() { Name = name, Options = options }, Ct));
        var all = Enumerable.Range(0, files).Select(n => ($"{n}.jpg", Photo($"{id}{n}"))).Concat(more).ToList();
        foreach (var (file, content) in all)
            Assert.True(Said(await client.UploadAsync(id, [File(file, content)], Ct)));
        Said(await client.CommitAsync(id, Ct));
        return Guid.Parse(id);
    }

    /// <summary>Names of the files that lie in its spool, or wherever; of contents, their hashes.</summary>
    public IEnumerable<string> Files(string folder) => FilesIn(Path.Combine(Folder, folder));

    public static IEnumerable<string> FilesIn(string folder) =>
        Directory.Exists(folder)
            ? Directory
                .EnumerateFiles(folder, "*", SearchOption.AllDirectories)
                .Select(path => Path.GetFileName(path).Split('-')[0])
            : [];

    public static byte[] Photo(string content) => System.Text.Encoding.UTF8.GetBytes($"photo {content}");

    public static UploadFile File(string name, byte[] content) =>
        new(name, content.Length, () => new MemoryStream(content));

    public async Task<TaskInfo> InfoAsync(Guid id, int? output = null, string? token = null) =>
        Said(await Client(token).TaskInfoAsync(id.ToString(), output, Ct));

    public async Task<TaskInfo> UntilAsync(Guid id, TaskCode code, string? token = null)
    {
        TaskInfo? info = null;
        await UntilAsync(
            async () => (info = await InfoAsync(id, 0, token)).Status.Code == code,
            () =>
                $"the task is {info!.Status.Code} ({info.Status.ErrorMessage}), not {code}: "
                + $"{string.Join(" | ", info.Output!)}"
        );
        return info!;
    }

    public Task UntilAsync(Func<bool> fact) => UntilAsync(() => Task.FromResult(fact()), () => "it did not come about");

    public async Task UntilAsync(Func<Task<bool>> fact, Func<string> otherwise)
    {
        for (var began = TimeProvider.System.GetTimestamp(); !await fact(); await Task.Delay(20, Ct))
        {
            if (TimeProvider.System.GetElapsedTime(began) > Patience)
                Assert.Fail($"{otherwise()}; {string.Join(" | ", Host.Tasks.Live.All().Select(task => task.Phase))}");
        }
    }

    /// <summary>What a task no longer needs is let go just after clients see its end.</summary>
    public Task UntilNoFilesAsync(params IReadOnlyList<string> folders) =>
        UntilAsync(() => !folders.SelectMany(Files).Any());

    public GatewayTask TaskOf(Guid id) => Host.Tasks.Find(id) ?? throw new InvalidOperationException($"{id} is gone");

    /// <summary>The archive of a task: its names and contents.</summary>
    public async Task<Dictionary<string, byte[]>> ArchiveAsync(Guid id, string? token = null)
    {
        using var response = await Http.GetAsync($"task/{id}/download/all.zip?token={token}", Ct);
        Assert.Equal("application/zip", response.Content.Headers.ContentType?.MediaType);
        using var archive = new ZipArchive(await response.Content.ReadAsStreamAsync(Ct));
        return archive.Entries.ToDictionary(
            entry => entry.FullName,
            entry =>
            {
                using var content = new MemoryStream();
                using var stream = entry.Open();
                stream.CopyTo(content);
                return content.ToArray();
            }
        );
    }

    public async Task<JsonElement> PostAsync(string path, HttpContent? body = null)
    {
        using var response = await Http.PostAsync(path, body ?? new ByteArrayContent([]), Ct);
        return await JsonAsync(response);
    }

    public async Task<JsonElement> GetAsync(string path) => await JsonAsync(await Http.GetAsync(path, Ct));

    public static StringContent Json(string text) => new(text, new MediaTypeHeaderValue("application/json"));

    public static T Said<T>(NodeReply<T> reply) =>
        reply is NodeReply<T>.Said(var value)
            ? value
            : throw new InvalidOperationException($"it answered: {reply.Text}");

    private static async Task<JsonElement> JsonAsync(HttpResponseMessage response)
    {
        Assert.Equal(System.Net.HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("application/json", response.Content.Headers.ContentType?.MediaType);
        return JsonDocument.Parse(await response.Content.ReadAsStringAsync(Ct)).RootElement.Clone();
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        // A connection that is kept open is one that a stop has to wait for.
        Http.Dispose();
        _connections.Dispose();
        await StopAsync();
        _folder.Delete(recursive: true);
    }
}
