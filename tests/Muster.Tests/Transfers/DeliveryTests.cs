using System.Diagnostics;
using System.Runtime.Versioning;
using System.Security.Cryptography;
using FsCheck;
using FsCheck.Fluent;
using Muster.Faults;
using Muster.Hosts;
using Muster.Shell;
using Muster.Snapshots;

namespace Muster.Transfers;

[UnsupportedOSPlatform("windows")]
public sealed class DeliveryTests : IDisposable
{
    private readonly TestRepository _repository = new();
    private readonly string _root;

    public DeliveryTests() => _root = Path.Combine(_repository.Beside, "site");

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => _repository.Dispose();

    [Fact]
    public async Task A_snapshot_arrives_as_it_was_taken_and_the_last_word_is_run()
    {
        _repository.Write("lib/util.py", "x = 2\n");
        _repository.Write("new file", "untracked");
        var snapshot = await _repository.GetAsync();

        var report = await Store(new LocalHost())
            .DeliverAsync(
                new(
                    "run-1",
                    [new("code", snapshot.Items, AreaMode.Auto)],
                    [new("run.json", "{}"u8.ToArray()), new("launch", "#!/bin/sh\n"u8.ToArray(), Private: true)],
                    ShellText.Of($"cat runs/run-1/code/lib/util.py; echo ready >&2; exit 3")
                ),
                null,
                Ct
            );

        Assert.Equal((3, "x = 2\n", "ready"), (report.ExitCode, report.Output, report.Said));
        Assert.Equal((3, snapshot.TotalBytes, 0), (report.FilesSent, report.BytesSent, report.BytesThere));
        Assert.Equal("untracked", File.ReadAllText(Code("new file")));
        Assert.Equal("{}", File.ReadAllText(Path.Combine(_root, "runs/run-1/run.json")));
        Assert.Equal(
            UnixFileMode.UserRead | UnixFileMode.UserWrite,
            File.GetUnixFileMode(Path.Combine(_root, "runs/run-1/launch"))
        );
        Assert.True(File.Exists(Path.Combine(_root, "runs/run-1/status/staged")));
        await IsConsistentAsync();
    }

    [Fact]
    public async Task A_second_delivery_sends_what_is_new_in_one_channel()
    {
        var host = new TestHost();
        var one = await Store(host)
            .DeliverAsync(Shipment("run-1", (await _repository.GetAsync("run-1")).Items), null, Ct);
        Assert.Equal((2, 1), (one.FilesSent, host.Channels));

        _repository.Write("main.py", "edited\n");
        var two = await Store(host)
            .DeliverAsync(Shipment("run-2", (await _repository.GetAsync("run-2")).Items), null, Ct);

        Assert.Equal((1, 7L, 6L, 2), (two.FilesSent, two.BytesSent, two.BytesThere, host.Channels));
        Assert.Equal("edited\n", File.ReadAllText(Code("main.py", "run-2")));
        Assert.Equal("x = 1\n", File.ReadAllText(Code("lib/util.py", "run-2")));
    }

    [Fact]
    public async Task Linked_areas_share_read_only_files_and_copied_ones_are_the_runs_own()
    {
        _repository.Write("again/util.py", "x = 1\n");
        _repository.Write("run.sh", "x = 1\n");
        _repository.Sh("chmod +x run.sh; : > empty");
        var items = (await _repository.GetAsync()).Items;

        await Store(new LocalHost())
            .DeliverAsync(
                new("run-1", [new("code", items, AreaMode.Copy), new("in/data", items, AreaMode.Link)], [], Nothing),
                null,
                Ct
            );

        Assert.Equal(
            "644 1|644 1|755 1|444 3|444 3|555 2|444 1|755",
            _repository
                .Sh(
                    $"""
                    cd {_root}/runs/run-1; stat -c '%a %h' code/lib/util.py code/again/util.py code/run.sh in/data/lib/util.py in/data/again/util.py in/data/run.sh in/data/empty; stat -c %a in/data/lib
                    """
                )
                .Replace('\n', '|')
        );
        await IsConsistentAsync();
    }

    [Fact]
    public async Task Trees_too_large_for_a_copy_are_links_unless_we_are_root_there()
    {
        var items = Enumerable
            .Range(0, 5_001)
            .Select(i => new CargoItem(new($"{i}"), CargoKind.Folder))
            .Append((await _repository.GetAsync()).Items[0])
            .ToList();

        await Store(new LocalHost())
            .DeliverAsync(new("run-1", [new("code", items, AreaMode.Auto)], [], Nothing), null, Ct);

        Assert.Equal(Environment.UserName == "root" ? "1" : "2", _repository.Sh($"stat -c %h {Code("lib/util.py")}"));
    }

