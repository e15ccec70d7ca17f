using System.Diagnostics;
using System.IO.Compression;
using System.Text.Json;
using Muster.Node.Engines;
using static Muster.Node.TestNode;

namespace Muster.Node;

public sealed class QueueTests : IDisposable
{
    private readonly string _folder = NewFolder();

    [Fact]
    public async Task A_program_gets_its_words_unaltered_and_its_results_are_packed()
    {
        await using var node = await StartAsync(
            CommandNode.Engine(
                _folder,
                """
                cd "$1"; shift
                mkdir -p out/deep
                for word in "$@"; do printf '%s\n' "$word"; done >out/deep/words
                ls images >out/images
                printf '\033[32m  at 50%%  \033[0m\n'; echo fault >&2; printf open
                """
            )
        );
        const string words = "a \"b\" $(touch /tmp/never) `c` 'd' é \\ {\"json\": [1]}";
        var options = JsonSerializer.Serialize(
            new object[]
            {
                new { name = "words", value = words },
                new { name = "many", value = "12" },
                new { name = "loud", value = true },
            }
        );
        var uuid = await node.CommitAsync(("options", options));
        Assert.Equal(40, Code(await node.EndAsync(uuid)));
        using var zip = new ZipArchive(await node.Http.GetStreamAsync($"task/{uuid}/download/all.zip", Ct));
        string Of(string name) => new StreamReader(zip.GetEntry(name)!.Open()).ReadToEnd();
        Assert.Equal($"--words\n{words}\n--many\n12\n--loud\n", Of("out/deep/words"));
        Assert.Equal("a.jpg\nb.jpg\n", Of("out/images"));
        Assert.Equal(["at 50%", "fault", "open"], await node.OutputAsync(uuid));
        Assert.Equal("at 50%\nfault\nopen\n", Of("task_output.txt"));
    }

    [Theory]
    [InlineData("exit 1", "Cannot process dataset")]
    [InlineData("exit 7", "out of luck")]
    [InlineData("exit 9", "Processing failed (9)")]
    [InlineData("kill -9 $$", "Not enough memory")]
    [InlineData("kill -9 0", "Processing failed (-1)")]
    public async Task A_failure_says_what_it_was(string script, string error)
    {
        await using var node = await StartAsync(CommandNode.Engine(_folder, script));
        var info = await node.EndAsync(await node.CommitAsync());
        Assert.Equal(
            (30, error, 100.0),
            (
                Code(info),
                info.GetProperty("status").GetProperty("errorMessage").GetString(),
                info.GetProperty("progress").GetDouble()
            )
        );
    }

    [Fact]
    public async Task A_slot_is_free_only_when_nothing_of_the_last_task_runs_any_more()
    {
        // It ignores TERM, and has a child that left its session.
        await using var node = await StartAsync(
            CommandNode.Engine(
                _folder,
                $$"""
                [ -e "{{_folder}}/stubborn" ] || exit 0
                trap '' TERM
                setsid sh -c "trap '' TERM; echo \$\$ >>'{{_folder}}/pids'; while :; do sleep 0.1; done" &
                echo $$ >>"{{_folder}}/pids"
                echo started
                while :; do sleep 0.1; done
                """
            )
        );
        await File.WriteAllTextAsync(Path.Combine(_folder, "stubborn"), "", Ct);
        var first = await node.CommitAsync();
        await Until(async () =>
            File.Exists(Path.Combine(_folder, "pids"))
            && (await File.ReadAllLinesAsync(Path.Combine(_folder, "pids"), Ct)).Length == 2
        );
        File.Delete(Path.Combine(_folder, "stubborn"));
        var second = await node.CommitAsync();
        await node.UntilAsync(second, code => code == 10);
        var pids = (await File.ReadAllLinesAsync(Path.Combine(_folder, "pids"), Ct)).Select(int.Parse).ToList();
        Assert.All(pids, pid => Assert.True(LinuxProcesses.IsAlive(pid)));

        Assert.Equal("""{"success":true}""", (await node.PostAsync("task/cancel", Uuid(first))).ToString());
        var info = await node.InfoAsync(first);
        Assert.Equal((50, -1), (Code(info), info.GetProperty("processingTime").GetInt32()));
        while (Code(await node.InfoAsync(second)) == 10)
            await Task.Delay(5, Ct);
        Assert.All(pids, pid => Assert.False(LinuxProcesses.IsAlive(pid)));
        Assert.Equal(40, Code(await node.EndAsync(second)));
    }

