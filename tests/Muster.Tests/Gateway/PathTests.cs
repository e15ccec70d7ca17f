using System.Text;
using Muster.NodeOdm;

namespace Muster.Gateway;

/// <summary>A task's way through the gateway, from its first byte to its archive.</summary>
public sealed class PathTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_task_comes_in_is_placed_and_its_archive_is_served()
    {
        await using var node = await ScriptedNode.StartAsync();
        await using var gateway = await TestGateway.StartAsync(node);
        var id = await gateway.SubmitAsync(
            files: 3,
            options: """[{"name":"dsm","value":"true"},{"name":"unknown","value":1}]"""
        );
        var done = await gateway.UntilAsync(id, TaskCode.Completed);

        Assert.Equal((3, 100), (done.ImagesCount, done.Progress));
        Assert.Equal("dsm", Assert.Single(done.Options).Name);
        Assert.Equal(["0.jpg", "1.jpg", "2.jpg"], (await gateway.ArchiveAsync(id)).Keys);
        Assert.Equal(id.ToString(), Assert.Single(node.Tasks).Key);
        Assert.False(gateway.TaskOf(id).HasFiles);
        await gateway.UntilNoFilesAsync("spool");
    }

    [Fact]
    public async Task I23_a_file_sent_again_is_recognised_and_another_of_its_name_gets_a_name_of_its_own()
    {
        await using var node = await ScriptedNode.StartAsync();
        await using var gateway = await TestGateway.StartAsync(node);
        var client = gateway.Client();
        var id = TestGateway.Said(await client.InitAsync(Guid.NewGuid().ToString(), new() { Name = "x" }, Ct));
        foreach (var content in (string[])["one", "one", "two", "one", "two", "three"])
        {
            TestGateway.Said(
                await client.UploadAsync(id, [TestGateway.File("a.jpg", Encoding.UTF8.GetBytes(content))], Ct)
            );
        }
        TestGateway.Said(
            await client.UploadAsync(
                id,
                [
                    TestGateway.File("a.jpg", "one"u8.ToArray()),
                    TestGateway.File("body.json", "b"u8.ToArray()),
                    TestGateway.File("empty.jpg", []),
                ],
                Ct
            )
        );
        TestGateway.Said(await client.CommitAsync(id, Ct));
        await gateway.UntilAsync(Guid.Parse(id), TaskCode.Completed);

        var files = (await gateway.ArchiveAsync(Guid.Parse(id)))
            .OrderBy(file => file.Key, StringComparer.Ordinal)
            .Select(file => $"{file.Key}={Encoding.UTF8.GetString(file.Value)}");
        Assert.Equal(["_body.json=b", "a.jpg=one", "a_.jpg=two", "a__.jpg=three", "empty.jpg="], files);
    }

    [Fact]
    public async Task I22_one_request_can_hold_a_whole_task_with_its_options_last()
    {
        await using var node = await ScriptedNode.StartAsync();
        await using var gateway = await TestGateway.StartAsync(node);
        var id = Guid.NewGuid();
        using var form = new MultipartFormDataContent
        {
            { new ByteArrayContent(TestGateway.Photo("a")), "images", "a.jpg" },
            { new ByteArrayContent(TestGateway.Photo("b")), "images", "b.jpg" },
            { new StringContent("north field"), "name" },
            { new StringContent("""[{"name":"dsm","value":true}]"""), "options" },
        };
        form.Headers.Add("set-uuid", id.ToString());
        Assert.Equal(id.ToString(), (await gateway.PostAsync("task/new", form)).GetProperty("uuid").GetString());
        var done = await gateway.UntilAsync(id, TaskCode.Completed);
        Assert.Equal(("north field", 2, "dsm"), (done.Name, done.ImagesCount, done.Options[0].Name));
    }

    [Fact]
    public async Task What_was_accepted_survives_a_restart_in_every_phase()
    {
        await using var node = await ScriptedNode.StartAsync(new() { Takes = TimeSpan.FromMilliseconds(400) });
        await using var gateway = await TestGateway.StartAsync(node);
        var client = gateway.Client();
        var receiving = TestGateway.Said(await client.InitAsync(Guid.NewGuid().ToString(), new() { Name = "r" }, Ct));
        TestGateway.Said(
            await client.UploadAsync(receiving, [TestGateway.File("early.jpg", TestGateway.Photo("early"))], Ct)
        );
        var tasks = new List<Guid>();
        for (var n = 0; n < 4; n++)
            tasks.Add(await gateway.SubmitAsync());

        await gateway.StopAsync();
        await gateway.StartAsync();
        client = gateway.Client();
        TestGateway.Said(
            await client.UploadAsync(receiving, [TestGateway.File("late.jpg", TestGateway.Photo("late"))], Ct)
        );
        TestGateway.Said(await client.CommitAsync(receiving, Ct));
        foreach (var task in tasks.Append(Guid.Parse(receiving)))
            await gateway.UntilAsync(task, TaskCode.Completed);

        Assert.Equal(["early.jpg", "late.jpg"], (await gateway.ArchiveAsync(Guid.Parse(receiving))).Keys);
        Assert.Equal(5, TestGateway.Said(await client.ListAsync(Ct)).Count);
        Assert.Equal(0, node.Overbooked);
    }

    [Fact]
    public async Task What_goes_to_a_node_stays_below_the_speed_that_was_set()
    {
        await using var node = await ScriptedNode.StartAsync();
        await using var gateway = await TestGateway.StartAsync(
            options => options with { UploadMaxSpeed = 100_000 },
            node
        );
        var began = TimeProvider.System.GetTimestamp();
        await gateway.UntilAsync(
            await gateway.SubmitAsync(files: 0, more: ("a.jpg", new byte[150_000])),
            TaskCode.Completed
        );
        Assert.True(TimeProvider.System.GetElapsedTime(began) > TimeSpan.FromSeconds(1.5));
    }

    [Fact]
    public async Task I18_a_gateway_without_nodes_says_so_and_keeps_the_upload()
    {
        await using var gateway = await TestGateway.StartAsync();
        var client = gateway.Client();
        var id = TestGateway.Said(await client.InitAsync(Guid.NewGuid().ToString(), new() { Name = "x" }, Ct));
        TestGateway.Said(await client.UploadAsync(id, [TestGateway.File("a.jpg", TestGateway.Photo("a"))], Ct));
        Assert.Equal(
            "No nodes available",
            Assert.IsType<NodeReply<string>.Denied>(await client.CommitAsync(id, Ct)).Error
        );
        await using var node = await ScriptedNode.StartAsync();
        gateway.Host.Fleet.Add(node.Url, "");
        TestGateway.Said(await client.CommitAsync(id, Ct));
        await gateway.UntilAsync(Guid.Parse(id), TaskCode.Completed);
    }
}
