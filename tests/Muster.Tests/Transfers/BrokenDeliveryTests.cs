using System.Diagnostics;
using System.Runtime.Versioning;
using FsCheck;
using FsCheck.Fluent;
using Muster.Faults;
using Muster.Hosts;
using Muster.Shell;
using Muster.Snapshots;

namespace Muster.Transfers;

/// <summary>Connections that break, large files that go on, and disks that are full.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class BrokenDeliveryTests : DeliveryTestBase
{
    [Fact]
    public async Task A_stream_that_breaks_at_any_byte_goes_on()
    {
        var random = new Random(7);
        for (var i = 0; i < 40; i++)
            Repository.Write($"many/{i}", new string((char)('a' + (i % 26)), random.Next(20_000)) + i);
        var items = (await Repository.GetAsync()).Items;
        var run = 0;

        Prop.ForAll(
                Gen.Choose(0, 500_000).ToArbitrary(),
                cut =>
                {
                    Repository.Sh($"rm -rf {Root} {Repository.Beside}/cache");
                    var shipment = Shipment($"cut-{run++}", items);
                    var host = new TestHost { CutInputAt = cut };
                    try
                    {
                        Store(host).DeliverAsync(shipment, null, Ct).GetAwaiter().GetResult();
                    }
                    catch (HostUnreachableException)
                    {
                        // All of it may have arrived, and only the answer was lost.
                        var isStaged = File.Exists(Path.Combine(Root, "runs", shipment.Run, "status/staged"));
                        Assert.Equal(isStaged, Directory.Exists(Path.Combine(Root, "runs", shipment.Run, "code")));
                        host.CutInputAt = null;
                        var report = Store(host).DeliverAsync(shipment, null, Ct).GetAwaiter().GetResult();
                        // Half of the content at least was there when most of the stream had passed.
                        if (cut > 250_000)
                            Assert.True(
                                report.BytesSent < items.Sum(item => item.Size) / 2,
                                $"{report.BytesSent} sent again after {cut}"
                            );
                    }
                    Assert.Equal("", Repository.Sh($"diff -r --exclude=.git . {Root}/runs/{shipment.Run}/code"));
                    IsConsistentAsync().GetAwaiter().GetResult();
                }
            )
            .Check(Config.QuickThrowOnFailure.WithMaxTest(12));
    }

    [Theory]
    [InlineData(6)] // `ready` is heard
    [InlineData(11)] // `laid` is heard
    public async Task A_lost_reply_is_no_lost_delivery(long heard)
    {
        var host = new TestHost { CutOutputAt = heard };
        var shipment = Shipment("run-1", (await Repository.GetAsync()).Items, ShellText.Of($"echo launched"));
        await Assert.ThrowsAsync<HostUnreachableException>(() => Store(host).DeliverAsync(shipment, null, Ct));

        host.CutOutputAt = null;
        var report = await Store(host).DeliverAsync(shipment, null, Ct);

        Assert.Equal("launched\n", report.Output);
        Assert.Equal("", Repository.Sh($"diff -r --exclude=.git . {Root}/runs/run-1/code"));
    }

    [Fact]
    public async Task A_large_file_goes_on_at_the_byte_where_it_stopped()
    {
        var size = DeliveryPlan.LargeFrom + 12_345;
        var path = LargeFile(size);
        var items = FolderSnapshot.Take(path, Ct).Items;
        var host = new TestHost { CutInputAt = 40_000_000 };
        var shipment = new Shipment("run-1", [new("in/film", items, AreaMode.Link)], [], Nothing);
        await Assert.ThrowsAsync<HostUnreachableException>(() => Store(host).DeliverAsync(shipment, null, Ct));

        host.CutInputAt = null;
        var report = await Store(host).DeliverAsync(shipment, null, Ct);

        Assert.InRange(report.BytesSent, size - 40_000_000, size - 39_000_000);
        Assert.Equal("", Repository.Sh($"cmp {path} {Root}/runs/run-1/in/film/film.raw"));
        await IsConsistentAsync();
        Assert.Equal(0, (await Store(host).DeliverAsync(shipment with { Run = "run-2" }, null, Ct)).FilesSent);
    }

    [Fact]
    public async Task A_large_file_takes_one_channel_beside_the_runs_own()
    {
        var items = FolderSnapshot.Take(LargeFile(DeliveryPlan.LargeFrom), Ct).Items;
        var host = new TestHost();

        var report = await Store(host)
            .DeliverAsync(new("run-1", [new("in/film", items, AreaMode.Link)], [], Nothing), null, Ct);

        Assert.Equal(
            (1, DeliveryPlan.LargeFrom, 0L, 2),
            (report.FilesSent, report.BytesSent, report.BytesThere, host.Channels)
        );
        await IsConsistentAsync();
    }

    [Theory]
    [InlineData(0)] // before the hash that follows the content
    [InlineData(1)]
    [InlineData(63)]
    public async Task A_large_file_whose_hash_did_not_arrive_whole_is_not_sent_again(long ofHash)
    {
        var path = LargeFile(DeliveryPlan.LargeFrom);
        var host = new TestHost { CutInputAt = DeliveryPlan.LargeFrom + ofHash };
        var shipment = new Shipment(
            "run-1",
            [new("in/film", FolderSnapshot.Take(path, Ct).Items, AreaMode.Link)],
            [],
            Nothing
        );
        await Assert.ThrowsAsync<HostUnreachableException>(() => Store(host).DeliverAsync(shipment, null, Ct));
        Assert.Empty(Directory.GetFileSystemEntries(Path.Combine(Root, "store")));

        host.CutInputAt = null;
        var report = await Store(host).DeliverAsync(shipment, null, Ct);

        Assert.Equal(0, report.BytesSent);
        Assert.Equal("", Repository.Sh($"cmp {path} {Root}/runs/run-1/in/film/film.raw"));
        await IsConsistentAsync();
    }

    [Fact]
    public async Task A_large_file_of_a_cancelled_run_is_not_sent_and_the_last_word_is_run()
    {
        var items = FolderSnapshot.Take(LargeFile(DeliveryPlan.LargeFrom), Ct).Items;
        Directory.CreateDirectory(Path.Combine(Root, "runs/run-1/status"));
        File.WriteAllText(Path.Combine(Root, "runs/run-1/status/cancel"), "");

        var report = await Store(new LocalHost())
            .DeliverAsync(
                new("run-1", [new("in/film", items, AreaMode.Link)], [], ShellText.Of($"echo asked")),
                null,
                Ct
            );

        Assert.Equal((0, 0L, "asked\n"), (report.FilesSent, report.BytesSent, report.Output));
        Assert.Empty(Directory.GetFileSystemEntries(Path.Combine(Root, "incoming")));
    }

    [Fact]
    public async Task A_part_longer_than_the_file_is_found_out()
    {
        var path = LargeFile(DeliveryPlan.LargeFrom);
        var item = FolderSnapshot.Take(path, Ct).Items[0];
        var part = $"{Root}/incoming/{Remote.PrefixOf("run-1")}.parts/{item.Key}";
        Repository.Sh($"mkdir -p $(dirname {part}); head -c {DeliveryPlan.LargeFrom + 1_000} /dev/zero > {part}");

        await Store(new LocalHost())
            .DeliverAsync(new("run-1", [new("in/film", [item], AreaMode.Link)], [], Nothing), null, Ct);

        Assert.Equal("", Repository.Sh($"cmp {path} {Root}/runs/run-1/in/film/film.raw"));
        await IsConsistentAsync();
    }

    [Fact]
    public async Task A_part_that_somebody_spoilt_is_sent_anew()
    {
        var path = LargeFile(DeliveryPlan.LargeFrom);
        var item = FolderSnapshot.Take(path, Ct).Items[0];
        var part = $"incoming/{Remote.PrefixOf("run-1")}.parts/{item.Key}";
        Repository.Sh($"mkdir -p $(dirname {Root}/{part}); head -c 1000000 /dev/zero > {Root}/{part}");

        await Store(new LocalHost())
            .DeliverAsync(new("run-1", [new("in/film", [item], AreaMode.Link)], [], Nothing), null, Ct);

        Assert.Equal("", Repository.Sh($"cmp {path} {Root}/runs/run-1/in/film/film.raw"));
        await IsConsistentAsync();
    }

    [Fact]
    public async Task What_does_not_fit_is_known_before_a_byte_of_it_is_sent()
    {
        Directory.CreateDirectory(Root);
        Assert.True(Try("mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", Root), "only root can mount a small disk");
        try
        {
            var items = FolderSnapshot.Take(LargeFile(DeliveryPlan.LargeFrom), Ct).Items;
            Shipment[] all =
            [
                new("run-1", [new("in/film", items, AreaMode.Link)], [], Nothing),
                Shipment("run-2", [.. Enumerable.Range(0, 40).Select(Noise)]),
            ];
            foreach (var shipment in all)
            {
                var fault = await Assert.ThrowsAsync<UserException>(() =>
                    Store(new LocalHost()).DeliverAsync(shipment, null, Ct)
                );
                Assert.Contains(" MB are to be sent, but only 4.2 MB are free in " + Root, fault.Message);
                Assert.Equal("", Repository.Sh($"find {Root} -type f"));
            }
        }
        finally
        {
            Try("umount", "-l", Root); // a shell that was left there may take its time
        }

        CargoItem Noise(int seed)
        {
            var random = new byte[300_000];
            new Random(seed).NextBytes(random);
            var path = Path.Combine(Repository.Root, $"{seed}.bin");
            File.WriteAllBytes(path, random);
            return FolderSnapshot.Take(path, Ct).Items.Single();
        }
    }

    [Fact]
    public async Task A_full_disk_is_named_and_gets_back_what_was_put_on_it()
    {
        Directory.CreateDirectory(Root);
        Assert.True(Try("mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", Root), "only root can mount a small disk");
        try
        {
            var random = new byte[300_000];
            for (var i = 0; i < 10; i++)
            {
                new Random(i).NextBytes(random);
                File.WriteAllBytes(Path.Combine(Repository.Root, $"{i}.bin"), random);
            }
            var host = new TestHost();
            // It fills up meanwhile: what the run writes into its own folder is not counted beforehand.
            var shipment = Shipment("run-1", (await Repository.GetAsync()).Items) with
            {
                Files = [new("noise", new byte[3_000_000])],
            };

            var fault = await Assert.ThrowsAsync<UserException>(() => Store(host).DeliverAsync(shipment, null, Ct));

            Assert.Equal($"lab: No space left on device in {Root}", fault.Message);
            Assert.Equal("", Repository.Sh($"find {Root} -type f"));
            Assert.False(File.Exists(Path.Combine(Root, "runs/run-1/status/staged")));

            Repository.Sh("rm *.bin");
            Assert.Equal(
                2,
                (
                    await Store(host)
                        .DeliverAsync(Shipment("run-2", (await Repository.GetAsync("run-2")).Items), null, Ct)
                ).FilesSent
            );
        }
        finally
        {
            Try("umount", Root);
        }
    }

    private static bool Try(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        process.WaitForExit();
        return process.ExitCode == 0;
    }
}
