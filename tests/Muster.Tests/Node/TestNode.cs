using System.Net;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Muster.Node.Engines;
using Muster.NodeOdm;

namespace Muster.Node;

/// <summary>A node in a folder of its own, and a plain HTTP client of it.</summary>
internal sealed class TestNode : IAsyncDisposable
{
    private readonly string? _ownFolder;

    private TestNode(NodeServer server, NodeSettings settings, string? ownFolder)
    {
        (Server, Settings, _ownFolder) = (server, settings, ownFolder);
        Http = new(new SocketsHttpHandler { UseProxy = false })
        {
            BaseAddress = new($"http://127.0.0.1:{server.Address.Port}/"),
        };
        Client = new(
            NodeOdmClient.Connections(),
            Http.BaseAddress,
            settings.Token,
            TimeSpan.FromSeconds(30),
            TimeProvider.System
        );
    }

    public static CancellationToken Ct => TestContext.Current.CancellationToken;

    public NodeServer Server { get; }
    public NodeSettings Settings { get; }
    public HttpClient Http { get; }
    public NodeOdmClient Client { get; }

    public static string NewFolder() => Directory.CreateTempSubdirectory("muster-node-").FullName;

    public static async Task<TestNode> StartAsync(
        IEngine? engine = null,
        Func<NodeSettings, NodeSettings>? change = null,
        string? folder = null
    )
    {
        var own = folder is null ? NewFolder() : null;
        var settings = new NodeSettings
        {
            Folder = folder ?? own!,
            Port = 0,
            Address = IPAddress.Loopback,
            EndPatience = TimeSpan.FromSeconds(2),
            SpareBytes = 1 << 20,
        };
        if (change is not null)
            settings = change(settings);
        return new(
            await NodeServer.StartAsync(
                settings,
                engine ?? new TestEngine(new()),
                NullLoggerFactory.Instance,
                TimeProvider.System,
                Ct
            ),
            settings,
            own
        );
    }

    /// <summary>A node whose engine is still being opened.</summary>
    public static async Task<TestNode> StartAsync(Task<IEngine> engine, TimeSpan startPatience, string? folder = null)
    {
        var own = folder is null ? NewFolder() : null;
        var settings = new NodeSettings
        {
            Folder = folder ?? own!,
            Port = 0,
            Address = IPAddress.Loopback,
            EndPatience = TimeSpan.FromSeconds(2),
            SpareBytes = 1 << 20,
            StartPatience = startPatience,
        };
        return new(
            await NodeServer.StartAsync(settings, engine, NullLoggerFactory.Instance, TimeProvider.System, Ct),
            settings,
            own
        );
    }

    public async Task<JsonElement> GetAsync(string path) => await ReadAsync(await Http.GetAsync(path, Ct));

    public async Task<JsonElement> PostAsync(string path, HttpContent? content = null, string? setUuid = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = content };
        if (setUuid is not null)
            request.Headers.Add("set-uuid", setUuid);
        return await ReadAsync(await Http.SendAsync(request, Ct));
    }

    /// <summary>Invariants 1 and 11: whatever the answer, it is JSON with status 200.</summary>
    private static async Task<JsonElement> ReadAsync(HttpResponseMessage response)
    {
        using (response)
        {
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            Assert.Equal("application/json; charset=utf-8", response.Content.Headers.ContentType?.ToString());
            using var document = JsonDocument.Parse(await response.Content.ReadAsStringAsync(Ct));
            return document.RootElement.Clone();
        }
    }

    public static MultipartFormDataContent Form(params IEnumerable<(string Name, string Value)> fields)
    {
        var form = new MultipartFormDataContent();
        foreach (var (name, value) in fields)
            form.Add(new StringContent(value), name);
        return form;
    }

    public static MultipartFormDataContent Photos(params IEnumerable<(string Name, byte[] Content)> photos)
    {
        var form = new MultipartFormDataContent();
        foreach (var (name, content) in photos)
            form.Add(new ByteArrayContent(content), "images", name);
        return form;
    }

    public static byte[] Bytes(int length, int seed = 1)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    /// <summary>Hands a small task in, step by step.</summary>
    public async Task<string> CommitAsync(params IEnumerable<(string Name, string Value)> fields)
    {
        var uuid = (await PostAsync("task/new/init", Form([("name", "field"), .. fields])))
            .GetProperty("uuid")
            .GetString()!;
        await PostAsync($"task/new/upload/{uuid}", Photos(("a.jpg", Bytes(1000)), ("b.jpg", Bytes(1000, 2))));
        await PostAsync($"task/new/commit/{uuid}");
        return uuid;
    }

    public static FormUrlEncodedContent Uuid(string uuid) => new([new("uuid", uuid)]);

    public Task<JsonElement> InfoAsync(string uuid) => GetAsync($"task/{uuid}/info");

    public async Task<JsonElement> EndAsync(string uuid) => await UntilAsync(uuid, code => code >= 30);

    /// <summary>Waits for a state; what waits long has failed.</summary>
    public async Task<JsonElement> UntilAsync(string uuid, Func<int, bool> wanted)
    {
        for (var clock = System.Diagnostics.Stopwatch.StartNew(); ; )
        {
            var info = await InfoAsync(uuid);
            if (wanted(Code(info)))
                return info;
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(60), $"the task stays in {Code(info)}");
            await Task.Delay(20, Ct);
        }
    }

    public static int Code(JsonElement info) => info.GetProperty("status").GetProperty("code").GetInt32();

    public async Task<IReadOnlyList<string>> OutputAsync(string uuid, string line = "") =>
        [.. (await GetAsync($"task/{uuid}/output?line={line}")).EnumerateArray().Select(one => one.GetString()!)];

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await Server.DisposeAsync();
        if (_ownFolder is not null)
            Directory.Delete(_ownFolder, recursive: true);
    }
}
