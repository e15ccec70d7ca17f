using Microsoft.AspNetCore.Http;
using Muster.Gateway.Model;
using Muster.NodeOdm;

namespace Muster.Gateway;

/// <summary>
/// Nodes that die, forget, refuse, fail or answer badly: no client sees an error, and every task ends rightly.
/// </summary>
public sealed class NodeFaultTests
{
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(5);

    [Fact]
    public async Task A_task_whose_node_stays_away_is_done_on_another()
    {
        await using var first = await ScriptedNode.StartAsync(new() { Takes = Long });
        await using var gateway = await TestGateway.StartAsync(new FastTime(5), null, first);
        var task = await gateway.SubmitAsync();
        await gateway.UntilAsync(() => gateway.TaskOf(task).Phase is TaskPhase.Running { Seen: 2 });
        await using var second = await ScriptedNode.StartAsync();
        gateway.Host.Fleet.Add(second.Url, "");
        await first.DieAsync();
        var done = await gateway.UntilAsync(task, TaskCode.Completed);
        Assert.Single(second.Tasks);
        Assert.Contains(
            done.Output!,
            line => line.Contains("is placed on another node, attempt 2", StringComparison.Ordinal)
        );
        // What was read of the output stays where it was.
        Assert.Equal(["the first line", "the second line"], done.Output!.Skip(5).Take(2));
        await first.StartAsync();
        gateway.Host.Fleet.Refresh();
        await gateway.UntilAsync(() => first.Removed.Contains(task.ToString()));
    }

    [Fact]
    public async Task A_node_that_is_back_in_time_keeps_its_tasks()
    {
        await using var node = await ScriptedNode.StartAsync(new() { Takes = TimeSpan.FromSeconds(1) });
        await using var gateway = await TestGateway.StartAsync(options => options with { MoveAfter = Long }, node);
        var task = await gateway.SubmitAsync();
        await gateway.UntilAsync(() => gateway.TaskOf(task).Phase is TaskPhase.Running);
        await node.DieAsync();
        await gateway.UntilAsync(() => gateway.Host.Fleet.Nodes[0].Health.Missed >= 3);
        Assert.Equal(TaskCode.Running, (await gateway.InfoAsync(task)).Status.Code);
        await node.StartAsync();
        await gateway.UntilAsync(task, TaskCode.Completed);
        Assert.Equal(0, gateway.TaskOf(task).Attempts.Count);
    }

    [Fact]
    public async Task A_task_that_its_node_has_forgotten_is_done_again()
    {
        await using var node = await ScriptedNode.StartAsync(new() { Takes = Long });
        await using var gateway = await TestGateway.StartAsync(node);
        var task = await gateway.SubmitAsync();
        await gateway.UntilAsync(() => gateway.TaskOf(task).Phase is TaskPhase.Running);
        node.Takes = TimeSpan.FromMilliseconds(50);
        node.Tasks.Clear();
        await gateway.UntilAsync(task, TaskCode.Completed);
        Assert.Equal(2, (await gateway.ArchiveAsync(task)).Count);
        Assert.DoesNotContain(task.ToString(), node.Tasks.Keys); // another attempt is another task there
    }

    [Fact]
    public async Task Out_of_memory_goes_to_a_larger_node_before_the_client_sees_a_failure()
    {
        await using var small = await ScriptedNode.StartAsync(
            new()
            {
                MaxImages = 10,
                Memory = 8_000_000_000,
                FailsWith = "Not enough memory",
            }
        );
        await using var large = await ScriptedNode.StartAsync(new() { Memory = 64_000_000_000 });
        await using var gateway = await TestGateway.StartAsync(small, large);
        var task = await gateway.SubmitAsync();
        await gateway.UntilAsync(task, TaskCode.Completed);
        Assert.Single(large.Tasks);
        await gateway.UntilAsync(() => small.Removed.Count == 1);
    }

    [Theory]
    [InlineData("Cannot process dataset"), InlineData("Not enough memory"), InlineData("Processing failed (7)")]
    public async Task I19_what_no_node_could_do_better_is_passed_on_unchanged(string message)
    {
        await using var node = await ScriptedNode.StartAsync(new() { FailsWith = message });
        await using var gateway = await TestGateway.StartAsync(node);
        var task = await gateway.SubmitAsync();
        Assert.Equal(message, (await gateway.UntilAsync(task, TaskCode.Failed)).Status.ErrorMessage);
        Assert.Single(node.Tasks);
    }

