using System.Text.Json;
using System.Text.RegularExpressions;
using Muster.Gateway.Model;
using Muster.NodeOdm;

namespace Muster.Gateway;

/// <summary>What the clients of this API rely on, by the numbers of the specification.</summary>
public sealed partial class InvariantTests : InvariantTestBase
{
    private static readonly string[] Fields =
    [
        "dateCreated",
        "imagesCount",
        "name",
        "options",
        "processingTime",
        "progress",
        "status",
        "uuid",
    ];

    [Fact]
    public async Task I01_every_answer_in_JSON_says_so()
    {
        var id = await Gateway.SubmitAsync();
        foreach (
            var path in (string[])
                [
                    "info",
                    "options",
                    "task/list",
                    $"task/{id}/info",
                    $"task/{id}/output",
                    "auth/info",
                    "nonsense",
                    $"task/{Guid.NewGuid()}/info",
                ]
        )
            await Gateway.GetAsync(path); // which checks it
    }

    [Fact]
    public async Task I02_the_version_is_three_numbers_and_new_enough()
    {
        var version = (await Gateway.GetAsync("info")).GetProperty("version").GetString()!;
        Assert.Matches(@"^\d+\.\d+\.\d+$", version);
        Assert.True(Version.Parse(version) >= new Version(1, 5, 1));
    }

    [Fact]
    public async Task I03_I04_the_node_description_fits_what_clients_store()
    {
        for (var n = 0; n < 3; n++)
            await Gateway.SubmitAsync();
        var info = await Gateway.GetAsync("info");
        Assert.InRange(info.GetProperty("taskQueueCount").GetInt64(), 0, int.MaxValue);
        Assert.Equal(JsonValueKind.Null, info.GetProperty("maxImages").ValueKind);
        Assert.InRange(info.GetProperty("maxParallelTasks").GetInt64(), 1, int.MaxValue);
        Assert.True(
            info.GetProperty("version").GetString()!.Length <= 32
                && info.GetProperty("engineVersion").GetString()!.Length <= 32
                && info.GetProperty("engine").GetString()!.Length <= 255
        );
        Assert.Equal(
            ("odm", "3.6.0"),
            (info.GetProperty("engine").GetString(), info.GetProperty("engineVersion").GetString())
        );
    }

    [Fact]
    public async Task I03_the_image_limit_is_that_of_the_largest_node()
    {
        await using var small = await ScriptedNode.StartAsync(new() { MaxImages = 10 });
        await using var large = await ScriptedNode.StartAsync(new() { MaxImages = 50 });
        await using var gateway = await TestGateway.StartAsync(small, large);
        Assert.Equal(50, (await gateway.GetAsync("info")).GetProperty("maxImages").GetInt32());
    }

    [Fact]
    public async Task I05_options_have_exactly_five_keys_and_their_value_is_a_string()
    {
        foreach (var option in (await Gateway.GetAsync("options")).EnumerateArray())
        {
            Assert.Equal(
                ["domain", "help", "name", "type", "value"],
                option.EnumerateObject().Select(member => member.Name).Order()
            );
            Assert.Equal(JsonValueKind.String, option.GetProperty("value").ValueKind);
            Assert.True(option.GetProperty("domain").ValueKind is JsonValueKind.String or JsonValueKind.Array);
        }
    }

    [Fact]
    public async Task I06_a_task_has_all_fields_from_the_first_moment_to_the_last()
    {
        Node.Takes = TimeSpan.FromMilliseconds(400);
        var id = await Gateway.SubmitAsync(name: "");
        JsonElement info;
        do
        {
            info = await Gateway.GetAsync($"task/{id}/info");
            Assert.Equal(Fields, info.EnumerateObject().Select(member => member.Name).Order(StringComparer.Ordinal));
            Assert.True(
                info.GetProperty("dateCreated").TryGetInt64(out _)
                    && info.GetProperty("processingTime").TryGetInt64(out var time)
                    && time >= -1
            );
            Assert.True(info.GetProperty("status").GetProperty("code").GetInt32() is 10 or 20 or 30 or 40 or 50);
            Assert.False(info.GetProperty("status").TryGetProperty("errorMessage", out _));
            Assert.NotEmpty(info.GetProperty("name").GetString()!);
        } while (info.GetProperty("status").GetProperty("code").GetInt32() != 40);
    }

