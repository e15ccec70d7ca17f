using System.Runtime.Versioning;
using Muster.Faults;
using Muster.Hosts;

namespace Muster.Transfers;

/// <summary>One store at a site, filled by several runs and machines.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class SharedStoreTests : DeliveryTestBase
{
    [Fact]
    public async Task A_store_that_was_pruned_is_filled_again()
    {
        var items = (await Repository.GetAsync()).Items;
        await Store(new LocalHost()).DeliverAsync(Shipment("run-1", items), null, Ct);
        Repository.Sh($"rm -rf {Root}/store/* {Root}/runs/run-1");

        var report = await Store(new LocalHost()).DeliverAsync(Shipment("run-2", items), null, Ct);

        Assert.Equal(2, report.FilesSent);
        Assert.Equal("x = 1\n", File.ReadAllText(Code("lib/util.py", "run-2")));
        await IsConsistentAsync();
    }

    [Fact]
    public async Task What_another_machine_brought_is_there_once()
    {
        for (var i = 0; i < 300; i++)
            Repository.Write($"many/{i}", $"content {i}");
        await Store(new LocalHost())
            .DeliverAsync(Shipment("run-1", (await Repository.GetAsync("run-1")).Items), null, Ct);
        for (var i = 200; i < 500; i++)
            Repository.Write($"many/{i}", $"content {i}");
        string[] Stored() => Repository.Sh($"find {Root}/store -type f | xargs stat -c '%n %i'").Split('\n');
        var before = Stored();

        var report = await new SiteStore(
            new LocalHost(),
            Root,
            "here",
            new(Path.Combine(Repository.Beside, "cache of another"))
        ).DeliverAsync(Shipment("run-2", (await Repository.GetAsync("run-2")).Items), null, Ct);

        Assert.Equal(502, report.FilesSent);
        Assert.Equal("", Repository.Sh($"diff -r --exclude=.git . {Root}/runs/run-2/code"));
        Assert.Empty(before.Except(Stored()));
        await IsConsistentAsync();
    }

    [Fact]
    public async Task Submits_at_the_same_time_do_not_disturb_each_other()
    {
        for (var i = 0; i < 50; i++)
            Repository.Write($"many/{i}", $"content {i}");
        var items = (await Repository.GetAsync()).Items;

        await Task.WhenAll(
            Enumerable
                .Range(0, 6)
                .Select(i =>
                    Task.Run(() =>
                        new SiteStore(
                            new LocalHost(),
                            Root,
                            "here",
                            new(Path.Combine(Repository.Beside, $"cache{i}"))
                        ).DeliverAsync(Shipment($"run-{i}", items), null, Ct)
                    )
                )
        );

        for (var i = 0; i < 6; i++)
            Assert.Equal("", Repository.Sh($"diff -r --exclude=.git . {Root}/runs/run-{i}/code"));
        await IsConsistentAsync();
    }

    [Fact]
    public async Task Deliveries_of_one_run_at_the_same_time_give_one_whole_folder()
    {
        for (var i = 0; i < 50; i++)
            Repository.Write($"many/{i}", $"content {i}");
        var shipment = Shipment("run-1", (await Repository.GetAsync()).Items);

        await Task.WhenAll(
            Enumerable
                .Range(0, 4)
                .Select(i =>
                    Task.Run(async () =>
                    {
                        try
                        {
                            await new SiteStore(
                                new LocalHost(),
                                Root,
                                "here",
                                new(Path.Combine(Repository.Beside, $"cache{i}"))
                            ).DeliverAsync(shipment, null, Ct);
                        }
                        catch (UserException) { } // one may take the other's things away; a repeat mends it
                    })
                )
        );
        await Store(new LocalHost()).DeliverAsync(shipment, null, Ct);

        Assert.Equal("", Repository.Sh($"diff -r --exclude=.git . {Root}/runs/run-1/code"));
        await IsConsistentAsync();
    }
}
