using System.Diagnostics;
using System.Text.Json;
using Muster.Gateway.Model;
using Muster.NodeOdm;

namespace Muster.Gateway.Admin;

/// <summary>`muster nodes`, `muster tasks` and `muster tokens`, as an operator types them.</summary>
public sealed class OperatorCommandTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Nodes_are_added_listed_locked_and_removed()
    {
        await using var node = await ScriptedNode.StartAsync(new() { Slots = 2 });
        await using var caller = await AdminCaller.StartAsync();
        var name = $"127.0.0.1:{node.Port}";
        Assert.Contains("no nodes yet", (await RunAsync(caller, "nodes", "list")).Notes, StringComparison.Ordinal);
        Assert.Contains(
            $"{name}, odm 3.6.0, 2 slots",
            (await RunAsync(caller, "nodes", "add", name)).Notes,
            StringComparison.Ordinal
        );
        Assert.Equal(
            (1, $"error: {name} is known already, as {caller.Gateway.Host.Fleet.Nodes[0].Id}"),
            ((await RunAsync(caller, "nodes", "add", name)) is var again ? again.Code : 0, again.Notes.Split('\n')[0])
        );
        Assert.Matches(
            $@"^ID +NODE +STATE +BUSY +ENGINE +IMAGES +MEMORY +WHAT\n[0-9a-f]{{8}}  {name}  online  0/2   odm 3\.6\.0  any     32 GB\n$",
            (await RunAsync(caller, "nodes", "list")).Data
        );
        Assert.Equal(0, (await RunAsync(caller, "nodes", "lock", name)).Code);
        var list = JsonElement.Parse((await RunAsync(caller, "nodes", "ls", "--json")).Data);
        Assert.True(list.GetProperty("nodes")[0].GetProperty("locked").GetBoolean());
        Assert.Equal(0, (await RunAsync(caller, "nodes", "remove", name)).Code);
        var (code, _, notes) = await RunAsync(caller, "nodes", "unlock", name);
        Assert.Equal(
            (
                1,
                $"error: there is no node {name}\n  fix: `muster nodes list` lists them; name one by its ID or "
                    + $"host:port.\n"
            ),
            (code, notes)
        );
        Assert.Contains(
            "does not answer yet",
            (await RunAsync(caller, "nodes", "add", "127.0.0.1:1")).Notes,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Tasks_are_listed_explained_watched_and_ended()
    {
        await using var node = await ScriptedNode.StartAsync(new() { Takes = TimeSpan.FromMinutes(1) });
        await using var caller = await AdminCaller.StartAsync("", node);
        var (north, south) = (
            await caller.Gateway.SubmitAsync(name: "north"),
            await caller.Gateway.SubmitAsync(name: "south")
        );
        await caller.Gateway.UntilAsync(() => caller.Gateway.TaskOf(north).Phase is TaskPhase.Running);

        Assert.Equal($"{south}\n{north}\n", (await RunAsync(caller, "tasks", "list", "-q")).Data);
        Assert.Matches(
            $@"ID +NAME +OWNER +STATE +DONE +IMAGES +NODE +AGE +WHAT\n{south.ToString()[..8]}  south +- +queued +0 % +2 +- ",
            (await RunAsync(caller, "tasks", "list", "--state", "queued")).Data
        );
        Assert.Matches(
            $@"1  {south.ToString()[..8]}  south  2       .*  127\.0\.0\.1:{node.Port} is full\n",
            (await RunAsync(caller, "tasks", "queue")).Data
        );
        Assert.Matches(
            $@"waits        position 1: 127\.0\.0\.1:{node.Port} is full\n(.*\n)*queued       \S+ south: 2 files",
            (await RunAsync(caller, "tasks", "show", "last")).Data
        );
        Assert.Contains(
            "Placed on 127.0.0.1",
            (await RunAsync(caller, "tasks", "logs", north.ToString()[..13])).Data,
            StringComparison.Ordinal
        );
        Assert.Equal(
            "error: there is no task 'west'\n  fix: `muster tasks list` shows them.\n",
            (await RunAsync(caller, "tasks", "show", "west")).Notes
        );
        Assert.Equal(1, (await RunAsync(caller, "tasks", "restart", "north")).Code);
        Assert.Contains(
            "cancelled",
            (await RunAsync(caller, "tasks", "cancel", "north")).Notes,
            StringComparison.Ordinal
        );
        node.Takes = TimeSpan.FromMilliseconds(100);
        var watch = RunAsync(caller, "tasks", "watch", "south");
        var follow = RunAsync(caller, "tasks", "logs", "south", "-f", "--json");
        Assert.Equal(0, (await watch).Code);
        Assert.Matches(@"queued .*south: 2 files(.*\n)*.*placed .*(.*\n)*.*completed ", (await watch).Data);
        Assert.All(
            (await follow).Data.TrimEnd().Split('\n'),
            (line, n) => Assert.Equal(n, JsonElement.Parse(line).GetProperty("line").GetInt32())
        );
        await caller.Gateway.UntilAsync(south, TaskCode.Completed);
        Assert.Equal(0, (await RunAsync(caller, "tasks", "remove", "south", "north")).Code);
        Assert.Contains("no matching tasks", (await RunAsync(caller, "tasks", "list")).Notes, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tokens_are_made_listed_and_revoked()
    {
        await using var caller = await AdminCaller.StartAsync();
        var (code, data, notes) = await RunAsync(
            caller,
            "tokens",
            "new",
            "survey",
            "--expires",
            "30d",
            "--max-tasks",
            "4"
        );
        Assert.Equal(0, code);
        Assert.Contains("clients now need a token", notes, StringComparison.Ordinal);
        var token = caller.Gateway.Host.Tokens.Find(data.Trim())!;
        Assert.Matches(
            $@"{token.Id}  survey  .* in 29 d 23 h  any     4\n",
            (await RunAsync(caller, "tokens", "list")).Data
        );
        Assert.Equal(0, (await RunAsync(caller, "tokens", "revoke", token.Id)).Code);
        Assert.EndsWith(
            "  fix: `muster tokens list` shows their IDs.\n",
            (await RunAsync(caller, "tokens", "revoke", token.Id)).Notes,
            StringComparison.Ordinal
        );
        Assert.Equal(2, (await RunAsync(caller, "tokens", "new", "x", "--expires", "soon")).Code);
    }

    [Fact]
    public async Task A_diagnosis_is_written()
    {
        await using var caller = await AdminCaller.StartAsync();
        var file = Path.Combine(caller.Gateway.Folder, "it.zip");
        Assert.Contains(
            "but no secrets",
            (await RunAsync(caller, "diagnose", "-o", file)).Notes,
            StringComparison.Ordinal
        );
        using (var archive = System.IO.Compression.ZipFile.OpenRead(file))
            Assert.NotNull(archive.GetEntry("settings.json"));
        Assert.Equal(1, (await RunAsync(caller, "diagnose", "-o", Path.Combine(file, "x"))).Code);
    }

    [Fact]
    public async Task The_password_comes_from_a_file()
    {
        await using var caller = await AdminCaller.StartAsync("open sesame");
        var (code, _, notes) = await RunAsync(caller, "nodes", "list");
        Assert.Equal(4, code);
        Assert.Contains("--password-file", notes, StringComparison.Ordinal);
        var file = Path.Combine(caller.Gateway.Folder, "pass.txt");
        await File.WriteAllTextAsync(file, "open sesame\n", Ct);
        Assert.Equal(0, (await RunAsync(caller, "nodes", "list", "--password-file", file)).Code);
    }

    [Fact]
    public async Task What_is_no_gateway_is_named()
    {
        await using var caller = await AdminCaller.StartAsync();
        Assert.Equal(125, (await RunAsync(caller, "nodes", "list", "--gateway", "http://127.0.0.1:1")).Code);
        Assert.Contains(
            "not the client port",
            (await RunAsync(caller, "nodes", "list", "--gateway", caller.Gateway.Host.Address.ToString())).Notes,
            StringComparison.Ordinal
        );
        Assert.Equal(2, (await RunAsync(caller, "nodes", "list", "--gateway", "nowhere")).Code);
    }

    private static async Task<(int Code, string Data, string Notes)> RunAsync(AdminCaller caller, params string[] words)
    {
        var start = new ProcessStartInfo(MusterProgram.Path, words)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = caller.Gateway.Folder,
        };
        start.Environment["MUSTER_GATEWAY"] = caller.Http.BaseAddress!.ToString();
        start.Environment["HOME"] = start.Environment["XDG_STATE_HOME"] = caller.Gateway.Folder;
        using var process = Process.Start(start)!;
        var (data, notes) = (process.StandardOutput.ReadToEndAsync(Ct), process.StandardError.ReadToEndAsync(Ct));
        await process.WaitForExitAsync(Ct);
        return (process.ExitCode, await data, await notes);
    }
}