    [Fact]
    public async Task A_node_that_refuses_is_passed_over()
    {
        await using var refuses = await ScriptedNode.StartAsync(new() { MaxImages = 10, RefusesWith = "Disk is full" });
        await using var takes = await ScriptedNode.StartAsync();
        await using var gateway = await TestGateway.StartAsync(refuses, takes);
        var task = await gateway.SubmitAsync();
        await gateway.UntilAsync(task, TaskCode.Completed);
        Assert.Single(takes.Tasks);
    }

    [Fact]
    public async Task A_refusal_of_the_only_node_is_the_tasks_failure_in_its_words()
    {
        await using var node = await ScriptedNode.StartAsync(new() { RefusesWith = "Disk is full" });
        await using var gateway = await TestGateway.StartAsync(node);
        Assert.Equal(
            "Disk is full",
            (await gateway.UntilAsync(await gateway.SubmitAsync(), TaskCode.Failed)).Status.ErrorMessage
        );
    }

    [Theory, InlineData("/task/new/init"), InlineData("/task/new/upload/"), InlineData("/task/new/commit/")]
    public async Task An_answer_that_is_lost_on_the_way_neither_loses_nor_doubles_anything(string path)
    {
        var lost = 0;
        await using var node = await ScriptedNode.StartAsync(
            new()
            {
                After = http =>
                {
                    if (
                        !http.Request.Path.Value!.StartsWith(path, StringComparison.Ordinal)
                        || Interlocked.Increment(ref lost) > 1
                    )
                        return Task.FromResult(false);
                    http.Abort();
                    return Task.FromResult(true);
                },
            }
        );
        await using var gateway = await TestGateway.StartAsync(new FastTime(5), null, node);
        var task = await gateway.SubmitAsync(files: 3);
        await gateway.UntilAsync(task, TaskCode.Completed);
        Assert.Equal(["0.jpg", "1.jpg", "2.jpg"], (await gateway.ArchiveAsync(task)).Keys);
        Assert.Single(node.Tasks);
        Assert.True(lost > 0);
    }

    [Theory, InlineData("info"), InlineData("task")]
    public async Task A_node_that_answers_with_nonsense_disturbs_no_client(string what)
    {
        var nonsense = true;
        await using var node = await ScriptedNode.StartAsync(
            new()
            {
                Takes = TimeSpan.FromMilliseconds(300),
                Before = async http =>
                {
                    if (
                        !Volatile.Read(ref nonsense)
                        || http.Request.Method != "GET"
                        || !http.Request.Path.Value!.StartsWith($"/{what}", StringComparison.Ordinal)
                        || !http.Request.Path.Value.EndsWith("info", StringComparison.Ordinal)
                    )
                        return false;
                    http.Response.StatusCode = 502;
                    await http.Response.WriteAsync("<html>Bad Gateway</html>");
                    return true;
                },
            }
        );
        await using var gateway = await TestGateway.StartAsync(options => options with { MoveAfter = Long }, []);
        gateway.Host.Fleet.Add(node.Url, "");
        if (what == "info")
        {
            await gateway.UntilAsync(() => gateway.Host.Fleet.Nodes[0].Health.Missed > 0);
        }
        var task = await gateway.SubmitAsync();
        if (what == "task")
            await gateway.UntilAsync(() =>
                gateway.TaskOf(task).Phase is TaskPhase.Running && !gateway.Host.Fleet.Nodes[0].Health.Answers
            );
        var code = (await gateway.InfoAsync(task, 0)).Status.Code;
        Assert.True(code is TaskCode.Queued or TaskCode.Running);
        Volatile.Write(ref nonsense, false);
        await gateway.UntilAsync(task, TaskCode.Completed);
    }

    [Fact]
    public async Task A_damaged_archive_is_fetched_again()
    {
        var fetched = 0;
        await using var node = await ScriptedNode.StartAsync(
            new()
            {
                Before = async http =>
                {
                    if (
                        !http.Request.Path.Value!.EndsWith("all.zip", StringComparison.Ordinal)
                        || Interlocked.Increment(ref fetched) > 1
                    )
                        return false;
                    http.Response.ContentType = "application/zip";
                    await http.Response.WriteAsync("PK\u0003\u0004 and nothing more");
                    return true;
                },
            }
        );
        await using var gateway = await TestGateway.StartAsync(new FastTime(5), null, node);
        var task = await gateway.SubmitAsync();
        await gateway.UntilAsync(task, TaskCode.Completed);
        Assert.Equal(2, (await gateway.ArchiveAsync(task)).Count);
    }