    [Fact]
    public async Task With_a_free_slot_nobody_sees_a_task_wait_and_without_one_it_waits_in_turn()
    {
        await using var node = await StartAsync(
            new TestEngine(new() { Takes = TimeSpan.FromSeconds(1) }),
            settings => settings with { Parallel = 2 }
        );
        List<string> uuids = [await node.CommitAsync(), await node.CommitAsync()];
        var seen = new Dictionary<string, List<int>>();
        // The first that is ready gets a slot; so these two have theirs before there are others.
        while (!(await LookAsync()).All(info => info.GetProperty("processingTime").GetInt64() >= 0)) { }
        uuids.AddRange([await node.CommitAsync(), await node.CommitAsync()]);
        while (!(await LookAsync()).All(info => Code(info) == 40))
        {
            Assert.InRange((await node.GetAsync("info")).GetProperty("taskQueueCount").GetInt32(), 0, 4);
            await Task.Delay(5, Ct);
        }

        async Task<IReadOnlyList<JsonElement>> LookAsync()
        {
            var infos = new List<JsonElement>();
            foreach (var uuid in uuids)
            {
                infos.Add(await node.InfoAsync(uuid));
                if (!seen.TryGetValue(uuid, out var codes))
                    seen[uuid] = codes = [];
                codes.Add(Code(infos[^1]));
            }
            return infos;
        }

        Assert.Equal([20, 40], seen[uuids[0]].Distinct());
        Assert.Equal([20, 40], seen[uuids[1]].Distinct());
        Assert.Contains(10, seen[uuids[2]]);
        Assert.Contains(10, seen[uuids[3]]);
    }

    [Fact]
    public async Task Cancel_restart_and_remove_do_what_they_say()
    {
        await using var node = await StartAsync(new TestEngine(new() { Takes = TimeSpan.FromMinutes(10) }));
        var (running, waiting) = (await node.CommitAsync(), await node.CommitAsync());
        await node.UntilAsync(waiting, code => code == 10);
        Assert.Equal(
            """{"success":false,"error":"Task cannot be restarted"}""",
            (await node.PostAsync("task/restart", Uuid(running))).ToString()
        );
        foreach (var uuid in new[] { waiting, running, running })
            Assert.Equal("""{"success":true}""", (await node.PostAsync("task/cancel", Uuid(uuid))).ToString());
        Assert.Equal((50, 50), (Code(await node.InfoAsync(running)), Code(await node.InfoAsync(waiting))));

        var again = new FormUrlEncodedContent([
            new("uuid", running),
            new("options", """[{"name":"dsm","value":true}]"""),
        ]);
        Assert.Equal("""{"success":true}""", (await node.PostAsync("task/restart", again)).ToString());
        var info = await node.UntilAsync(running, code => code == 20);
        Assert.Equal(
            ["dsm", "pc-ept", "cog", "gltf"],
            info.GetProperty("options").EnumerateArray().Select(option => option.GetProperty("name").GetString()!)
        );
        var wrong = new FormUrlEncodedContent([
            new("uuid", waiting),
            new("options", """[{"name":"dsm","value":"x"}]"""),
        ]);
        Assert.Contains(
            "Cannot convert x to boolean",
            (await node.PostAsync("task/restart", wrong)).GetProperty("error").GetString(),
            StringComparison.Ordinal
        );

        foreach (var uuid in new[] { running, waiting })
        {
            Assert.Equal("""{"success":true}""", (await node.PostAsync("task/remove", Uuid(uuid))).ToString());
            Assert.Equal($"{uuid} not found", (await node.InfoAsync(uuid)).GetProperty("error").GetString());
            Assert.False(Directory.Exists(Path.Combine(node.Settings.Folder, "data", uuid)));
        }
        Assert.Empty((await node.GetAsync("task/list")).EnumerateArray());
    }