    [Fact]
    public async Task Any_name_arrives()
    {
        var deep = string.Join('/', Enumerable.Repeat("a-rather-long-folder-name", 12));
        _repository.Sh(
            $$"""
            touch -- "$(printf 'latin1-\351')" "$(printf 'line\nfeed')" -dash ' space ' 'back\slash' 'st*r'; mkdir -p {{deep}}; echo deep > {{deep}}/{{new string(
                'n',
                180
            )}}
            ln -s nowhere dangling; ln -s ../../../../etc/no-such-file out; ln -s {{deep}} long
            for file in ./*; do [ ! -f "$file" ] || [ -L "$file" ] || echo "$file" > "$file"; done
            """
        );

        await Store(new LocalHost()).DeliverAsync(Shipment("run-1", (await _repository.GetAsync()).Items), null, Ct);

        Assert.Equal("", _repository.Sh($"diff -r --no-dereference --exclude=.git . {_root}/runs/run-1/code"));
    }

    [Fact]
    public async Task Repeating_a_delivery_changes_nothing()
    {
        var shipment = Shipment(
            "run-1",
            (await _repository.GetAsync()).Items,
            ShellText.Of($"echo again >> launches; wc -l < launches")
        );
        await Store(new LocalHost()).DeliverAsync(shipment, null, Ct);
        File.WriteAllText(Code("main.py"), "changed by the run");

        var report = await Store(new LocalHost()).DeliverAsync(shipment, null, Ct);

        Assert.Equal("2", report.Output.Trim());
        Assert.Equal("changed by the run", File.ReadAllText(Code("main.py")));
    }

    [Theory]
    [InlineData("launched")]
    [InlineData("cancel")]
    public async Task A_run_that_is_launched_or_cancelled_is_not_laid_out(string status)
    {
        Directory.CreateDirectory(Path.Combine(_root, "runs/run-1/status"));
        File.WriteAllText(Path.Combine(_root, "runs/run-1/status", status), "");

        var report = await Store(new LocalHost())
            .DeliverAsync(
                Shipment("run-1", (await _repository.GetAsync()).Items, ShellText.Of($"echo asked")),
                null,
                Ct
            );

        Assert.Equal(("asked\n", 0), (report.Output, report.FilesSent));
        Assert.False(Directory.Exists(Code("")));
    }

    [Fact]
    public async Task A_store_that_was_pruned_is_filled_again()
    {
        var items = (await _repository.GetAsync()).Items;
        await Store(new LocalHost()).DeliverAsync(Shipment("run-1", items), null, Ct);
        _repository.Sh($"rm -rf {_root}/store/* {_root}/runs/run-1");

        var report = await Store(new LocalHost()).DeliverAsync(Shipment("run-2", items), null, Ct);

        Assert.Equal(2, report.FilesSent);
        Assert.Equal("x = 1\n", File.ReadAllText(Code("lib/util.py", "run-2")));
        await IsConsistentAsync();
    }

    [Fact]
    public async Task What_another_machine_brought_is_there_once()
    {
        for (var i = 0; i < 300; i++)
            _repository.Write($"many/{i}", $"content {i}");
        await Store(new LocalHost())
            .DeliverAsync(Shipment("run-1", (await _repository.GetAsync("run-1")).Items), null, Ct);
        for (var i = 200; i < 500; i++)
            _repository.Write($"many/{i}", $"content {i}");
        string[] Stored() => _repository.Sh($"find {_root}/store -type f | xargs stat -c '%n %i'").Split('\n');
        var before = Stored();

        var report = await new SiteStore(
            new LocalHost(),
            _root,
            "here",
            new(Path.Combine(_repository.Beside, "cache of another"))
        ).DeliverAsync(Shipment("run-2", (await _repository.GetAsync("run-2")).Items), null, Ct);

        Assert.Equal(502, report.FilesSent);
        Assert.Equal("", _repository.Sh($"diff -r --exclude=.git . {_root}/runs/run-2/code"));
        Assert.Empty(before.Except(Stored()));
        await IsConsistentAsync();
    }