    [Fact]
    public async Task I07_lines_keep_their_numbers_while_ours_stand_before_the_nodes()
    {
        Node.Takes = TimeSpan.FromMilliseconds(400);
        var id = await Gateway.SubmitAsync();
        var read = new List<string>();
        for (var done = false; !done; )
        {
            var info = await Gateway.InfoAsync(id, read.Count);
            read.AddRange(info.Output!);
            done = info.Status.Code == TaskCode.Completed;
        }
        var all = await LinesAsync($"task/{id}/output");
        Assert.Equal(all, read);
        Assert.Equal("Launching... please wait! This can take a few minutes.", all[0]);
        Assert.Equal("the last line", all[^1]);
        Assert.Equal(all, await LinesAsync($"task/{id}/output?line=abc"));
        Assert.Equal(all[^3..], await LinesAsync($"task/{id}/output?line=-3"));
        Assert.Equal(all, await LinesAsync($"task/{id}/output?line=-999"));
        Assert.Equal(all[4..], await LinesAsync($"task/{id}/output?line=4"));
        Assert.Empty(await LinesAsync($"task/{id}/output?line=999"));
        Assert.Equal(
            all[^1..],
            (await Gateway.GetAsync($"task/{id}/info?with_output=-1"))
                .GetProperty("output")
                .EnumerateArray()
                .Select(line => line.GetString()!)
        );
        Assert.Equal(
            all.Count,
            (await Gateway.GetAsync($"task/{id}/info?with_output=")).GetProperty("output").GetArrayLength()
        );
    }

    [Fact]
    public async Task I08_the_list_names_each_committed_task_in_order()
    {
        var begun = TestGateway.Said(
            await Gateway.Client().InitAsync(Guid.NewGuid().ToString(), new() { Name = "begun" }, Ct)
        );
        var ids = new List<Guid>();
        for (var n = 0; n < 3; n++)
            ids.Add(await Gateway.SubmitAsync());
        Assert.Equal(
            ids.Select(id => $$"""{"uuid":"{{id}}"}"""),
            (await Gateway.GetAsync("task/list")).EnumerateArray().Select(task => task.GetRawText())
        );
        Assert.Equal(
            $"{begun} not found",
            (await Gateway.GetAsync($"task/{begun}/info")).GetProperty("error").GetString()
        );
    }

    [Theory, InlineData("form"), InlineData("multipart"), InlineData("json")]
    public async Task I09_actions_take_every_kind_of_body(string kind)
    {
        var id = await Gateway.SubmitAsync();
        HttpContent Body(string uuid) =>
            kind switch
            {
                "form" => new FormUrlEncodedContent([new("uuid", uuid)]),
                "multipart" => new MultipartFormDataContent { { new StringContent(uuid), "uuid" } },
                _ => TestGateway.Json($$"""{"uuid":"{{uuid}}"}"""),
            };
        Assert.Equal(
            """{"success":true}""",
            (await Gateway.PostAsync("task/cancel", Body(id.ToString()))).GetRawText()
        );
        var unknown = Guid.NewGuid().ToString();
        Assert.Equal(
            $$"""{"success":false,"error":"{{unknown}} not found"}""",
            (await Gateway.PostAsync("task/remove", Body(unknown))).GetRawText()
        );
        Assert.Equal(
            "uuid param missing.",
            (await Gateway.PostAsync("task/remove", Body(""))).GetProperty("error").GetString()
        );
        Assert.Equal(
            """{"success":true}""",
            (await Gateway.PostAsync("task/remove", Body(id.ToString()))).GetRawText()
        );
    }