    [Fact]
    public async Task A_finished_task_stays_finished_when_it_is_cancelled()
    {
        await using var node = await StartAsync();
        var uuid = await node.CommitAsync();
        await node.EndAsync(uuid);
        Assert.Equal("""{"success":true}""", (await node.PostAsync("task/cancel", Uuid(uuid))).ToString());
        Assert.Equal(40, Code(await node.InfoAsync(uuid)));
        Assert.NotEmpty(await node.Http.GetByteArrayAsync($"task/{uuid}/download/all.zip", Ct));
    }

    [Fact]
    public async Task A_task_that_runs_too_long_is_cancelled_and_says_so()
    {
        await using var node = await StartAsync(
            CommandNode.Engine(_folder, "echo begun; sleep 60"),
            settings => settings with { MaxRuntime = TimeSpan.FromSeconds(1) }
        );
        var uuid = await node.CommitAsync();
        Assert.Equal(50, Code(await node.EndAsync(uuid)));
        Assert.Equal(
            ["begun", "The task ran longer than 0.02 minutes, as long as this node permits, and was cancelled."],
            await node.OutputAsync(uuid)
        );
    }

    [Fact]
    public async Task Progress_comes_from_output_and_from_the_private_port_and_never_goes_back()
    {
        await using var node = await StartAsync(
            CommandNode.Engine(
                _folder,
                $$"""
                echo at 20%
                while [ ! -e "{{_folder}}/go" ]; do sleep 0.05; done
                python3 -c 'import os, socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); [s.sendto(b"PGUP/1/" + os.environ["MUSTER_TASK"].encode() + b"/" + p, ("127.0.0.1", int(os.environ["MUSTER_PROGRESS_PORT"]))) for p in (b"nonsense", b"60.5", b"10")]'
                while [ ! -e "{{_folder}}/end" ]; do sleep 0.05; done
                """
            )
        );
        var uuid = await node.CommitAsync();
        async Task Reaches(double percent) =>
            await Until(async () =>
                Math.Abs((await node.InfoAsync(uuid)).GetProperty("progress").GetDouble() - percent) < 0.01
            );
        await Reaches(18);
        await File.WriteAllTextAsync(Path.Combine(_folder, "go"), "", Ct);
        await Reaches(54.45);
        await File.WriteAllTextAsync(Path.Combine(_folder, "end"), "", Ct);
        Assert.Equal(100, (await node.EndAsync(uuid)).GetProperty("progress").GetDouble());
    }

    [Fact]
    public async Task Random_failures_follow_from_the_seed()
    {
        var uuids = Enumerable.Range(0, 12).Select(n => $"00000000-0000-4000-8000-{n:x12}").ToList();
        async Task<List<int>> CodesAsync(int seed)
        {
            await using var node = await StartAsync(
                new TestEngine(new() { FailureRate = 0.5, Seed = seed }),
                settings => settings with { Parallel = 10 }
            );
            foreach (var uuid in uuids)
            {
                await node.PostAsync("task/new", Photos(("a.jpg", Bytes(2))), uuid);
            }
            var codes = new List<int>();
            foreach (var uuid in uuids)
                codes.Add(Code(await node.EndAsync(uuid)));
            return codes;
        }
        var (first, same, other) = (await CodesAsync(1), await CodesAsync(1), await CodesAsync(2));
        Assert.Equal(first, same);
        Assert.NotEqual(first, other);
        Assert.Contains(30, first);
        Assert.Contains(40, first);
    }

