using System.Net;
using System.Text.Json;
using Muster.Gateway.Model;
using Muster.NodeOdm;

namespace Muster.Gateway;

/// <summary>Who may come in, what they see, and how much they may do.</summary>
public sealed class TokenTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [
        InlineData("info", false),
        InlineData("info?token=wrong", false),
        InlineData("info?token=", false),
        InlineData("task/list?token=s3cret+word", true),
        InlineData("options?token=s3cret%20word", true)
    ]
    [
        InlineData("auth/info", true),
        InlineData("info?token=s3cret+word&_debugUnauthorized=1", false),
        InlineData("healthz", true),
        InlineData("readyz", true)
    ]
    public async Task I12_a_door_with_a_token_opens_to_that_token_alone_and_answers_401_without_a_body(
        string path,
        bool open
    )
    {
        await using var gateway = await TestGateway.StartAsync(options => options with { Token = "s3cret word" });
        using var response = await gateway.Http.GetAsync(path, Ct);
        Assert.Equal(open ? HttpStatusCode.OK : HttpStatusCode.Unauthorized, response.StatusCode);
        if (open)
            return;
        Assert.Equal("unauthorized", response.ReasonPhrase);
        Assert.Empty(await response.Content.ReadAsByteArrayAsync(Ct));
    }

    [Fact]
    public async Task A_token_may_come_as_a_bearers()
    {
        await using var gateway = await TestGateway.StartAsync(options => options with { Token = "s3cret" });
        using var request = new HttpRequestMessage(HttpMethod.Get, "info")
        {
            Headers = { Authorization = new("Bearer", "s3cret") },
        };
        Assert.Equal(HttpStatusCode.OK, (await gateway.Http.SendAsync(request, Ct)).StatusCode);
    }

    [Fact]
    public async Task A_token_that_nobody_asks_for_is_ignored()
    {
        await using var gateway = await TestGateway.StartAsync();
        Assert.Equal(HttpStatusCode.OK, (await gateway.Http.GetAsync("info?token=whatever", Ct)).StatusCode);
    }

    [Fact]
    public async Task Tasks_of_others_are_what_unknown_tasks_are()
    {
        await using var node = await ScriptedNode.StartAsync();
        await using var gateway = await TestGateway.StartAsync(node);
        var (a, b) = (
            gateway.Host.Tokens.Make("a", null, TokenLimits.None).Text,
            gateway.Host.Tokens.Make("b", null, TokenLimits.None).Text
        );
        var task = await gateway.SubmitAsync(token: a);
        await gateway.UntilAsync(task, TaskCode.Completed, a);
        var unknown = Guid.NewGuid();
        foreach (var id in (Guid[])[task, unknown])
        {
            foreach (var path in (string[])["info", "output", "download/all.zip"])
                Assert.Equal(
                    $"{id} not found",
                    (await gateway.GetAsync($"task/{id}/{path}?token={b}")).GetProperty("error").GetString()
                );
            foreach (var action in (string[])["cancel", "remove", "restart"])
            {
                var answer = await gateway.PostAsync(
                    $"task/{action}?token={b}",
                    TestGateway.Json($$"""{"uuid":"{{id}}"}""")
                );
                Assert.Equal(
                    (false, $"{id} not found"),
                    (answer.GetProperty("success").GetBoolean(), answer.GetProperty("error").GetString())
                );
            }
            Assert.Equal(
                "Invalid uuid (not found)",
                (await gateway.PostAsync($"task/new/commit/{id}?token={b}")).GetProperty("error").GetString()
            );
        }
        Assert.Empty((await gateway.GetAsync($"task/list?token={b}")).EnumerateArray());
        Assert.Single((await gateway.GetAsync($"task/list?token={a}")).EnumerateArray());
    }

    [Fact]
    public async Task A_nodes_call_is_taken_with_its_seal_or_the_tasks_token_and_forged_ones_are_refused()
    {
        await using var node = await ScriptedNode.StartAsync(new() { Takes = TimeSpan.FromMinutes(5) });
        await using var gateway = await TestGateway.StartAsync(
            options =>
                options with
                {
                    PollEvery = TimeSpan.FromMinutes(5),
                    PublicAddress = new("http://gateway.example:3000/"),
                },
            node
        );
        var (a, b) = (
            gateway.Host.Tokens.Make("a", null, TokenLimits.None).Text,
            gateway.Host.Tokens.Make("b", null, TokenLimits.None).Text
        );
        var (task, other) = (await gateway.SubmitAsync(token: a), Guid.NewGuid());
        await gateway.UntilAsync(() => gateway.TaskOf(task).Phase is TaskPhase.Running { Seen: 2 });
        var hook = new Uri(node.Webhooks[$"{task}"]!);
        Assert.Equal("http://gateway.example:3000/commit", hook.GetLeftPart(UriPartial.Path));
        var asked = 0;
        node.Before = _ => Task.FromResult(Interlocked.Increment(ref asked) < 0);
        async Task<string> TellAsync(string query, Guid uuid)
        {
            using var response = await gateway.Http.PostAsync(
                $"commit{query}",
                TestGateway.Json($$"""{"uuid":"{{uuid}}","status":{"code":40} }"""),
                Ct
            );
            return response.StatusCode == HttpStatusCode.OK
                ? await response.Content.ReadAsStringAsync(Ct)
                : response.StatusCode.ToString();
        }
        Assert.Equal("Unauthorized", await TellAsync("", task));
        foreach (
            var (query, uuid) in ((string, Guid)[])
                [($"?token={b}", task), ("?seal=", task), ($"?seal={new string('0', 64)}", task), (hook.Query, other)]
        )
            Assert.Equal($$"""{"error":"{{uuid}} not found, or not yours to tell of"}""", await TellAsync(query, uuid));
        Assert.Equal(0, asked);
        node.Takes = TimeSpan.Zero;
        Assert.Equal("""{"ok":true}""", await TellAsync($"?token={a}", task));
        await gateway.UntilAsync(task, TaskCode.Completed, a);
        await gateway.StopAsync();
        await gateway.StartAsync();
        // the key outlives a restart, and an ended task needs no more
        Assert.Equal("""{"ok":true}""", await TellAsync(hook.Query, task));
    }

    [Fact]
    public async Task Anothers_upload_can_neither_be_added_to_nor_begun_anew()
    {
        await using var node = await ScriptedNode.StartAsync();
        await using var gateway = await TestGateway.StartAsync(node);
        var (a, b) = (
            gateway.Host.Tokens.Make("a", null, TokenLimits.None).Text,
            gateway.Host.Tokens.Make("b", null, TokenLimits.None).Text
        );
        var id = TestGateway.Said(
            await gateway.Client(a).InitAsync(Guid.NewGuid().ToString(), new() { Name = "a" }, Ct)
        );
        Assert.IsType<NodeReply<string>.Denied>(await gateway.Client(b).InitAsync(id, new() { Name = "b" }, Ct));
        Assert.True(
            Assert
                .IsType<NodeReply<bool>.Denied>(
                    await gateway.Client(b).UploadAsync(id, [TestGateway.File("a.jpg", [1])], Ct)
                )
                .NoRetry
        );
    }

    [Fact]
    public async Task Tokens_end_are_revoked_and_are_kept_as_hashes()
    {
        await using var gateway = await TestGateway.StartAsync();
        var (mine, text) = gateway.Host.Tokens.Make("mine", null, TokenLimits.None);
        var (_, old) = gateway.Host.Tokens.Make("old", DateTimeOffset.UtcNow.AddSeconds(-1), TokenLimits.None);
        Assert.Equal(HttpStatusCode.Unauthorized, (await gateway.Http.GetAsync($"info?token={old}", Ct)).StatusCode);
        await gateway.StopAsync();
        foreach (var file in Directory.EnumerateFiles(gateway.Folder, "gateway.db*"))
            Assert.DoesNotContain(text, await File.ReadAllTextAsync(file, Ct), StringComparison.Ordinal);
        await gateway.StartAsync();
        Assert.Equal(HttpStatusCode.OK, (await gateway.Http.GetAsync($"info?token={text}", Ct)).StatusCode);
        Assert.True(gateway.Host.Tokens.Revoke(mine.Id));
        Assert.Equal(HttpStatusCode.Unauthorized, (await gateway.Http.GetAsync($"info?token={text}", Ct)).StatusCode);
    }

    [Fact]
    public async Task When_the_last_token_is_revoked_nobody_is_let_in_and_a_restart_changes_nothing()
    {
        await using var gateway = await TestGateway.StartAsync();
        Assert.Equal(HttpStatusCode.OK, (await gateway.Http.GetAsync("info", Ct)).StatusCode);
        var made = gateway.Host.Tokens.Make("only", null, TokenLimits.None);
        Assert.True(gateway.Host.Tokens.Revoke(made.Token.Id));
        foreach (var path in (string[])["info", $"info?token={made.Text}"])
            Assert.Equal(HttpStatusCode.Unauthorized, (await gateway.Http.GetAsync(path, Ct)).StatusCode);
        await gateway.StopAsync();
        await gateway.StartAsync();
        Assert.Equal(HttpStatusCode.Unauthorized, (await gateway.Http.GetAsync("info", Ct)).StatusCode);
    }

    [Fact]
    public async Task A_token_at_its_limit_waits_while_others_go_on()
    {
        await using var node = await ScriptedNode.StartAsync(new() { Slots = 3, Takes = TimeSpan.FromMinutes(1) });
        await using var gateway = await TestGateway.StartAsync(node);
        var few = gateway.Host.Tokens.Make("few", null, new() { MaxConcurrentTasks = 1 }).Text;
        var many = gateway.Host.Tokens.Make("many", null, TokenLimits.None).Text;
        var (first, second) = (await gateway.SubmitAsync(token: few), await gateway.SubmitAsync(token: few));
        var other = await gateway.SubmitAsync(token: many);
        await gateway.UntilAsync(() =>
            gateway.TaskOf(first).Phase is TaskPhase.Running && gateway.TaskOf(other).Phase is TaskPhase.Running
        );
        Assert.IsType<TaskPhase.Queued>(gateway.TaskOf(second).Phase);
    }

    [Fact]
    public async Task I18_as_ClusterODM_does_it_a_token_at_its_limit_is_refused()
    {
        await using var node = await ScriptedNode.StartAsync(new() { Takes = TimeSpan.FromMinutes(1) });
        await using var gateway = await TestGateway.StartAsync(
            options => options with { RefuseOverLimit = true },
            node
        );
        var few = gateway.Host.Tokens.Make("few", null, new() { MaxConcurrentTasks = 1 }).Text;
        await gateway.SubmitAsync(token: few);
        var refused = Assert.IsType<NodeReply<string>.Denied>(
            await gateway.Client(few).InitAsync(Guid.NewGuid().ToString(), new() { Name = "x" }, Ct)
        );
        Assert.Equal(
            "Reached maximum number of concurrent tasks: 1. Please wait until other tasks have finished, then restart "
                + "the task.",
            refused.Error
        );
    }

    [Fact]
    public async Task I18_more_images_than_a_token_may_have_are_refused_for_good()
    {
        await using var node = await ScriptedNode.StartAsync();
        await using var gateway = await TestGateway.StartAsync(node);
        var text = gateway.Host.Tokens.Make("few", null, new() { MaxImages = 2 }).Text;
        Assert.Equal(2, (await gateway.GetAsync($"info?token={text}")).GetProperty("maxImages").GetInt32());
        await gateway.SubmitAsync(files: 2, token: text, more: ("gcp_list.txt", [1])); // control points are no images
        var client = gateway.Client(text);
        var id = TestGateway.Said(await client.InitAsync(Guid.NewGuid().ToString(), new() { Name = "x" }, Ct));
        foreach (var name in (string[])["1.jpg", "2.jpg", "1.jpg"])
            // a resent one is counted once
            TestGateway.Said(await client.UploadAsync(id, [TestGateway.File(name, [7])], Ct));
        Assert.Equal(
            new NodeReply<bool>.Denied("Max images count exceeded.", true),
            await client.UploadAsync(id, [TestGateway.File("3.jpg", [7])], Ct)
        );
    }

    [Fact]
    public async Task Option_limits_show_in_the_options_and_bind_what_is_given()
    {
        await using var node = await ScriptedNode.StartAsync();
        await using var gateway = await TestGateway.StartAsync(node);
        var text = gateway
            .Host.Tokens.Make(
                "bound",
                null,
                new()
                {
                    Options = new Dictionary<string, OptionLimit>
                    {
                        ["sm-cluster"] = new() { Remove = true },
                        ["split"] = new()
                        {
                            Between = new()
                            {
                                Min = 50,
                                Max = 200,
                                MaxIfEqualTo = 0,
                            },
                        },
                        ["dsm"] = new() { Value = "true", Assure = true },
                    },
                }
            )
            .Text;
        var options = (await gateway.GetAsync($"options?token={text}"))
            .EnumerateArray()
            .ToDictionary(option => option.GetProperty("name").GetString()!);
        Assert.False(options.ContainsKey("sm-cluster"));
        Assert.Equal("true", options["dsm"].GetProperty("value").GetString());
        foreach (var (given, kept) in ((int, int)[])[(0, 200), (10, 50), (100, 100), (5000, 200)])
        {
            var task = await gateway.SubmitAsync(options: $$"""[{"name":"split","value":{{given}}}]""", token: text);
            var info = await gateway.InfoAsync(task, token: text);
            Assert.Equal(kept, info.Options.Single(option => option.Name == "split").Value.GetInt32());
            Assert.Equal(JsonValueKind.True, info.Options.Single(option => option.Name == "dsm").Value.ValueKind);
        }
    }

    [Fact]
    public async Task Uploads_begun_and_not_finished_are_limited()
    {
        await using var node = await ScriptedNode.StartAsync();
        await using var gateway = await TestGateway.StartAsync(options => options with { FloodLimit = 2 }, node);
        for (var n = 0; n < 4; n++)
            await gateway.SubmitAsync();
        var client = gateway.Client();
        for (var n = 0; n < 2; n++)
            TestGateway.Said(await client.InitAsync(Guid.NewGuid().ToString(), new() { Name = "x" }, Ct));
        Assert.Contains(
            "slow down",
            Assert
                .IsType<NodeReply<string>.Denied>(
                    await client.InitAsync(Guid.NewGuid().ToString(), new() { Name = "x" }, Ct)
                )
                .Error,
            StringComparison.Ordinal
        );
    }
}