    [Fact]
    public async Task Submits_at_the_same_time_do_not_disturb_each_other()
    {
        for (var i = 0; i < 50; i++)
            _repository.Write($"many/{i}", $"content {i}");
        var items = (await _repository.GetAsync()).Items;

        await Task.WhenAll(
            Enumerable
                .Range(0, 6)
                .Select(i =>
                    Task.Run(() =>
                        new SiteStore(
                            new LocalHost(),
                            _root,
                            "here",
                            new(Path.Combine(_repository.Beside, $"cache{i}"))
                        ).DeliverAsync(Shipment($"run-{i}", items), null, Ct)
                    )
                )
        );

        for (var i = 0; i < 6; i++)
            Assert.Equal("", _repository.Sh($"diff -r --exclude=.git . {_root}/runs/run-{i}/code"));
        await IsConsistentAsync();
    }

    [Fact]
    public async Task Deliveries_of_one_run_at_the_same_time_give_one_whole_folder()
    {
        for (var i = 0; i < 50; i++)
            _repository.Write($"many/{i}", $"content {i}");
        var shipment = Shipment("run-1", (await _repository.GetAsync()).Items);

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
                                _root,
                                "here",
                                new(Path.Combine(_repository.Beside, $"cache{i}"))
                            ).DeliverAsync(shipment, null, Ct);
                        }
                        catch (UserException) { } // one may take the other's things away; a repeat mends it
                    })
                )
        );
        await Store(new LocalHost()).DeliverAsync(shipment, null, Ct);

        Assert.Equal("", _repository.Sh($"diff -r --exclude=.git . {_root}/runs/run-1/code"));
        await IsConsistentAsync();
    }

    [Fact]
    public async Task A_stream_that_breaks_at_any_byte_goes_on()
    {
        var random = new Random(7);
        for (var i = 0; i < 40; i++)
            _repository.Write($"many/{i}", new string((char)('a' + (i % 26)), random.Next(20_000)) + i);
        var items = (await _repository.GetAsync()).Items;
        var run = 0;

        Prop.ForAll(
                Gen.Choose(0, 500_000).ToArbitrary(),
                cut =>
                {
                    _repository.Sh($"rm -rf {_root} {_repository.Beside}/cache");
                    var shipment = Shipment($"cut-{run++}", items);
                    var host = new TestHost { CutInputAt = cut };
                    try
                    {
                        Store(host).DeliverAsync(shipment, null, Ct).GetAwaiter().GetResult();
                    }
                    catch (HostUnreachableException)
                    {
                        // All of it may have arrived, and only the answer was lost.
                        var isStaged = File.Exists(Path.Combine(_root, "runs", shipment.Run, "status/staged"));
                        Assert.Equal(isStaged, Directory.Exists(Path.Combine(_root, "runs", shipment.Run, "code")));
                        host.CutInputAt = null;
                        var report = Store(host).DeliverAsync(shipment, null, Ct).GetAwaiter().GetResult();
                        // Half of the content at least was there when most of the stream had passed.
                        if (cut > 250_000)
                            Assert.True(
                                report.BytesSent < items.Sum(item => item.Size) / 2,
                                $"{report.BytesSent} sent again after {cut}"
                            );
                    }
                    Assert.Equal("", _repository.Sh($"diff -r --exclude=.git . {_root}/runs/{shipment.Run}/code"));
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
        var shipment = Shipment("run-1", (await _repository.GetAsync()).Items, ShellText.Of($"echo launched"));
        await Assert.ThrowsAsync<HostUnreachableException>(() => Store(host).DeliverAsync(shipment, null, Ct));

        host.CutOutputAt = null;
        var report = await Store(host).DeliverAsync(shipment, null, Ct);

        Assert.Equal("launched\n", report.Output);
        Assert.Equal("", _repository.Sh($"diff -r --exclude=.git . {_root}/runs/run-1/code"));
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
        Assert.Equal("", _repository.Sh($"cmp {path} {_root}/runs/run-1/in/film/film.raw"));
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
        Assert.Empty(Directory.GetFileSystemEntries(Path.Combine(_root, "store")));

        host.CutInputAt = null;
        var report = await Store(host).DeliverAsync(shipment, null, Ct);

        Assert.Equal(0, report.BytesSent);
        Assert.Equal("", _repository.Sh($"cmp {path} {_root}/runs/run-1/in/film/film.raw"));
        await IsConsistentAsync();
    }

    [Fact]
    public async Task A_large_file_of_a_cancelled_run_is_not_sent_and_the_last_word_is_run()
    {
        var items = FolderSnapshot.Take(LargeFile(DeliveryPlan.LargeFrom), Ct).Items;
        Directory.CreateDirectory(Path.Combine(_root, "runs/run-1/status"));
        File.WriteAllText(Path.Combine(_root, "runs/run-1/status/cancel"), "");

        var report = await Store(new LocalHost())
            .DeliverAsync(
                new("run-1", [new("in/film", items, AreaMode.Link)], [], ShellText.Of($"echo asked")),
                null,
                Ct
            );

        Assert.Equal((0, 0L, "asked\n"), (report.FilesSent, report.BytesSent, report.Output));
        Assert.Empty(Directory.GetFileSystemEntries(Path.Combine(_root, "incoming")));
    }

    [Fact]
    public async Task A_part_longer_than_the_file_is_found_out()
    {
        var path = LargeFile(DeliveryPlan.LargeFrom);
        var item = FolderSnapshot.Take(path, Ct).Items[0];
        var part = $"{_root}/incoming/{Remote.PrefixOf("run-1")}.parts/{item.Key}";
        _repository.Sh($"mkdir -p $(dirname {part}); head -c {DeliveryPlan.LargeFrom + 1_000} /dev/zero > {part}");

        await Store(new LocalHost())
            .DeliverAsync(new("run-1", [new("in/film", [item], AreaMode.Link)], [], Nothing), null, Ct);

        Assert.Equal("", _repository.Sh($"cmp {path} {_root}/runs/run-1/in/film/film.raw"));
        await IsConsistentAsync();
    }

    [Fact]
    public async Task A_part_that_somebody_spoilt_is_sent_anew()
    {
        var path = LargeFile(DeliveryPlan.LargeFrom);
        var item = FolderSnapshot.Take(path, Ct).Items[0];
        var part = $"incoming/{Remote.PrefixOf("run-1")}.parts/{item.Key}";
        _repository.Sh($"mkdir -p $(dirname {_root}/{part}); head -c 1000000 /dev/zero > {_root}/{part}");

        await Store(new LocalHost())
            .DeliverAsync(new("run-1", [new("in/film", [item], AreaMode.Link)], [], Nothing), null, Ct);

        Assert.Equal("", _repository.Sh($"cmp {path} {_root}/runs/run-1/in/film/film.raw"));
        await IsConsistentAsync();
    }

    [Fact]
    public async Task A_full_disk_is_named_and_gets_back_what_was_put_on_it()
    {
        Directory.CreateDirectory(_root);
        Assert.True(Try("mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", _root), "only root can mount a small disk");
        try
        {
            var random = new byte[300_000];
            for (var i = 0; i < 40; i++)
            {
                new Random(i).NextBytes(random);
                File.WriteAllBytes(Path.Combine(_repository.Root, $"{i}.bin"), random);
            }
            var host = new TestHost();
            var shipment = Shipment("run-1", (await _repository.GetAsync()).Items);

            var fault = await Assert.ThrowsAsync<UserException>(() => Store(host).DeliverAsync(shipment, null, Ct));

            Assert.Equal($"lab: No space left on device in {_root}", fault.Message);
            Assert.Equal("", _repository.Sh($"find {_root} -type f"));
            Assert.False(File.Exists(Path.Combine(_root, "runs/run-1/status/staged")));

            _repository.Sh("rm *.bin");
            Assert.Equal(
                2,
                (
                    await Store(host)
                        .DeliverAsync(Shipment("run-2", (await _repository.GetAsync("run-2")).Items), null, Ct)
                ).FilesSent
            );
        }
        finally
        {
            Try("umount", _root);
        }
    }

    [Fact]
    public async Task BusyBox_is_enough_on_the_other_side()
    {
        var host = new TestHost { Tools = TestHost.BusyBox(Path.Combine(_repository.Beside, "tools")) };
        for (var i = 0; i < 300; i++)
            _repository.Write(
                $"a folder with a rather long name/{i % 7}/another folder with a rather long name/{i}",
                $"content {i % 200}"
            );
        _repository.Sh(
            $"""touch "$(printf 'line\nfeed')" "$(printf 'latin1-\351')" empty; ln -s nowhere dangling; ln -s /etc/no-such-file out; chmod +x main.py; echo > {new string('n', 200)}"""
        );
        var items = (await _repository.GetAsync()).Items;
        var film = FolderSnapshot.Take(LargeFile(DeliveryPlan.LargeFrom), Ct).Items;

        var report = await Store(host)
            .DeliverAsync(
                new(
                    "run-1",
                    [new("code", items, AreaMode.Copy), new("in/film", film, AreaMode.Link)],
                    [],
                    ShellText.Of($"echo there")
                ),
                null,
                Ct
            );

        Assert.Equal("there\n", report.Output);
        Assert.Equal(
            "",
            _repository.Sh(
                $"diff -r --no-dereference --exclude=.git . {_root}/runs/run-1/code; cmp ../film.raw "
                    + $"{_root}/runs/run-1/in/film/film.raw"
            )
        );
        await IsConsistentAsync();
        Assert.Equal(
            0,
            (
                await Store(host)
                    .DeliverAsync(
                        new(
                            "run-2",
                            [new("code", items, AreaMode.Link), new("in/film", film, AreaMode.Link)],
                            [],
                            Nothing
                        ),
                        null,
                        Ct
                    )
            ).FilesSent
        );
        _repository.Sh($"rm -rf {_root}/store/*");
        Assert.NotEqual(
            0,
            (
                await Store(host).DeliverAsync(new("run-3", [new("code", items, AreaMode.Link)], [], Nothing), null, Ct)
            ).FilesSent
        );
    }

    [Fact]
    public async Task A_tilde_is_the_home_folder_over_there()
    {
        var home = Path.Combine(_repository.Beside, "home o'mine");
        Directory.CreateDirectory(home);
        var store = new SiteStore(new TestHost { Home = home }, "~/my muster", "home", _repository.Cache);

        await store.DeliverAsync(Shipment("run-1", (await _repository.GetAsync()).Items), null, Ct);

        Assert.True(File.Exists(Path.Combine(home, "my muster/runs/run-1/code/main.py")));
    }

    [Fact]
    public async Task A_file_that_changes_while_it_is_read_is_said()
    {
        var path = Path.Combine(_repository.Beside, "growing.log");
        File.WriteAllText(path, "one\n");
        var items = FolderSnapshot.Take(path, Ct).Items;
        File.AppendAllText(path, "two\n");

        var report = await Store(new LocalHost())
            .DeliverAsync(new("run-1", [new("in/log", items, AreaMode.Link)], [], Nothing), null, Ct);

        Assert.Equal("growing.log", Assert.Single(report.Changed).ToString());
        Assert.Equal("one\ntwo\n", File.ReadAllText(Path.Combine(_root, "runs/run-1/in/log/growing.log")));
        await IsConsistentAsync();
    }

    [Fact]
    public async Task A_root_that_cannot_be_made_is_the_users_to_mend()
    {
        File.WriteAllText(_root, "a file");

        var fault = await Assert.ThrowsAsync<UserException>(async () =>
            await Store(new LocalHost()).DeliverAsync(Shipment("run-1", []), null, Ct)
        );

        Assert.Contains(_root, fault.Message);
    }

    private static ShellText Nothing => ShellText.Of($":");

    private SiteStore Store(IHost host) => new(host, _root, "here", _repository.Cache);

    private static Shipment Shipment(string run, IReadOnlyList<CargoItem> items, ShellText? then = null) =>
        new(run, [new("code", items, AreaMode.Copy)], [], then ?? Nothing);

    private string Code(string path, string run = "run-1") => Path.Combine(_root, "runs", run, "code", path);

    private string LargeFile(long size)
    {
        var path = Path.Combine(_repository.Beside, "film.raw");
        using var file = File.Create(path);
        file.SetLength(size);
        for (var at = 0L; at < size; at += 1 << 20)
        {
            file.Position = at;
            file.Write(BitConverter.GetBytes(at));
        }
        return path;
    }

    /// <summary>
    /// Every file of the store is what its name says and cannot be written to, and nothing lies about.
    /// </summary>
    private async Task IsConsistentAsync()
    {
        foreach (var path in Directory.EnumerateFiles(Path.Combine(_root, "store"), "*", SearchOption.AllDirectories))
        {
            await using var file = File.OpenRead(path);
            Assert.Equal(
                Path.GetFileNameWithoutExtension(path),
                Convert.ToHexStringLower(await SHA256.HashDataAsync(file, Ct))
            );
            Assert.Equal(path.EndsWith(".x") ? "555" : "444", Convert.ToString((int)File.GetUnixFileMode(path), 8));
        }
        Assert.Empty(Directory.GetFileSystemEntries(Path.Combine(_root, "incoming")));
    }

    private static bool Try(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        process.WaitForExit();
        return process.ExitCode == 0;
    }
}