    [Fact]
    public async Task Old_tasks_and_old_uploads_are_deleted()
    {
        await using var node = await StartAsync(change: settings =>
            settings with
            {
                KeepTasks = TimeSpan.Zero,
                KeepUploads = TimeSpan.Zero,
            }
        );
        var ended = await node.CommitAsync();
        await node.EndAsync(ended);
        var upload = (await node.PostAsync("task/new/init")).GetProperty("uuid").GetString()!;
        await Task.Delay(5, Ct); // both are older than nothing then
        await node.Server.Cleaner.CleanAsync();
        Assert.Equal($"{ended} not found", (await node.InfoAsync(ended)).GetProperty("error").GetString());
        Assert.Equal(
            "Invalid uuid (not found)",
            (await node.PostAsync($"task/new/upload/{upload}", Photos(("a.jpg", Bytes(2)))))
                .GetProperty("error")
                .GetString()
        );
    }

    [Fact]
    public async Task An_end_that_cannot_be_written_frees_its_slot_and_is_told_when_it_is_written()
    {
        await using var node = await TestNode.StartAsync(
            new TestEngine(new() { Takes = TimeSpan.FromSeconds(1) }),
            settings => settings with { Parallel = 1 }
        );
        var first = await node.CommitAsync();
        await node.UntilAsync(first, code => code == 20);
        // As on a full disk: what comes after the start is refused, for this task.
        Database(
            node,
            $"CREATE TRIGGER full BEFORE UPDATE ON tasks WHEN OLD.uuid = '{first}' BEGIN SELECT RAISE(FAIL, 'database "
                + "or disk is full'); END"
        );
        var second = await node.CommitAsync();
        Assert.Equal(40, TestNode.Code(await node.EndAsync(second)));
        Assert.Equal(20, TestNode.Code(await node.InfoAsync(first)));
        Database(node, "DROP TRIGGER full");
        Assert.Equal(40, TestNode.Code(await node.EndAsync(first)));
        Assert.Contains("\"phase\":\"Completed\"", RecordOf(node, first), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_start_that_cannot_be_written_is_made_when_it_can()
    {
        await using var node = await TestNode.StartAsync(
            new TestEngine(new() { Takes = TimeSpan.FromSeconds(1) }),
            settings => settings with { Parallel = 1 }
        );
        var first = await node.CommitAsync();
        var second = await node.CommitAsync();
        await node.UntilAsync(second, code => code == 10);
        Database(
            node,
            $"CREATE TRIGGER full BEFORE UPDATE ON tasks WHEN OLD.uuid = '{second}' BEGIN SELECT RAISE(FAIL, 'database "
                + "or disk is full'); END"
        );
        await node.EndAsync(first);
        await Task.Delay(TimeSpan.FromSeconds(0.5), TestNode.Ct);
        Assert.Equal(10, TestNode.Code(await node.InfoAsync(second)));
        Database(node, "DROP TRIGGER full");
        Assert.Equal(40, TestNode.Code(await node.EndAsync(second)));
    }

    internal static string RecordOf(TestNode node, string uuid) =>
        Database(node, $"SELECT task FROM tasks WHERE uuid = '{uuid}'")!;

    private static string? Database(TestNode node, string text)
    {
        using var connection = new Microsoft.Data.Sqlite.SqliteConnection(
            $"Data Source={new NodeFolders(node.Settings.Folder).Database};Pooling=false"
        );
        connection.Open();
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // texts of these tests
        command.CommandText = text;
#pragma warning restore CA2100
        return command.ExecuteScalar() as string;
    }

    internal static async Task Until(Func<Task<bool>> done)
    {
        for (var clock = Stopwatch.StartNew(); !await done(); await Task.Delay(20, Ct))
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(60), "it did not come to it");
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
