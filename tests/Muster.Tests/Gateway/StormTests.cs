using System.Collections.Concurrent;
using System.IO.Compression;
using Muster.NodeOdm;

namespace Muster.Gateway;

/// <summary>
/// The gateway is killed at random moments while tasks are in all phases. MUSTER_SOAK=1 does it fifty times, as else
/// few.
/// </summary>
public sealed class StormTests
{
    private static readonly bool Soak = Environment.GetEnvironmentVariable("MUSTER_SOAK") == "1";
    private static readonly int Kills = Soak ? 50 : 4;
    private static readonly int Clients = Soak ? 20 : 8;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task However_often_the_gateway_is_killed_nothing_is_lost_or_doubled_and_no_client_sees_an_error()
    {
        var seed = Environment.TickCount;
        var random = new Random(seed);
        await using var first = await ScriptedNode.StartAsync(
            new() { Takes = TimeSpan.FromMilliseconds(300), Slots = 4 }
        );
        await using var second = await ScriptedNode.StartAsync(new() { Takes = TimeSpan.FromMilliseconds(700) });
        await using var gateway = new GatewayProcess(
            "--node",
            first.Url.ToString(),
            "--node",
            second.Url.ToString(),
            "--poll-every",
            "0.1s"
        );
        await gateway.StartAsync();
        var errors = new ConcurrentQueue<string>();
        var over = false;
        var slowest = TimeSpan.Zero;
        var clients = Enumerable
            .Range(0, Clients)
            .Select(n =>
                Task.Run(
                    async () =>
                    {
                        var tasks = 0;
                        do
                        {
                            Assert.Equal(Names(n), await FollowAsync(gateway.Address, n, errors));
                            tasks++;
                        } while (!Volatile.Read(ref over));
                        return tasks;
                    },
                    Ct
                )
            )
            .ToList();
        for (var kill = 0; kill < Kills; kill++)
        {
            await Task.Delay(random.Next(20, 700), Ct);
            await gateway.KillAsync();
            var took = await gateway.StartAsync();
            slowest = took > slowest ? took : slowest;
            // The promise is 5 s. In the short form other tests take the processors at the same time.
            if (took > TimeSpan.FromSeconds(Soak ? 5 : 25))
                errors.Enqueue($"the first answer came after {took.TotalSeconds:0.0} s");
        }
        Volatile.Write(ref over, true);
        var tasks = (await Task.WhenAll(clients).WaitAsync(TimeSpan.FromSeconds(120), Ct)).Sum();

        Assert.True(errors.IsEmpty, $"seed {seed}: {string.Join("; ", errors.Distinct())}");
        var list = TestGateway.Said(await Client(gateway.Address).ListAsync(Ct));
        Assert.Equal((tasks, tasks), (list.Count, list.Distinct().Count()));
        // What was given up half-way is told to its node, sooner or later.
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        patience.CancelAfter(TestGateway.Patience);
        while (first.Uploads.Count + second.Uploads.Count > 0)
            await Task.Delay(20, patience.Token);
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"figures: {Kills} kills, {tasks} tasks, slowest first answer {slowest.TotalSeconds:0.0} s"
        );
        Assert.Equal(0, await gateway.StopAsync());
    }

    /// <summary>Those of some tasks are large enough to be sent on while others come in.</summary>
    private static byte[] Photo(int task, string name) =>
        [.. TestGateway.Photo($"{task} {name}"), .. new byte[task % 4 == 1 ? 1_500_000 : 0]];

    private static string[] Names(int task) => [.. Enumerable.Range(0, 3 + (task % 3)).Select(n => $"{n}.jpg")];

    /// <summary>A client that tries again after a broken connection, and after nothing else.</summary>
    private static async Task<string[]> FollowAsync(Uri address, int number, ConcurrentQueue<string> errors)
    {
        var ct = Ct;
        var id = Guid.NewGuid().ToString();
        var client = Client(address);
        await SurelyAsync(
            () => client.InitAsync(id, new() { Name = $"task {number}", Options = "[]" }, ct),
            errors,
            ct
        );
        foreach (var name in Names(number))
            await SurelyAsync(
                () => client.UploadAsync(id, [TestGateway.File(name, Photo(number, name))], ct),
                errors,
                ct
            );
        await SurelyAsync(() => client.CommitAsync(id, ct), errors, ct);
        var lines = new List<string>();
        while (
            await SurelyAsync(() => client.TaskInfoAsync(id, lines.Count, ct), errors, ct) is var info
            && info.Status.Code != TaskCode.Completed
        )
        {
            if (info.Status.Code is TaskCode.Failed or TaskCode.Canceled)
                throw new InvalidOperationException($"task {number} is {info.Status.Code}: {info.Status.ErrorMessage}");
            lines.AddRange(info.Output!);
            await Task.Delay(30, ct);
        }
        var all = await SurelyAsync(() => client.OutputAsync(id, 0, ct), errors, ct);
        if (!all.Take(lines.Count).SequenceEqual(lines))
            errors.Enqueue("lines changed after they were read");

        var file = Path.GetTempFileName();
        await using (
            var into = new FileStream(
                file,
                FileMode.Create,
                FileAccess.ReadWrite,
                FileShare.None,
                1 << 16,
                FileOptions.DeleteOnClose
            )
        )
        {
            await SurelyAsync(() => client.DownloadAsync(id, "all.zip", into, ct), errors, ct);
            into.Position = 0;
            using var archive = new ZipArchive(into);
            return [.. archive.Entries.Select(entry => entry.FullName)];
        }
    }

    private static async Task<T> SurelyAsync<T>(
        Func<Task<NodeReply<T>>> ask,
        ConcurrentQueue<string> errors,
        CancellationToken ct
    )
    {
        while (true)
        {
            switch (await ask())
            {
                case NodeReply<T>.Said(var value):
                    return value;
                case NodeReply<T>.Away or NodeReply<T>.Silent:
                    await Task.Delay(20, ct);
                    break;
                case var other:
                    errors.Enqueue(other.Text);
                    throw new InvalidOperationException(other.Text);
            }
        }
    }

    private static NodeOdmClient Client(Uri address) =>
        new(NodeOdmClient.Connections(), address, null, TestGateway.Patience, TimeProvider.System);
}
