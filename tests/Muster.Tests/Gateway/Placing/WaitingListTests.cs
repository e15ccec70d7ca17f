using Muster.Gateway.Fleet;
using Muster.Gateway.Ledger;
using Muster.Gateway.Model;
using Muster.Gateway.Tokens;
using Muster.Storage;

namespace Muster.Gateway.Placing;

public sealed class WaitingListTests : IAsyncLifetime
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("muster-waiting-test-");
    private SqliteTaskStore _store = null!;
    private BlobFolder _blobs = null!;
    private TaskLedger _ledger = null!;
    private NodeFleet _fleet = null!;
    private WaitingList _list = null!;
    private string _atItsLimit = "";

    public async ValueTask InitializeAsync()
    {
        _store = new(Path.Combine(_folder.FullName, "gateway.db"));
        _blobs = new(_folder.FullName);
        _ledger = new(_store, new(_blobs, "spool/", 0, []), TimeProvider.System);
        _fleet = new(_store, TimeProvider.System);
        foreach (var n in (int[])[1, 2])
        {
            var (node, _) = _fleet.Add(new($"http://node{n}:3000"), "");
            _fleet.See(
                node.Id,
                before =>
                    before with
                    {
                        Facts = new()
                        {
                            Slots = 1,
                            Foreign = 1,
                            MaxImages = n * 100,
                        },
                        Health = NodeHealth.Well(TimeSpan.Zero, Nodes.Now),
                    }
            );
        }
        var tokens = new TokenBook(_store, "", false, TimeProvider.System);
        _atItsLimit = tokens.Make("at its limit", null, new() { MaxConcurrentTasks = 1 }).Token.Id;
        _list = new(_ledger, _fleet, new(tokens, provider: null), new(_store, _ledger), _ => null, TimeProvider.System);
        await AddAsync(_atItsLimit, 1, new TaskPhase.Running(_fleet.Nodes[0].Id, Guid.NewGuid(), Nodes.Now));
    }

    [Fact]
    public async Task Each_task_has_the_reason_of_its_own_size_token_and_past()
    {
        foreach (var again in (int[])[1, 2])
        {
            await AddAsync("a", 10);
            await AddAsync("a", 150);
            await AddAsync("a", 999);
            await AddAsync(_atItsLimit, 10);
            await AddAsync("a", 10, attempts: new() { Avoid = [_fleet.Nodes[0].Id] });
        }
        var why = _list.Entries().Select(entry => entry.Why).ToList();
        string[] expected =
        [
            "all 2 nodes that can take it are full",
            "node2:3000 is full",
            "no node can take it: node1:3000: it takes up to 100 images; node2:3000: it takes up to 200 images",
            "its token may have 1 at work, and has",
            "node2:3000 is full",
        ];
        Assert.Equal([.. expected, .. expected], why);
    }

    [Fact]
    public async Task A_task_with_room_is_placed_next()
    {
        await AddAsync("a", 10);
        _fleet.See(_fleet.Nodes[1].Id, node => node with { Facts = node.Facts! with { Foreign = 0 } });
        Assert.Equal("it is placed next", Assert.Single(_list.Entries()).Why);
    }

    private Task<GatewayTask> AddAsync(string owner, int images, TaskPhase? phase = null, Attempts? attempts = null) =>
        _ledger.ChangeAsync(book =>
            book.Put(
                new()
                {
                    Id = Guid.NewGuid(),
                    Owner = owner,
                    Name = "x",
                    Created = Nodes.Now,
                    Order = book.NextOrder(),
                    Images = images,
                    Attempts = attempts ?? Attempts.None,
                    Phase = phase ?? new TaskPhase.Queued(Nodes.Now, false),
                }
            )
        );

    public async ValueTask DisposeAsync()
    {
        await _ledger.DisposeAsync();
        _blobs.Dispose();
        _store.Dispose();
        _folder.Delete(recursive: true);
    }
}