    [Fact]
    public async Task A_node_taken_off_the_list_gives_its_tasks_to_others()
    {
        await using var first = await ScriptedNode.StartAsync(new() { Takes = Long });
        await using var gateway = await TestGateway.StartAsync(first);
        var task = await gateway.SubmitAsync();
        await gateway.UntilAsync(() => gateway.TaskOf(task).Phase is TaskPhase.Running);
        await using var second = await ScriptedNode.StartAsync();
        gateway.Host.Fleet.Add(second.Url, "");
        gateway.Host.Fleet.Remove(gateway.Host.Fleet.Nodes[0].Id);
        await gateway.UntilAsync(task, TaskCode.Completed);
        Assert.Single(second.Tasks);
    }

    [Fact]
    public async Task A_drained_node_finishes_what_it_has_and_leaves()
    {
        await using var node = await ScriptedNode.StartAsync(new() { Takes = TimeSpan.FromMilliseconds(500) });
        await using var gateway = await TestGateway.StartAsync(node);
        var (has, waits) = (await gateway.SubmitAsync(), await gateway.SubmitAsync());
        await gateway.UntilAsync(() => gateway.TaskOf(has).Phase is TaskPhase.Running);
        gateway.Host.Fleet.SetDraining(gateway.Host.Fleet.Nodes[0].Id, true);
        await gateway.UntilAsync(has, TaskCode.Completed);
        await gateway.UntilAsync(() => gateway.Host.Fleet.Nodes.Count == 0);
        Assert.Equal(TaskCode.Queued, (await gateway.InfoAsync(waits)).Status.Code);
    }

    [Fact]
    public async Task Among_nodes_dead_cut_off_full_slow_and_with_wrong_clocks_every_task_ends_rightly_and_no_client_sees_an_error()
    {
        ScriptedNode[] nodes =
        [
            .. await Task.WhenAll(
                Enumerable
                    .Range(0, 5)
                    .Select(n =>
                        ScriptedNode.StartAsync(new() { Slots = 2, Takes = TimeSpan.FromMilliseconds(200 + (100 * n)) })
                    )
            ),
        ];
        // Their tasks are of 1970, as their clocks have it.
        var (dies, vanishes, full, slow) = (nodes[0], nodes[1], nodes[2], nodes[3]);
        await using var gateway = await TestGateway.StartAsync(new FastTime(5), null, nodes);
        full.RefusesWith = "ENOSPC: no space left on device";
        slow.Before = async _ =>
        {
            await Task.Delay(300);
            return false;
        };
        var tasks = new List<Guid>();
        for (var n = 0; n < 8; n++)
            tasks.Add(await gateway.SubmitAsync());
        await gateway.UntilAsync(() => tasks.Exists(task => gateway.TaskOf(task).Phase is TaskPhase.Running));
        await dies.DieAsync();
        vanishes.Before = async http =>
        {
            await Task.Delay(Timeout.Infinite, http.RequestAborted);
            return true;
        };
        while (tasks.Exists(task => gateway.TaskOf(task).Phase.IsLive))
        {
            foreach (var task in tasks)
                Assert.True(
                    (await gateway.InfoAsync(task, 0)).Status.Code
                        is TaskCode.Queued
                            or TaskCode.Running
                            or TaskCode.Completed
                );
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
        foreach (var task in tasks)
            Assert.Equal(2, (await gateway.ArchiveAsync(task)).Count);
        vanishes.Before = null;
        foreach (var node in nodes)
            await node.DisposeAsync();
    }

    [Fact]
    public async Task A_node_that_begins_a_task_anew_confuses_nobody()
    {
        await using var node = await ScriptedNode.StartAsync(new() { Takes = TimeSpan.FromMilliseconds(1500) });
        await using var gateway = await TestGateway.StartAsync(new FastTime(5), null, node);
        var task = await gateway.SubmitAsync();
        await gateway.UntilAsync(() => gateway.TaskOf(task).ProcessingTime > 500);
        var work = node.Tasks[task.ToString()];
        work.Output.Clear();
        work.Code = TaskCode.Queued; // as NodeODM does when it was started anew
        var done = await gateway.UntilAsync(task, TaskCode.Completed);
        Assert.Equal(2, done.Output!.Count(line => line == "the first line"));
        Assert.Contains("The node was restarted and starts the task again.", done.Output!);
    }
}
