using System.Collections.Concurrent;
using System.Diagnostics;
using System.IO.Compression;
using System.Net;
using Muster.NodeOdm;

namespace Muster.Gateway;

/// <summary>Two gateways, one PostgreSQL database, one bucket. MUSTER_SOAK=1 kills them often.</summary>
[Collection(Sharing.Services)]
public sealed class SharedGatewayTests : IAsyncLifetime
{
    private static readonly bool Soak = Environment.GetEnvironmentVariable("MUSTER_SOAK") == "1";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly string _database = Services.NewDatabase();
    private readonly List<GatewayProcess> _gateways = [];
    private static readonly HttpMessageInvoker Connections = NodeOdmClient.Connections();
    private ScriptedNode _node = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        var place = await Services.BucketAsync();
        _node = await ScriptedNode.StartAsync(new() { Takes = TimeSpan.FromMilliseconds(300), Slots = 4 });
        for (var n = 0; n < 2; n++)
        {
            _gateways.Add(
                new(
                    "--node",
                    _node.Url.ToString(),
                    "--poll-every",
                    "0.1s",
                    "--database",
                    _database,
                    "--s3-endpoint",
                    place.Endpoint,
                    "--s3-bucket",
                    place.Bucket,
                    "--s3-access-key",
                    "test:tester",
                    "--s3-secret-key",
                    "testing",
                    "--s3-force-path-style"
                )
            );
        }
        await Task.WhenAll(_gateways.Select(gateway => gateway.StartAsync()));
    }

    [Fact]
    public async Task Whichever_is_asked_there_is_one_queue_and_one_that_is_stopped_hands_it_over_at_once()
    {
        var errors = new ConcurrentQueue<string>();
        var ids = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => RunAsync(errors)));
        Assert.Empty(errors);
        foreach (var gateway in _gateways)
            Assert.Equal(ids.Order(), await ListAsync(gateway));
        foreach (var gateway in _gateways)
            Assert.Equal(HttpStatusCode.OK, (await GetAsync(gateway, "readyz")).StatusCode);
        Assert.Single(await LeadersAsync());

        var leader = await LeaderAsync();
        Assert.Equal(0, await leader.StopAsync());
        Assert.Equal(true, Services.Sql(_database, "SELECT until = '-infinity' OR term > 1 FROM leader"));
        var other = _gateways.Single(gateway => gateway != leader);
        await UntilAsync(async () => await SaysAsync(other) == "ready\n");
        Assert.Equal(ids.Order(), await ListAsync(other));
        Assert.DoesNotContain("error", leader.Notes, StringComparison.Ordinal);
    }

    [Fact]
    public async Task However_often_either_is_killed_nothing_is_lost_or_doubled_and_no_client_sees_an_error()
    {
        var random = new Random();
        var errors = new ConcurrentQueue<string>();
        var waits = new List<string>();
        var over = false;
        var clients = Enumerable
            .Range(0, 8)
            .Select(_ =>
                Task.Run(
                    async () =>
                    {
                        var ids = new List<string>();
                        do ids.Add(await RunAsync(errors));
                        while (!Volatile.Read(ref over));
                        return ids;
                    },
                    Ct
                )
            )
            .ToList();
        for (var kill = 0; kill < (Soak ? 20 : 2); kill++)
        {
            await Task.Delay(random.Next(300, 1_500), Ct);
            // Mostly the one that leads.
            var victim = kill % 3 == 2 ? _gateways[random.Next(2)] : await LeaderAsync();
            await victim.KillAsync();
            var began = Stopwatch.GetTimestamp();
            await Client(_gateways.Single(other => other != victim)).InfoAsync(Ct);
            var took = Stopwatch.GetElapsedTime(began);
            waits.Add($"{took.TotalSeconds:0.0}");
            // The promise is 5 s. In the short form other tests take the processors at the same time.
            if (Soak && took > TimeSpan.FromSeconds(5))
                errors.Enqueue($"the other answered after {took.TotalSeconds:0.0} s");
            await victim.StartAsync();
        }
        Volatile.Write(ref over, true);
        var all = (await Task.WhenAll(clients).WaitAsync(TimeSpan.FromSeconds(120), Ct))
            .SelectMany(ids => ids)
            .ToList();
        Assert.True(errors.IsEmpty, string.Join("; ", errors.Distinct()));
        foreach (var gateway in _gateways)
            Assert.Equal(all.Order(), await ListAsync(gateway));
        // Each was computed once.
        Assert.Equal(all.Count, _node.Tasks.Count);
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{all.Count} tasks; answers after {string.Join(", ", waits)} s"
        );
    }

    [Fact]
    public async Task A_leader_that_was_asleep_steps_down_and_writes_nothing()
    {
        var errors = new ConcurrentQueue<string>();
        var asleep = await LeaderAsync();
        var other = _gateways.Single(gateway => gateway != asleep);
        var begun = await BeginAsync(Client(asleep));
        asleep.Signal("STOP");
        try
        {
            await CommitAsync(Client(other), begun);
            Assert.Same(other, await LeaderAsync());
        }
        finally
        {
            asleep.Signal("CONT");
        }
        // What it says now is what the other knows.
        await UntilAsync(async () =>
            (await SurelyAsync([Client(asleep)], client => client.TaskInfoAsync(begun, null, Ct), errors)).Status.Code
            == TaskCode.Completed
        );
        var id = await RunAsync(errors);
        Assert.Empty(errors);
        Assert.Same(other, await LeaderAsync());
        Assert.Single(await LeadersAsync());
        Assert.Equal(new[] { begun, id }.Order(), await ListAsync(asleep));
    }

    [Fact]
    public async Task While_the_database_is_away_clients_wait_and_nothing_is_lost()
    {
        var errors = new ConcurrentQueue<string>();
        var running = Enumerable.Range(0, 6).Select(_ => RunAsync(errors)).ToList();
        await UntilAsync(() => Task.FromResult(!_node.Tasks.IsEmpty));
        Lab.Do("postgres", "kill");
        try
        {
            await UntilAsync(async () =>
                (await GetAsync(_gateways[0], "readyz")).StatusCode == HttpStatusCode.ServiceUnavailable
                && (await GetAsync(_gateways[1], "readyz")).StatusCode == HttpStatusCode.ServiceUnavailable
            );
            Assert.Equal(HttpStatusCode.OK, (await GetAsync(_gateways[0], "healthz")).StatusCode);
            if (Soak)
                await Task.Delay(20_000, Ct);
        }
        finally
        {
            Lab.Do("postgres", "start");
        }
        var ids = await Task.WhenAll(running).WaitAsync(Patience, Ct);
        Assert.Empty(errors);
        Assert.Equal(ids.Order(), await ListAsync(_gateways[0]));
        Assert.Equal(ids.Length, _node.Tasks.Count);

        // As when an answer is lost while it starts: whoever cannot tell what was written in its term begins another.
        Services.Sql(_database, "UPDATE leader SET batch = batch + 5");
        await RunAsync(errors).WaitAsync(Patience, Ct);
        Assert.Empty(errors);
    }

    [Fact]
    public async Task While_the_bucket_is_away_another_takes_over_all_the_same_and_nothing_is_acknowledged_or_lost()
    {
        var errors = new ConcurrentQueue<string>();
        var leader = await LeaderAsync();
        var other = _gateways.Single(gateway => gateway != leader);
        var client = Client(other);
        _node.Takes = TimeSpan.FromHours(1); // neither ends while the bucket goes away
        string[] ids = [await BeginAsync(client), await BeginAsync(client)];
        await CommitAsync(client, ids[0]);
        await UntilAsync(() => Task.FromResult(!_node.Tasks.IsEmpty));
        Lab.Do("s3", "stop");
        try
        {
            await CommitAsync(client, ids[1]);
            await leader.KillAsync();
            foreach (var id in ids)
                Assert.Contains(
                    (await SurelyAsync([client], one => one.TaskInfoAsync(id, null, Ct), errors)).Status.Code,
                    new[] { TaskCode.Queued, TaskCode.Running }
                );
            var upload = await SurelyAsync(
                [client],
                one => one.InitAsync(Guid.NewGuid().ToString(), new() { Name = "x" }, Ct),
                errors
            );
            var uploading = client.UploadAsync(upload, [TestGateway.File("a.jpg", TestGateway.Photo("a"))], Ct);
            await UntilAsync(async () =>
                (await GetAsync(other, "readyz", seconds: 10)).StatusCode == HttpStatusCode.ServiceUnavailable
            );
            Assert.IsNotType<NodeReply<bool>.Said>(await uploading);
        }
        finally
        {
            Lab.Do("s3", "start");
        }
        _node.Takes = TimeSpan.Zero;
        foreach (var id in ids)
            await UntilAsync(async () =>
                (await SurelyAsync([client], one => one.TaskInfoAsync(id, null, Ct), errors)).Status.Code
                == TaskCode.Completed
            );
        Assert.Empty(errors);
        Assert.Equal(2, _node.Tasks.Count);
    }

    /// <summary>
    /// A client that goes from one address to the other with every request, and tries again after a broken connection,
    /// and after nothing else.
    /// </summary>
    private async Task<string> RunAsync(ConcurrentQueue<string> errors)
    {
        var clients = _gateways.Select(Client).ToArray();
        var id = Guid.NewGuid().ToString();
        string[] names = ["a.jpg", "b.jpg", "c.jpg"];
        await SurelyAsync(clients, client => client.InitAsync(id, new() { Name = "x", Options = "[]" }, Ct), errors);
        foreach (var name in names)
            await SurelyAsync(
                clients,
                client => client.UploadAsync(id, [TestGateway.File(name, TestGateway.Photo($"{id} {name}"))], Ct),
                errors
            );
        await SurelyAsync(clients, client => client.CommitAsync(id, Ct), errors);
        var lines = new List<string>();
        var began = Stopwatch.GetTimestamp();
        while (
            await SurelyAsync(clients, client => client.TaskInfoAsync(id, lines.Count, Ct), errors) is var info
            && info.Status.Code != TaskCode.Completed
        )
        {
            if (info.Status.Code is TaskCode.Failed or TaskCode.Canceled)
                throw new InvalidOperationException($"{id} is {info.Status.Code}: {info.Status.ErrorMessage}");
            lines.AddRange(info.Output!);
            Assert.True(Stopwatch.GetElapsedTime(began) < Patience, $"{id} stays {info.Status.Code}");
            await Task.Delay(30, Ct);
        }
        if (
            !(await SurelyAsync(clients, client => client.OutputAsync(id, 0, Ct), errors))
                .Take(lines.Count)
                .SequenceEqual(lines)
        )
            errors.Enqueue($"lines of {id} changed after they were read");
        await using var archive = new FileStream(
            Path.GetTempFileName(),
            FileMode.Create,
            FileAccess.ReadWrite,
            FileShare.None,
            1 << 16,
            FileOptions.DeleteOnClose
        );
        await SurelyAsync(clients, client => client.DownloadAsync(id, "all.zip", archive, Ct), errors);
        using var zip = new ZipArchive(archive);
        if (!zip.Entries.Select(entry => entry.FullName).Order().SequenceEqual(names))
            errors.Enqueue($"the archive of {id} has {string.Join(' ', zip.Entries)}");
        return id;
    }

    private static async Task<string> BeginAsync(NodeOdmClient client)
    {
        var id = TestGateway.Said(await client.InitAsync(Guid.NewGuid().ToString(), new() { Name = "x" }, Ct));
        Assert.True(
            TestGateway.Said(await client.UploadAsync(id, [TestGateway.File("a.jpg", TestGateway.Photo(id))], Ct))
        );
        return id;
    }

    private static Task<string> CommitAsync(NodeOdmClient client, string id) =>
        SurelyAsync([client], one => one.CommitAsync(id, Ct), []);

    private static async Task<T> SurelyAsync<T>(
        NodeOdmClient[] clients,
        Func<NodeOdmClient, Task<NodeReply<T>>> ask,
        ConcurrentQueue<string> errors
    )
    {
        var began = Stopwatch.GetTimestamp();
        for (var n = Random.Shared.Next(2); ; n++)
        {
            Assert.True(Stopwatch.GetElapsedTime(began) < 2 * Patience, "neither gateway answers");
            switch (await ask(clients[n % clients.Length]))
            {
                case NodeReply<T>.Said(var value):
                    return value;
                case NodeReply<T>.Away or NodeReply<T>.Silent:
                    await Task.Delay(20, Ct);
                    break;
                case var other:
                    errors.Enqueue(other.Text);
                    throw new InvalidOperationException(other.Text);
            }
        }
    }

    private static async Task<IEnumerable<string>> ListAsync(GatewayProcess gateway) =>
        TestGateway.Said(await Client(gateway).ListAsync(Ct)).Select(task => task.Uuid).Order();

    private async Task<GatewayProcess> LeaderAsync()
    {
        var leaders = new List<GatewayProcess>();
        await UntilAsync(async () => (leaders = await LeadersAsync()).Count > 0);
        return Assert.Single(leaders);
    }

    private async Task<List<GatewayProcess>> LeadersAsync()
    {
        var said = await Task.WhenAll(_gateways.Select(SaysAsync));
        return [.. _gateways.Where((_, n) => said[n] == "ready\n")];
    }

    private static async Task<string> SaysAsync(GatewayProcess gateway)
    {
        try
        {
            return await (await GetAsync(gateway, "readyz")).Content.ReadAsStringAsync(Ct);
        }
        catch (Exception fault) when (fault is HttpRequestException or TaskCanceledException)
        {
            return "";
        }
    }

    private static async Task<HttpResponseMessage> GetAsync(GatewayProcess gateway, string path, int seconds = 1)
    {
        using var http = new HttpClient { BaseAddress = gateway.Address, Timeout = TimeSpan.FromSeconds(seconds) };
        return await http.GetAsync(path, Ct);
    }

    private static async Task UntilAsync(Func<Task<bool>> fact)
    {
        for (var began = Stopwatch.GetTimestamp(); !await fact(); await Task.Delay(20, Ct))
            Assert.True(Stopwatch.GetElapsedTime(began) < Patience, "it did not come about");
    }

    private static NodeOdmClient Client(GatewayProcess gateway) =>
        new(Connections, gateway.Address, null, TestGateway.Patience, TimeProvider.System)
        {
            DownloadsFromElsewhere = true,
        };

    public async ValueTask DisposeAsync()
    {
        foreach (var gateway in _gateways)
        {
            TestContext.Current.TestOutputHelper?.WriteLine(gateway.Notes);
            await gateway.DisposeAsync();
        }
        await _node.DisposeAsync();
        Services.Drop(_database);
    }
}
