using System.Runtime.Versioning;
using Muster.Faults;
using Muster.Hosts;
using Muster.Shell;
using Muster.Snapshots;

namespace Muster.Transfers;

/// <summary>What a run's folder is like when all has arrived.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class DeliveryTests : DeliveryTestBase
{
    [Fact]
    public async Task A_snapshot_arrives_as_it_was_taken_and_the_last_word_is_run()
    {
        Repository.Write("lib/util.py", "x = 2\n");
        Repository.Write("new file", "untracked");
        var snapshot = await Repository.GetAsync();

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
        Assert.Equal("{}", File.ReadAllText(Path.Combine(Root, "runs/run-1/run.json")));
        Assert.Equal(
            UnixFileMode.UserRead | UnixFileMode.UserWrite,
            File.GetUnixFileMode(Path.Combine(Root, "runs/run-1/launch"))
        );
        Assert.True(File.Exists(Path.Combine(Root, "runs/run-1/status/staged")));
        await IsConsistentAsync();
    }

    [Fact]
    public async Task A_second_delivery_sends_what_is_new_in_one_channel()
    {
        var host = new TestHost();
        var one = await Store(host)
            .DeliverAsync(Shipment("run-1", (await Repository.GetAsync("run-1")).Items), null, Ct);
        Assert.Equal((2, 1), (one.FilesSent, host.Channels));

        Repository.Write("main.py", "edited\n");
        var two = await Store(host)
            .DeliverAsync(Shipment("run-2", (await Repository.GetAsync("run-2")).Items), null, Ct);

        Assert.Equal((1, 7L, 6L, 2), (two.FilesSent, two.BytesSent, two.BytesThere, host.Channels));
        Assert.Equal("edited\n", File.ReadAllText(Code("main.py", "run-2")));
        Assert.Equal("x = 1\n", File.ReadAllText(Code("lib/util.py", "run-2")));
    }

    [Fact]
    public async Task Linked_areas_share_read_only_files_and_copied_ones_are_the_runs_own()
    {
        Repository.Write("again/util.py", "x = 1\n");
        Repository.Write("run.sh", "x = 1\n");
        Repository.Sh("chmod +x run.sh; : > empty");
        var items = (await Repository.GetAsync()).Items;

        await Store(new LocalHost())
            .DeliverAsync(
                new("run-1", [new("code", items, AreaMode.Copy), new("in/data", items, AreaMode.Link)], [], Nothing),
                null,
                Ct
            );

        Assert.Equal(
            "644 1|644 1|755 1|444 3|444 3|555 2|444 1|755",
            Repository
                .Sh(
                    $"""
                    cd {Root}/runs/run-1; stat -c '%a %h' code/lib/util.py code/again/util.py code/run.sh in/data/lib/util.py in/data/again/util.py in/data/run.sh in/data/empty; stat -c %a in/data/lib
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
            .Append((await Repository.GetAsync()).Items[0])
            .ToList();

        await Store(new LocalHost())
            .DeliverAsync(new("run-1", [new("code", items, AreaMode.Auto)], [], Nothing), null, Ct);

        Assert.Equal(Environment.UserName == "root" ? "1" : "2", Repository.Sh($"stat -c %h {Code("lib/util.py")}"));
    }

    [Fact]
    public async Task Any_name_arrives()
    {
        var deep = string.Join('/', Enumerable.Repeat("a-rather-long-folder-name", 12));
        Repository.Sh(
            $$"""
            touch -- "$(printf 'latin1-\351')" "$(printf 'line\nfeed')" -dash ' space ' 'back\slash' 'st*r'; mkdir -p {{deep}}; echo deep > {{deep}}/{{new string(
                'n',
                180
            )}}
            ln -s nowhere dangling; ln -s ../../../../etc/no-such-file out; ln -s {{deep}} long
            for file in ./*; do [ ! -f "$file" ] || [ -L "$file" ] || echo "$file" > "$file"; done
            """
        );

        await Store(new LocalHost()).DeliverAsync(Shipment("run-1", (await Repository.GetAsync()).Items), null, Ct);

        Assert.Equal("", Repository.Sh($"diff -r --no-dereference --exclude=.git . {Root}/runs/run-1/code"));
    }

    [Fact]
    public async Task Repeating_a_delivery_changes_nothing()
    {
        var shipment = Shipment(
            "run-1",
            (await Repository.GetAsync()).Items,
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
        Directory.CreateDirectory(Path.Combine(Root, "runs/run-1/status"));
        File.WriteAllText(Path.Combine(Root, "runs/run-1/status", status), "");

        var report = await Store(new LocalHost())
            .DeliverAsync(
                Shipment("run-1", (await Repository.GetAsync()).Items, ShellText.Of($"echo asked")),
                null,
                Ct
            );

        Assert.Equal(("asked\n", 0), (report.Output, report.FilesSent));
        Assert.False(Directory.Exists(Code("")));
    }

    [Fact]
    public async Task BusyBox_is_enough_on_the_other_side()
    {
        var host = new TestHost { Tools = TestHost.BusyBox(Path.Combine(Repository.Beside, "tools")) };
        for (var i = 0; i < 300; i++)
            Repository.Write(
                $"a folder with a rather long name/{i % 7}/another folder with a rather long name/{i}",
                $"content {i % 200}"
            );
        Repository.Sh(
            $"""touch "$(printf 'line\nfeed')" "$(printf 'latin1-\351')" empty; ln -s nowhere dangling; ln -s /etc/no-such-file out; chmod +x main.py; echo > {new string('n', 200)}"""
        );
        var items = (await Repository.GetAsync()).Items;
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
            Repository.Sh(
                $"diff -r --no-dereference --exclude=.git . {Root}/runs/run-1/code; cmp ../film.raw "
                    + $"{Root}/runs/run-1/in/film/film.raw"
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
        Repository.Sh($"rm -rf {Root}/store/*");
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
        var home = Path.Combine(Repository.Beside, "home o'mine");
        Directory.CreateDirectory(home);
        var store = new SiteStore(new TestHost { Home = home }, "~/my muster", "home", Repository.Cache);

        await store.DeliverAsync(Shipment("run-1", (await Repository.GetAsync()).Items), null, Ct);

        Assert.True(File.Exists(Path.Combine(home, "my muster/runs/run-1/code/main.py")));
    }

    [Fact]
    public async Task A_file_that_changes_while_it_is_read_is_said()
    {
        var path = Path.Combine(Repository.Beside, "growing.log");
        File.WriteAllText(path, "one\n");
        var items = FolderSnapshot.Take(path, Ct).Items;
        File.AppendAllText(path, "two\n");

        var report = await Store(new LocalHost())
            .DeliverAsync(new("run-1", [new("in/log", items, AreaMode.Link)], [], Nothing), null, Ct);

        Assert.Equal("growing.log", Assert.Single(report.Changed).ToString());
        Assert.Equal("one\ntwo\n", File.ReadAllText(Path.Combine(Root, "runs/run-1/in/log/growing.log")));
        await IsConsistentAsync();
    }

    [Fact]
    public async Task A_root_that_cannot_be_made_is_the_users_to_mend()
    {
        File.WriteAllText(Root, "a file");

        var fault = await Assert.ThrowsAsync<UserException>(async () =>
            await Store(new LocalHost()).DeliverAsync(Shipment("run-1", []), null, Ct)
        );

        Assert.Contains(Root, fault.Message);
    }
}