    [Fact]
    public async Task I11_application_errors_are_answers()
    {
        foreach (
            var path in (string[])
                [
                    "nonsense",
                    "task/nonsense/info",
                    $"task/{Guid.NewGuid()}/output",
                    $"task/{Guid.NewGuid()}/download/all.zip",
                ]
        )
            Assert.NotEmpty((await Gateway.GetAsync(path)).GetProperty("error").GetString()!);
        foreach (
            var path in (string[])["task/cancel", "task/new/commit/nonsense", "task/new/upload/nonsense", "task/new"]
        )
            Assert.NotEmpty((await Gateway.PostAsync(path)).GetProperty("error").GetString()!);
    }

    [Fact]
    public async Task I13_I30_with_every_node_dead_or_hung_each_answer_comes_at_once_and_is_no_error()
    {
        Node.Takes = TimeSpan.FromMinutes(5);
        var id = await Gateway.SubmitAsync();
        await Gateway.UntilAsync(() => Gateway.TaskOf(id).Phase is TaskPhase.Running { Seen: 2 });
        var gate = new TaskCompletionSource();
        Node.Before = async _ =>
        {
            await gate.Task;
            return false;
        };
        for (var n = 0; n < 20; n++)
        {
            if (n == 10)
            {
                gate.SetResult();
                await Node.DieAsync();
            }
            Assert.Equal(
                20,
                (await Gateway.GetAsync($"task/{id}/info?with_output=0"))
                    .GetProperty("status")
                    .GetProperty("code")
                    .GetInt32()
            );
            Assert.Contains("the first line", await LinesAsync($"task/{id}/output"));
            Assert.NotEqual(0, (await Gateway.GetAsync("options")).GetArrayLength());
            Assert.Equal("odm", (await Gateway.GetAsync("info")).GetProperty("engine").GetString());
        }
    }

    [Fact]
    public async Task I14_a_restart_that_cannot_be_is_refused_though_the_node_is_silent()
    {
        await using var gateway = await TestGateway.StartAsync(new FastTime(10), null, Node);
        Assert.False(
            (await gateway.PostAsync("task/restart", TestGateway.Json($$"""{"uuid":"{{Guid.NewGuid()}}"}""")))
                .GetProperty("success")
                .GetBoolean()
        );
        var id = await gateway.SubmitAsync();
        await gateway.UntilAsync(id, TaskCode.Completed);
        Node.Before = async http =>
        {
            await Task.Delay(Timeout.Infinite, http.RequestAborted);
            return true;
        };
        Assert.False(
            (await gateway.PostAsync("task/restart", TestGateway.Json($$"""{"uuid":"{{id}}"}""")))
                .GetProperty("success")
                .GetBoolean()
        );
        Node.Before = null;
    }

    [Fact]
    public async Task I18_texts_that_people_match_on_are_kept()
    {
        var id = TestGateway.Said(
            await Gateway.Client().InitAsync(Guid.NewGuid().ToString(), new() { Name = "x" }, Ct)
        );
        Assert.Equal(
            "Not enough images (0 files uploaded)",
            (await Gateway.PostAsync($"task/new/commit/{id}")).GetProperty("error").GetString()
        );
        Assert.Equal(
            "Invalid set-uuid: nonsense",
            Assert
                .IsType<NodeReply<string>.Denied>(
                    await Gateway.Client().InitAsync("nonsense", new() { Name = "x" }, Ct)
                )
                .Error
        );
    }

    [Fact]
    public void Each_of_the_32_has_a_test_that_bears_its_number() =>
        Assert.Equal(
            Enumerable.Range(1, 32),
            (
                from type in typeof(InvariantTests).Assembly.GetTypes()
                where type.Namespace == typeof(InvariantTests).Namespace
                from method in type.GetMethods()
                from Match number in Number().Matches(method.Name)
                select int.Parse(number.Value, System.Globalization.CultureInfo.InvariantCulture)
            )
                .Distinct()
                .Order()
        );

    [GeneratedRegex("(?<=(^|_)I)[0-9]{2}(?=_)")]
    private static partial Regex Number();

    private async Task<List<string>> LinesAsync(string path) =>
        [.. (await Gateway.GetAsync(path)).EnumerateArray().Select(line => line.GetString()!)];
}
