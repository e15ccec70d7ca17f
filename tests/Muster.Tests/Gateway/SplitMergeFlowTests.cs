using System.Text.Json;
using System.Web;
using Muster.Gateway.Model;
using Muster.NodeOdm;

namespace Muster.Gateway;

/// <summary>Tasks that cut themselves into parts, which come back to the gateway as tasks.</summary>
public sealed class SplitMergeFlowTests
{
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(5);
    private const string Split = """[{"name":"split","value":100}]""";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_split_task_is_told_to_send_its_parts_here_with_a_token_that_no_client_sees()
    {
        await using var node = await ScriptedNode.StartAsync(new() { Takes = Long });
        await using var gateway = await TestGateway.StartAsync(node);
        var parent = await gateway.SubmitAsync(options: Split);
        var address = await PartsAddressAsync(gateway, node, parent);
        Assert.Equal(gateway.Host.Address, new Uri(address.GetLeftPart(UriPartial.Path)));
        Assert.Equal(40, HttpUtility.ParseQueryString(address.Query)["token"]!.Length);

        var shown = (await gateway.InfoAsync(parent))
            .Options.Single(option => option.Name == "sm-cluster")
            .Value.GetString();
        Assert.Equal(gateway.Host.Address.ToString(), shown);
        Assert.DoesNotContain(
            HttpUtility.ParseQueryString(address.Query)["token"]!,
            await File.ReadAllTextAsync(Path.Combine(gateway.Folder, "gateway.db-wal"), Ct),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task A_public_address_is_preferred_and_the_clients_own_is_replaced()
    {
        await using var node = await ScriptedNode.StartAsync(new() { Takes = Long });
        await using var gateway = await TestGateway.StartAsync(
            options => options with { PublicAddress = new("http://gateway.example:3000/") },
            node
        );
        var parent = await gateway.SubmitAsync(options: """[{"name":"sm-cluster","value":"http://elsewhere:1"}]""");
        Assert.StartsWith(
            "http://gateway.example:3000/?token=",
            (await PartsAddressAsync(gateway, node, parent)).ToString(),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task I24_with_split_merge_off_the_option_and_parts_are_refused()
    {
        await using var node = await ScriptedNode.StartAsync();
        await using var gateway = await TestGateway.StartAsync(options => options with { SplitMerge = false }, node);
        var task = await gateway.SubmitAsync(
            options: """[{"name":"split","value":100},{"name":"sm-cluster","value":"http://elsewhere:1"}]"""
        );
        Assert.Equal("split", Assert.Single((await gateway.InfoAsync(task)).Options).Name);
        var refused = await Assert.ThrowsAsync<InvalidOperationException>(() =>
            gateway.SubmitAsync(more: ("seed.zip", "x"u8.ToArray()))
        );
        Assert.Contains("Cannot use this node as a split-merge cluster.", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_part_that_waits_is_shown_running_with_three_honest_lines()
    {
        await using var first = await ScriptedNode.StartAsync(new() { Takes = Long });
        await using var second = await ScriptedNode.StartAsync(new() { Takes = Long });
        await using var gateway = await TestGateway.StartAsync(first, second);
        var parent = await gateway.SubmitAsync(options: Split);
        var token = await TokenAsync(gateway, parent, first, second);
        var runs = await SubmitPartAsync(gateway, token);
        await gateway.UntilAsync(() => gateway.TaskOf(runs).Phase is TaskPhase.Running);
        var waits = await SubmitPartAsync(gateway, token);
        var info = await gateway.InfoAsync(waits, -3, token);
        Assert.Equal((TaskCode.Running, 3), (info.Status.Code, info.Output!.Count));
        Assert.True(info.ProcessingTime >= 0);
        Assert.IsType<TaskPhase.Queued>(gateway.TaskOf(waits).Phase);
        Assert.Equal(parent, gateway.TaskOf(waits).Parent);
    }

    [Fact]
    public async Task Where_every_slot_belongs_to_a_parent_a_part_is_shown_queued_so_that_its_engine_takes_it_back()
    {
        await using var first = await ScriptedNode.StartAsync(new() { Takes = Long });
        await using var second = await ScriptedNode.StartAsync(new() { Takes = Long });
        await using var gateway = await TestGateway.StartAsync(first, second);
        var (one, two) = (await gateway.SubmitAsync(options: Split), await gateway.SubmitAsync(options: Split));
        await gateway.UntilAsync(() =>
            gateway.TaskOf(one).Phase is TaskPhase.Running && gateway.TaskOf(two).Phase is TaskPhase.Running
        );
        var token = await TokenAsync(gateway, one, first, second);
        var part = await SubmitPartAsync(gateway, token);
        Assert.Equal(TaskCode.Queued, (await gateway.InfoAsync(part, token: token)).Status.Code);
        Assert.True(TestGateway.Said(await gateway.Client(token).RemoveAsync(part.ToString(), Ct)));
    }

    [Fact]
    public async Task When_the_last_other_slot_goes_parts_that_wait_are_shown_queued()
    {
        await using var first = await ScriptedNode.StartAsync(new() { Takes = Long });
        await using var second = await ScriptedNode.StartAsync(new() { Takes = Long });
        await using var gateway = await TestGateway.StartAsync(first, second);
        var parent = await gateway.SubmitAsync(options: Split);
        var token = await TokenAsync(gateway, parent, first, second);
        var running = await SubmitPartAsync(gateway, token);
        await gateway.UntilAsync(() => gateway.TaskOf(running).Phase is TaskPhase.Running);
        var part = await SubmitPartAsync(gateway, token);
        Assert.Equal(TaskCode.Running, (await gateway.InfoAsync(part, token: token)).Status.Code);
        var place = gateway.TaskOf(running).Phase.Place!.Value.Node;
        gateway.Host.Fleet.SetLocked(place, true);
        await gateway.UntilAsync(part, TaskCode.Queued, token);
    }

    [Fact]
    public async Task A_part_never_goes_back_from_running_to_queued_when_its_node_vanishes()
    {
        await using var first = await ScriptedNode.StartAsync(new() { Takes = Long });
        await using var second = await ScriptedNode.StartAsync(new() { Takes = Long });
        await using var third = await ScriptedNode.StartAsync(new() { Takes = Long, MaxImages = 10 });
        await using var gateway = await TestGateway.StartAsync(new FastTime(5), null, first, second, third);
        var parent = await gateway.SubmitAsync(files: 12, options: Split);
        var token = await TokenAsync(gateway, parent, first, second);
        var part = await SubmitPartAsync(gateway, token);
        await gateway.UntilAsync(() => gateway.TaskOf(part).Phase is TaskPhase.Running && third.Tasks.Count == 1);
        await third.DieAsync();
        await gateway.UntilAsync(
            async () =>
            {
                Assert.Equal(TaskCode.Running, (await gateway.InfoAsync(part, token: token)).Status.Code);
                return gateway.TaskOf(part).Attempts.Count == 1 && gateway.TaskOf(part).Phase is TaskPhase.Running;
            },
            () => "it was not placed again"
        );
    }

    [Fact]
    public async Task Parts_end_with_their_parent_after_their_lease()
    {
        await using var first = await ScriptedNode.StartAsync(new() { Takes = Long });
        await using var second = await ScriptedNode.StartAsync(new() { Takes = Long });
        await using var gateway = await TestGateway.StartAsync(first, second);
        var parent = await gateway.SubmitAsync(options: Split);
        var token = await TokenAsync(gateway, parent, first, second);
        var (runs, waits) = (await SubmitPartAsync(gateway, token), await SubmitPartAsync(gateway, token));
        await gateway.UntilAsync(() => gateway.TaskOf(runs).Phase is TaskPhase.Running);
        Assert.True(TestGateway.Said(await gateway.Client().CancelAsync(parent.ToString(), Ct)));
        await gateway.UntilAsync(() =>
            gateway.TaskOf(runs).Code == TaskCode.Canceled && gateway.TaskOf(waits).Code == TaskCode.Canceled
        );
        await gateway.UntilAsync(() => first.Cancelled.Concat(second.Cancelled).Contains(runs.ToString()));
        Assert.Contains(
            "the task of which it is a part is over",
            (await gateway.InfoAsync(runs, -1)).Output![0],
            StringComparison.Ordinal
        );
    }

    [Theory]
    [
        InlineData("killed", false),
        InlineData("killed", true),
        InlineData("restarted", false),
        InlineData("restarted", true)
    ]
    [InlineData("restarted late", false), InlineData("removed", false), InlineData("removed", true)]
    public async Task Parts_of_a_split_task_that_is_begun_anew_or_removed_go_with_its_first_life(
        string how,
        bool partsEnded
    )
    {
        await using var first = await ScriptedNode.StartAsync(new() { Takes = Long });
        await using var second = await ScriptedNode.StartAsync(new() { Takes = Long });
        await using var gateway = await TestGateway.StartAsync(first, second);
        var parent = await gateway.SubmitAsync(options: Split);
        var token = await TokenAsync(gateway, parent, first, second);
        var (of, other) = first.Tasks.ContainsKey(parent.ToString()) ? (first, second) : (second, first);
        var (runs, waits) = (await SubmitPartAsync(gateway, token), await SubmitPartAsync(gateway, token));
        await gateway.UntilAsync(() => gateway.TaskOf(runs).Phase is TaskPhase.Running);
        var received = Guid.Parse(
            TestGateway.Said(
                await gateway.Client(token).InitAsync(Guid.NewGuid().ToString(), new() { Name = "late" }, Ct)
            )
        );
        if (partsEnded)
        {
            other.Takes = TimeSpan.FromMilliseconds(50);
            await gateway.UntilAsync(() => !gateway.TaskOf(runs).Phase.IsLive && !gateway.TaskOf(waits).Phase.IsLive);
        }
        if (how == "killed")
            of.Tasks.TryRemove(parent.ToString(), out _);
        else if (how == "removed")
            Assert.True(TestGateway.Said(await gateway.Client().RemoveAsync(parent.ToString(), Ct)));
        else
        {
            Assert.True(TestGateway.Said(await gateway.Client().CancelAsync(parent.ToString(), Ct)));
            if (how == "restarted late")
                await gateway.UntilAsync(() =>
                    !gateway.TaskOf(runs).Phase.IsLive && !gateway.TaskOf(waits).Phase.IsLive
                );
            Assert.True(TestGateway.Said(await gateway.Client().RestartAsync(parent.ToString(), null, Ct)));
        }
        await gateway.UntilAsync(() =>
            ((Guid[])[runs, waits, received]).All(part => gateway.Host.Tasks.Find(part) is null)
        );
        await gateway.UntilAsync(() => !other.Tasks.ContainsKey(runs.ToString()));
        Assert.Equal(how == "removed" ? 0 : 1, TestGateway.Said(await gateway.Client().ListAsync(Ct)).Count);
        if (how == "removed")
            return;
        await gateway.UntilAsync(() =>
            gateway.TaskOf(parent).Phase is TaskPhase.Running || gateway.TaskOf(parent).Code == TaskCode.Completed
        );
    }

    [Fact]
    public async Task A_parts_token_sees_parts_alone()
    {
        await using var node = await ScriptedNode.StartAsync(new() { Takes = Long, Slots = 3 });
        await using var gateway = await TestGateway.StartAsync(options => options with { Token = "owner" }, node);
        var parent = await gateway.SubmitAsync(options: Split, token: "owner");
        var other = await gateway.SubmitAsync(token: "owner");
        var token = await TokenAsync(gateway, parent, node);
        var part = await SubmitPartAsync(gateway, token);
        Assert.Equal(part.ToString(), Assert.Single(TestGateway.Said(await gateway.Client(token).ListAsync(Ct))).Uuid);
        foreach (var hidden in (Guid[])[parent, other])
            Assert.IsType<NodeReply<TaskInfo>.Denied>(
                await gateway.Client(token).TaskInfoAsync(hidden.ToString(), null, Ct)
            );
        Assert.Equal(3, TestGateway.Said(await gateway.Client("owner").ListAsync(Ct)).Count);
    }

    [Fact]
    public async Task What_a_client_writes_as_its_host_does_not_decide_where_parts_go()
    {
        await using var node = await ScriptedNode.StartAsync(new() { Takes = Long });
        await using var gateway = await TestGateway.StartAsync(node);
        gateway.Http.DefaultRequestHeaders.Host = "elsewhere.example:1";
        using var form = new MultipartFormDataContent
        {
            { new StringContent(Split), "options" },
            { new ByteArrayContent([1]), "images", "a.jpg" },
        };
        var parent = Guid.Parse((await gateway.PostAsync("task/new", form)).GetProperty("uuid").GetString()!);
        Assert.Equal(
            gateway.Host.Address,
            new Uri((await PartsAddressAsync(gateway, node, parent)).GetLeftPart(UriPartial.Path))
        );
    }

    [Fact]
    public async Task No_output_shows_the_token_for_parts_and_it_opens_nothing_once_the_whole_is_over()
    {
        await using var node = await ScriptedNode.StartAsync(new() { Takes = Long });
        await using var gateway = await TestGateway.StartAsync(options => options with { Token = "owner" }, node);
        var parent = await gateway.SubmitAsync(options: Split, token: "owner");
        var token = await TokenAsync(gateway, parent, node);
        var work = node.Tasks[parent.ToString()];
        work.Output.Add($"sm_cluster: http://gateway:3000/?token={token}");
        work.Output.Add("that was its options");
        await gateway.UntilAsync(
            async () => (await gateway.InfoAsync(parent, -1, "owner")).Output is ["that was its options"],
            () => "it did not get the lines"
        );
        Assert.Equal(
            "sm_cluster: http://gateway:3000/?token=***",
            (await gateway.InfoAsync(parent, -2, "owner")).Output![0]
        );
        (node.FailsWith, node.Takes) = ($"Process exited, with {token}", TimeSpan.Zero);
        gateway.Host.Fleet.Refresh();
        var failed = await gateway.UntilAsync(parent, TaskCode.Failed, "owner");
        Assert.DoesNotContain(
            token,
            failed.Status.ErrorMessage + string.Join('\n', (await gateway.InfoAsync(parent, 0, "owner")).Output!),
            StringComparison.Ordinal
        );
        Assert.DoesNotContain(
            token,
            string.Join('\n', gateway.Host.Tasks.Events(0, 1_000).Select(happened => happened.Text)),
            StringComparison.Ordinal
        );

        using var refused = await gateway.Http.PostAsync(
            $"task/new/init?token={token}",
            new MultipartFormDataContent { { new StringContent("x"), "name" } },
            Ct
        );
        Assert.Equal(System.Net.HttpStatusCode.Unauthorized, refused.StatusCode);
    }

    [Fact]
    public async Task A_restart_tells_the_node_a_new_token_and_does_not_send_parts_where_a_client_says()
    {
        await using var node = await ScriptedNode.StartAsync(new() { FailsWith = "Cannot process dataset" });
        await using var gateway = await TestGateway.StartAsync(node);
        var parent = await gateway.SubmitAsync(options: Split);
        var before = await PartsAddressAsync(gateway, node, parent);
        await gateway.UntilAsync(parent, TaskCode.Failed);
        string? told = null;
        node.Before = async http =>
        {
            if (http.Request.Path != "/task/restart")
                return false;
            told = (
                await ActionBody.ReadAsync(http.Request.ContentType, http.Request.Body, http.RequestAborted)
            ).Options;
            await http.AnswerAsync(ActionAnswer.Done, OdmJson.Wire.ActionAnswer);
            return true;
        };
        await gateway.PostAsync(
            "task/restart",
            TestGateway.Json(
                $$"""{"uuid":"{{parent}}","options":[{"name":"sm-cluster","value":"http://elsewhere:1/"},{"name":"split","value":50}]}"""
            )
        );
        var options = JsonSerializer.Deserialize(told!, OdmJson.Wire.IReadOnlyListTaskOption)!;
        var after = new Uri(options.Single(option => option.Name == "sm-cluster").Value.GetString()!);
        Assert.Equal(before.GetLeftPart(UriPartial.Path), after.GetLeftPart(UriPartial.Path));
        Assert.NotEqual(before.Query, after.Query);
        Assert.DoesNotContain(
            "elsewhere",
            string.Join(' ', (await gateway.InfoAsync(parent)).Options.Select(option => option.Value.ToString())),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Parts_count_against_the_limit_of_their_wholes_token_and_are_shown_queued_where_it_leaves_none()
    {
        await using var node = await ScriptedNode.StartAsync(new() { Takes = Long, Slots = 5 });
        await using var gateway = await TestGateway.StartAsync(node);
        var (one, two) = (
            gateway.Host.Tokens.Make("one", null, new() { MaxConcurrentTasks = 1 }).Text,
            gateway.Host.Tokens.Make("two", null, new() { MaxConcurrentTasks = 2 }).Text
        );
        var alone = await TokenAsync(gateway, await gateway.SubmitAsync(options: Split, token: one), node);
        var held = await SubmitPartAsync(gateway, alone);
        Assert.Equal(TaskCode.Queued, (await gateway.InfoAsync(held, token: alone)).Status.Code);

        var pair = await TokenAsync(gateway, await gateway.SubmitAsync(options: Split, token: two), node);
        var runs = await SubmitPartAsync(gateway, pair);
        await gateway.UntilAsync(() => gateway.TaskOf(runs).Phase is TaskPhase.Running);
        var waits = await SubmitPartAsync(gateway, pair);
        // whatever is placed after them has been placed
        var other = await gateway.SubmitAsync(token: gateway.Host.Tokens.Make("free", null, TokenLimits.None).Text);
        await gateway.UntilAsync(() => gateway.TaskOf(other).Phase is TaskPhase.Running);
        Assert.All([held, waits], id => Assert.IsType<TaskPhase.Queued>(gateway.TaskOf(id).Phase));
        Assert.Equal(TaskCode.Running, (await gateway.InfoAsync(waits, token: pair)).Status.Code);
    }

    private static async Task<string> TokenAsync(TestGateway gateway, Guid parent, params ScriptedNode[] nodes)
    {
        await gateway.UntilAsync(() =>
            gateway.TaskOf(parent).Phase is TaskPhase.Running
            && nodes.Any(node => node.Tasks.ContainsKey(parent.ToString()))
        );
        return HttpUtility.ParseQueryString(
            (
                await PartsAddressAsync(
                    gateway,
                    nodes.Single(node => node.Tasks.ContainsKey(parent.ToString())),
                    parent
                )
            ).Query
        )["token"]!;
    }

    private static async Task<Uri> PartsAddressAsync(TestGateway gateway, ScriptedNode node, Guid parent)
    {
        await gateway.UntilAsync(() => node.Tasks.ContainsKey(parent.ToString()));
        var options = JsonSerializer.Deserialize(
            node.Tasks[parent.ToString()].Options,
            OdmJson.Wire.IReadOnlyListTaskOption
        )!;
        return new(options.Single(option => option.Name == "sm-cluster").Value.GetString()!);
    }

    private static Task<Guid> SubmitPartAsync(TestGateway gateway, string token) =>
        gateway.SubmitAsync(token: token, more: ("seed.zip", [.. "seed"u8]));
}
