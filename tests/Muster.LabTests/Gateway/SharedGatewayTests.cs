using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using Muster.NodeOdm;

namespace Muster.Gateway;

/// <summary>Two gateways, one PostgreSQL database, one bucket. MUSTER_SOAK=1 kills them often.</summary>
public sealed class SharedGatewayTests : IAsyncLifetime
{
    private static readonly bool Soak = Environment.GetEnvironmentVariable("MUSTER_SOAK") == "1";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly string _database = Services.NewDatabase();
    private readonly List<GatewayProcess> _gateways = [];
    private ScriptedNode _node = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        var place = await Services.BucketAsync();
        _node = await ScriptedNode.StartAsync(new() { Takes = TimeSpan.FromMilliseconds(300), Slots = 4 });
        for (var n = 0; n < 2; n++)
        {
            _gateways.Add(new("--node", _node.Url.ToString(), "--poll-every", "0.1s", "--database", _database, "--s3-endpoint", place.Endpoint, "--s3-bucket", place.Bucket, "--s3-access-key", "test:tester", "--s3-secret-key", "testing", "--s3-force-path-style"));
        }
        foreach (var gateway in _gateways) await gateway.StartAsync();
    }

    [Fact]
    public async Task Whichever_is_asked_there_is_one_queue()
    {
        var errors = new ConcurrentQueue<string>();
        var ids = await Task.WhenAll(Enumerable.Range(0, 6).Select(n => RunAsync(_gateways[n % 2].Address, _gateways[(n + 1) % 2].Address, errors)));
        Assert.Empty(errors);
        foreach (var gateway in _gateways) Assert.Equal(ids.Order(), TestGateway.Said(await Client(gateway.Address).ListAsync(Ct)).Select(task => task.Uuid).Order());
        foreach (var gateway in _gateways) Assert.Equal(HttpStatusCode.OK, (await GetAsync(gateway, "readyz")).StatusCode);
        Assert.Equal(1, await LeadersAsync());
    }

    [Fact]
    public async Task However_often_either_is_killed_nothing_is_lost_or_doubled_and_no_client_sees_an_error()
    {
        var random = new Random();
        var errors = new ConcurrentQueue<string>();
        var over = false;
        var clients = Enumerable.Range(0, 6).Select(n => Task.Run(async () =>
        {
            var ids = new List<string>();
            do ids.Add(await RunAsync(_gateways[n % 2].Address, _gateways[(n + 1) % 2].Address, errors));
            while (!Volatile.Read(ref over));
            return ids;
        }, Ct)).ToList();
        for (var kill = 0; kill < (Soak ? 20 : 4); kill++)
        {
            await Task.Delay(random.Next(500, 2_500), Ct);
            // By turns the one that leads, and any.
            var victim = kill % 2 == 0 ? await LeaderAsync() : _gateways[random.Next(2)];
            await victim.KillAsync();
            var began = Stopwatch.GetTimestamp();
            await Client(_gateways.Single(other => other != victim).Address).InfoAsync(Ct);
            if (Stopwatch.GetElapsedTime(began) > TimeSpan.FromSeconds(Soak ? 5 : 15)) errors.Enqueue($"the other answered after {Stopwatch.GetElapsedTime(began).TotalSeconds:0.0} s");
            await victim.StartAsync();
        }
        Volatile.Write(ref over, true);
        var all = (await Task.WhenAll(clients).WaitAsync(TimeSpan.FromSeconds(120), Ct)).SelectMany(ids => ids).ToList();
        Assert.True(errors.IsEmpty, string.Join("; ", errors.Distinct()));
        Assert.Equal(all.Order(), TestGateway.Said(await Client(_gateways[0].Address).ListAsync(Ct)).Select(task => task.Uuid).Order());
        TestContext.Current.TestOutputHelper?.WriteLine($"{all.Count} tasks");
    }

    [Fact]
    public async Task A_leader_that_was_asleep_steps_down_and_writes_nothing()
    {
        var errors = new ConcurrentQueue<string>();
        var asleep = await LeaderAsync();
        var other = _gateways.Single(gateway => gateway != asleep);
        var begun = await BeginAsync(Client(asleep.Address));
        asleep.Signal("STOP");
        try
        {
            await RunAsync(other.Address, other.Address, errors);
            Assert.Same(other, await LeaderAsync());
            await CommitAsync(Client(other.Address), begun);
        }
        finally
        {
            asleep.Signal("CONT");
        }
        // What it says now is what the other knows.
        await EndAsync(Client(asleep.Address), begun, errors);
        await RunAsync(asleep.Address, other.Address, errors);
        Assert.Empty(errors);
        Assert.Same(other, await LeaderAsync());
        Assert.Equal(1, await LeadersAsync());
        Assert.Equal(3, TestGateway.Said(await Client(asleep.Address).ListAsync(Ct)).Count);
    }

    [Fact]
    public async Task While_the_database_is_away_clients_wait_and_nothing_is_lost()
    {
        var errors = new ConcurrentQueue<string>();
        var running = Enumerable.Range(0, 4).Select(n => RunAsync(_gateways[n % 2].Address, _gateways[n % 2].Address, errors)).ToList();
        await Task.Delay(300, Ct);
        Lab.Do("postgres", "kill");
        try
        {
            await UntilAsync(async () => (await GetAsync(_gateways[0], "readyz")).StatusCode == HttpStatusCode.ServiceUnavailable && (await GetAsync(_gateways[1], "readyz")).StatusCode == HttpStatusCode.ServiceUnavailable);
            Assert.Equal(HttpStatusCode.OK, (await GetAsync(_gateways[0], "healthz")).StatusCode);
            await Task.Delay(Soak ? 20_000 : 5_000, Ct);
        }
        finally
        {
            Lab.Do("postgres", "start");
        }
        var ids = await Task.WhenAll(running).WaitAsync(Patience, Ct);
        Assert.Empty(errors);
        Assert.Equal(ids.Order(), TestGateway.Said(await Client(_gateways[0].Address).ListAsync(Ct)).Select(task => task.Uuid).Order());
    }

    [Fact]
    public async Task One_that_is_stopped_hands_over_at_once()
    {
        var leader = await LeaderAsync();
        Assert.Equal(0, await leader.StopAsync());
        var began = Stopwatch.GetTimestamp();
        await UntilAsync(async () => await LeadersAsync() == 1);
        Assert.True(Stopwatch.GetElapsedTime(began) < TimeSpan.FromSeconds(5), $"after {Stopwatch.GetElapsedTime(began).TotalSeconds:0.0} s");
    }

    /// <summary>A client that goes to the other address after a broken connection, and after nothing else.</summary>
    private static async Task<string> RunAsync(Uri first, Uri second, ConcurrentQueue<string> errors)
    {
        NodeOdmClient[] clients = [Client(first), Client(second)];
        var id = Guid.NewGuid().ToString();
        await SurelyAsync(clients, client => client.InitAsync(id, new() { Name = "x", Options = "[]" }, Ct), errors);
        foreach (var name in (string[])["a.jpg", "b.jpg"]) await SurelyAsync(clients, client => client.UploadAsync(id, [TestGateway.File(name, TestGateway.Photo($"{id} {name}"))], Ct), errors);
        await SurelyAsync(clients, client => client.CommitAsync(id, Ct), errors);
        while (await SurelyAsync(clients, client => client.TaskInfoAsync(id, null, Ct), errors) is var info && info.Status.Code != TaskCode.Completed)
        {
            if (info.Status.Code is TaskCode.Failed or TaskCode.Canceled) throw new InvalidOperationException($"{id} is {info.Status.Code}: {info.Status.ErrorMessage}");
            await Task.Delay(30, Ct);
        }
        return id;
    }

    private static async Task<string> BeginAsync(NodeOdmClient client)
    {
        var id = TestGateway.Said(await client.InitAsync(Guid.NewGuid().ToString(), new() { Name = "x" }, Ct));
        Assert.True(TestGateway.Said(await client.UploadAsync(id, [TestGateway.File("a.jpg", TestGateway.Photo(id))], Ct)));
        return id;
    }

    private static Task<string> CommitAsync(NodeOdmClient client, string id) => SurelyAsync([client], one => one.CommitAsync(id, Ct), []);

    private static Task EndAsync(NodeOdmClient client, string id, ConcurrentQueue<string> errors) =>
        UntilAsync(async () => (await SurelyAsync([client], one => one.TaskInfoAsync(id, null, Ct), errors)).Status.Code == TaskCode.Completed);

    private static async Task<T> SurelyAsync<T>(NodeOdmClient[] clients, Func<NodeOdmClient, Task<NodeReply<T>>> ask, ConcurrentQueue<string> errors)
    {
        for (var n = 0; ; n++)
        {
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

    private async Task<GatewayProcess> LeaderAsync()
    {
        GatewayProcess? leader = null;
        await UntilAsync(async () =>
        {
            foreach (var gateway in _gateways) if (await SaysAsync(gateway) == "ready\n") leader = gateway;
            return leader is not null;
        });
        return leader!;
    }

    private async Task<int> LeadersAsync()
    {
        var count = 0;
        foreach (var gateway in _gateways) if (await SaysAsync(gateway) == "ready\n") count++;
        return count;
    }

    private static async Task<string> SaysAsync(GatewayProcess gateway)
    {
        try { return await (await GetAsync(gateway, "readyz")).Content.ReadAsStringAsync(Ct); }
        catch (Exception fault) when (fault is HttpRequestException or TaskCanceledException) { return ""; }
    }

    private static async Task<HttpResponseMessage> GetAsync(GatewayProcess gateway, string path)
    {
        using var http = new HttpClient { BaseAddress = gateway.Address, Timeout = TimeSpan.FromSeconds(2) };
        return await http.GetAsync(path, Ct);
    }

    private static async Task UntilAsync(Func<Task<bool>> fact)
    {
        for (var began = Stopwatch.GetTimestamp(); !await fact(); await Task.Delay(20, Ct)) Assert.True(Stopwatch.GetElapsedTime(began) < Patience, "it did not come about");
    }

    private static NodeOdmClient Client(Uri address) => new(NodeOdmClient.Connections(), address, null, TestGateway.Patience, TimeProvider.System);

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
