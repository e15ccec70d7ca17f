using Muster.Gateway.Model;
using Muster.Gateway.Placing;
using Muster.NodeOdm;

namespace Muster.Gateway;

/// <summary>Cancel, remove and restart, whatever a task is doing and whether its node listens or not.</summary>
public sealed class ActionTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(5);

    [Theory, InlineData("cancel"), InlineData("remove")]
    public async Task A_task_that_waits_leaves_the_queue(string action)
    {
        await using var node = await ScriptedNode.StartAsync(new() { Takes = Long });
        await using var gateway = await TestGateway.StartAsync(node);
        var first = await gateway.SubmitAsync();
        await gateway.UntilAsync(() => gateway.TaskOf(first).Phase is TaskPhase.Running);
        var waits = await gateway.SubmitAsync();
        Assert.Equal(TaskCode.Queued, (await gateway.InfoAsync(waits)).Status.Code);
        await ActAsync(gateway, action, waits);
        Assert.Equal(0, gateway.Host.Tasks.Live.Waiting);
        await IsOverAsync(gateway, action, waits);
    }

    [Theory, InlineData("cancel"), InlineData("remove")]
    public async Task A_task_on_its_way_to_a_node_is_stopped(string action)
    {
        var gate = new TaskCompletionSource();
        await using var node = await ScriptedNode.StartAsync(
            new()
            {
                Before = async http =>
                {
                    if (http.Request.Path.Value!.Contains("/upload/", StringComparison.Ordinal))
                        await gate.Task.WaitAsync(TestGateway.Patience);
                    return false;
                },
            }
        );
        await using var gateway = await TestGateway.StartAsync(node);
        var task = await gateway.SubmitAsync();
        await gateway.UntilAsync(() =>
            gateway.TaskOf(task).Phase is TaskPhase.Sending { Stage: SendingStage.Uploading }
        );
        await ActAsync(gateway, action, task);
        gate.SetResult();
        await IsOverAsync(gateway, action, task);
        var next = await gateway.SubmitAsync();
        await gateway.UntilAsync(next, TaskCode.Completed);
        Assert.DoesNotContain(task.ToString(), node.Tasks.Keys);
    }

    [Theory, InlineData("cancel"), InlineData("remove")]
    public async Task A_running_task_is_stopped_on_its_node_and_its_slot_is_free_after_that(string action)
    {
        await using var node = await ScriptedNode.StartAsync(new() { Takes = Long });
        await using var gateway = await TestGateway.StartAsync(node);
        var task = await gateway.SubmitAsync();
        await gateway.UntilAsync(() => gateway.TaskOf(task).Phase is TaskPhase.Running);
        var next = await gateway.SubmitAsync();
        await ActAsync(gateway, action, task);
        await IsOverAsync(gateway, action, task);
        await gateway.UntilAsync(() => (action == "cancel" ? node.Cancelled : node.Removed).Contains(task.ToString()));
        await gateway.UntilAsync(() => gateway.TaskOf(next).Phase is TaskPhase.Running);
        Assert.Equal(0, node.Overbooked);
    }

    [Theory, InlineData("cancel"), InlineData("remove")]
    public async Task A_node_that_is_away_is_told_when_it_is_back(string action)
    {
        await using var node = await ScriptedNode.StartAsync(new() { Takes = Long });
        await using var gateway = await TestGateway.StartAsync(options => options with { MoveAfter = Long }, node);
        var task = await gateway.SubmitAsync();
        await gateway.UntilAsync(() => gateway.TaskOf(task).Phase is TaskPhase.Running);
        await node.DieAsync();
        await ActAsync(gateway, action, task);
        await IsOverAsync(gateway, action, task);
        await node.StartAsync();
        await gateway.UntilAsync(() => (action == "cancel" ? node.Cancelled : node.Removed).Contains(task.ToString()));
        await gateway.UntilAsync(() => gateway.Host.Tasks.Chores.For(gateway.Host.Fleet.Nodes[0].Id).Count == 0);
    }

    [Fact]
    public async Task A_request_that_a_node_has_not_taken_survives_a_restart()
    {
        await using var node = await ScriptedNode.StartAsync(new() { Takes = Long });
        await using var gateway = await TestGateway.StartAsync(options => options with { MoveAfter = Long }, node);
        var task = await gateway.SubmitAsync();
        await gateway.UntilAsync(() => gateway.TaskOf(task).Phase is TaskPhase.Running);
        await node.DieAsync();
        await ActAsync(gateway, "cancel", task);
        await gateway.StopAsync();
        await node.StartAsync();
        await gateway.StartAsync();
        await gateway.UntilAsync(() => node.Cancelled.Contains(task.ToString()));
    }

    [Fact]
    public async Task Cancelling_what_is_done_leaves_it_done()
    {
        await using var node = await ScriptedNode.StartAsync();
        await using var gateway = await TestGateway.StartAsync(node);
        var task = await gateway.SubmitAsync();
        await gateway.UntilAsync(task, TaskCode.Completed);
        await ActAsync(gateway, "cancel", task);
        Assert.Equal(TaskCode.Completed, (await gateway.InfoAsync(task)).Status.Code);
        Assert.Equal(2, (await gateway.ArchiveAsync(task)).Count);
    }

    [Fact]
    public async Task Removing_takes_files_archive_and_the_nodes_copy()
    {
        await using var node = await ScriptedNode.StartAsync();
        await using var gateway = await TestGateway.StartAsync(node);
        var task = await gateway.SubmitAsync();
        await gateway.UntilAsync(task, TaskCode.Completed);
        await ActAsync(gateway, "remove", task);
        await gateway.UntilAsync(() => node.Removed.Contains(task.ToString()));
        Assert.Empty(gateway.Files("results"));
        Assert.Empty(TestGateway.Said(await gateway.Client().ListAsync(Ct)));
    }

    [Fact]
    public async Task A_cancelled_task_runs_again_where_it_was_with_new_options_and_a_clean_output()
    {
        await using var node = await ScriptedNode.StartAsync(new() { Takes = Long });
        await using var gateway = await TestGateway.StartAsync(node);
        var task = await gateway.SubmitAsync();
        await gateway.UntilAsync(() => gateway.TaskOf(task).Phase is TaskPhase.Running { Seen: 2 });
        await ActAsync(gateway, "cancel", task);
        await gateway.UntilAsync(() => node.Cancelled.Contains(task.ToString()));
        node.Takes = TimeSpan.FromMilliseconds(50);
        Assert.True(
            TestGateway.Said(
                await gateway
                    .Client()
                    .RestartAsync(
                        task.ToString(),
                        """[{"name":"rerun-from","value":"odm_dem"},{"name":"nonsense","value":1}]""",
                        Ct
                    )
            )
        );
        var done = await gateway.UntilAsync(task, TaskCode.Completed);
        Assert.Equal("rerun-from", Assert.Single(done.Options).Name);
        Assert.StartsWith("Restarted", done.Output![0], StringComparison.Ordinal);
        Assert.Single(node.Tasks);
    }

    [Fact]
    public async Task A_cancelled_task_whose_node_is_gone_runs_again_from_its_files()
    {
        await using var first = await ScriptedNode.StartAsync(new() { Takes = Long });
        await using var gateway = await TestGateway.StartAsync(new FastTime(5), null, first);
        var task = await gateway.SubmitAsync();
        await gateway.UntilAsync(() => gateway.TaskOf(task).Phase is TaskPhase.Running);
        await ActAsync(gateway, "cancel", task);
        await first.DieAsync();
        await using var second = await ScriptedNode.StartAsync();
        gateway.Host.Fleet.Add(second.Url, "");
        Assert.True(TestGateway.Said(await gateway.Client().RestartAsync(task.ToString(), null, Ct)));
        await gateway.UntilAsync(task, TaskCode.Completed);
        Assert.Single(second.Tasks);
    }

    [Fact]
    public async Task A_restarted_task_has_all_its_attempts_again_when_its_node_forgets_it()
    {
        await using var node = await ScriptedNode.StartAsync(new() { Takes = Long });
        await using var gateway = await TestGateway.StartAsync(
            options => options with { UnknownAfter = TimeSpan.Zero },
            node
        );
        var task = await gateway.SubmitAsync();
        async Task ForgetAsync(int attempt)
        {
            await gateway.UntilAsync(() =>
                !gateway.TaskOf(task).Phase.IsLive
                || (gateway.TaskOf(task).Attempts.Count == attempt && gateway.TaskOf(task).Phase is TaskPhase.Running)
            );
            node.Tasks.Clear();
        }
        for (var attempt = 0; attempt < RetryPlan.Most; attempt++)
            await ForgetAsync(attempt);
        Assert.Equal(
            "The node no longer knows the task.",
            (await gateway.UntilAsync(task, TaskCode.Failed)).Status.ErrorMessage
        );
        Assert.True(TestGateway.Said(await gateway.Client().RestartAsync(task.ToString(), null, Ct)));
        await ForgetAsync(1);
        await ForgetAsync(2);
        node.Takes = TimeSpan.FromMilliseconds(50);
        await gateway.UntilAsync(task, TaskCode.Completed);
    }

    [Fact]
    public async Task A_task_that_nobody_can_run_again_says_so_at_once()
    {
        await using var node = await ScriptedNode.StartAsync();
        await using var gateway = await TestGateway.StartAsync(node);
        var task = await gateway.SubmitAsync();
        await gateway.UntilAsync(task, TaskCode.Completed);
        node.Tasks.Clear();
        Assert.Contains(
            "cannot be restarted",
            Assert.IsType<NodeReply<bool>.Denied>(await gateway.Client().RestartAsync(task.ToString(), null, Ct)).Error,
            StringComparison.Ordinal
        );
        Assert.Equal(TaskCode.Completed, (await gateway.InfoAsync(task)).Status.Code);
        Assert.Equal(2, (await gateway.ArchiveAsync(task)).Count);
    }

    [Fact]
    public async Task A_running_task_is_not_restarted()
    {
        await using var node = await ScriptedNode.StartAsync(new() { Takes = Long });
        await using var gateway = await TestGateway.StartAsync(node);
        var task = await gateway.SubmitAsync();
        Assert.Equal(
            "Task cannot be restarted",
            Assert.IsType<NodeReply<bool>.Denied>(await gateway.Client().RestartAsync(task.ToString(), null, Ct)).Error
        );
    }

    private static async Task ActAsync(TestGateway gateway, string action, Guid task) =>
        Assert.True(
            TestGateway.Said(
                await (
                    action == "cancel"
                        ? gateway.Client().CancelAsync(task.ToString(), Ct)
                        : gateway.Client().RemoveAsync(task.ToString(), Ct)
                )
            )
        );

    private static async Task IsOverAsync(TestGateway gateway, string action, Guid task)
    {
        if (action == "cancel")
            Assert.Equal(TaskCode.Canceled, (await gateway.InfoAsync(task)).Status.Code);
        else
            Assert.Equal(
                $"{task} not found",
                Assert
                    .IsType<NodeReply<TaskInfo>.Denied>(await gateway.Client().TaskInfoAsync(task.ToString(), null, Ct))
                    .Error
            );
    }
}
