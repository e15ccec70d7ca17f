using System.Text;
using System.Text.Json;

namespace Muster.NodeOdm;

public sealed class WireTests
{
    [Fact]
    public void A_nodes_description_has_the_known_keys() =>
        Assert.Equal(
            """{"version":"2.2.4","taskQueueCount":1,"totalMemory":33554432000,"availableMemory":21474836480,"cpuCores":8,"maxImages":null,"maxParallelTasks":1,"engineVersion":"3.6.0","engine":"odm"}""",
            JsonSerializer.Serialize(
                new()
                {
                    Version = "2.2.4",
                    TaskQueueCount = 1,
                    TotalMemory = 33554432000,
                    AvailableMemory = 21474836480,
                    CpuCores = 8,
                    EngineVersion = "3.6.0",
                },
                OdmJson.Wire.NodeInfo
            )
        );

    [Fact]
    public void An_option_has_exactly_five_keys()
    {
        const string wire =
            """[{"name":"a","type":"int","value":"11","domain":"integer: 1 <= x <= 14","help":"Default: %(default)s"},{"name":"b","type":"enum","value":"sift","domain":["orb","sift"],"help":""}]""";
        var read = JsonSerializer.Deserialize(wire, OdmJson.Wire.IReadOnlyListOptionDescription)!;
        Assert.Equal(
            ["name", "type", "value", "domain", "help"],
            JsonSerializer
                .SerializeToElement(read[0], OdmJson.Wire.OptionDescription)
                .EnumerateObject()
                .Select(key => key.Name)
        );
        Assert.Equal(wire.Length, JsonSerializer.Serialize(read, OdmJson.Wire.IReadOnlyListOptionDescription).Length);
        Assert.Equal(["orb", "sift"], read[1].Domain.Members!);
    }

    [Fact]
    public void A_task_has_all_keys_and_output_only_when_asked()
    {
        const string wire =
            """{"uuid":"u","name":"north <field> é","dateCreated":1712345678901,"processingTime":-1,"status":{"code":20},"options":[{"name":"dsm","value":true}],"imagesCount":182,"progress":37.5}""";
        var task = JsonSerializer.Deserialize(wire, OdmJson.Wire.TaskInfo)!;
        Assert.Equal(TaskCode.Running, task.Status.Code);
        Assert.Equal(wire, JsonSerializer.Serialize(task, OdmJson.Wire.TaskInfo));
        Assert.EndsWith(
            ""","status":{"code":30,"errorMessage":"x"},"options":[],"imagesCount":182,"progress":37.5,"output":["a"]}""",
            JsonSerializer.Serialize(
                task with
                {
                    Status = new(TaskCode.Failed, "x"),
                    Options = [],
                    Output = ["a"],
                },
                OdmJson.Wire.TaskInfo
            ),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Errors_and_actions_have_no_more_keys_than_needed()
    {
        Assert.Equal("""{"error":"no"}""", JsonSerializer.Serialize(new("no"), OdmJson.Wire.ErrorAnswer));
        Assert.Equal(
            """{"error":"no","noRetry":true}""",
            JsonSerializer.Serialize(new("no", true), OdmJson.Wire.ErrorAnswer)
        );
        Assert.Equal("""{"success":true}""", JsonSerializer.Serialize(ActionAnswer.Done, OdmJson.Wire.ActionAnswer));
        Assert.Equal(
            """{"success":false,"error":"no"}""",
            JsonSerializer.Serialize(new(false, "no"), OdmJson.Wire.ActionAnswer)
        );
    }

    [Theory]
    [InlineData(null, 5, 0)]
    [InlineData("", 5, 0)]
    [InlineData("abc", 5, 0)]
    [InlineData("3", 5, 3)]
    [InlineData("9", 5, 5)]
    [InlineData("-2", 5, 3)]
    [InlineData("-9", 5, 0)]
    [InlineData("2.9", 5, 2)]
    [InlineData("-1e30", 5, 0)]
    [InlineData("1e30", 5, 5)]
    public void Output_is_cut_as_JavaScript_cuts_it(string? asked, int count, int start) =>
        Assert.Equal(start, OutputSlice.Start(asked, count));

    [Theory]
    [InlineData(null, null)]
    [InlineData("lines=1-2", null)]
    [InlineData("bytes=5-2", null)]
    [InlineData("bytes=x-2", null)]
    [InlineData("bytes=-", null)]
    [InlineData("bytes=0-99,0-99", null)]
    [InlineData("bytes=100-", "")]
    [InlineData("bytes=-0", "")]
    [InlineData("bytes=0-0", "0+1")]
    [InlineData("bytes=10-19", "10+10")]
    [InlineData("bytes=90-200", "90+10")]
    [InlineData("bytes=90-", "90+10")]
    [InlineData("bytes=-10", "90+10")]
    [InlineData("bytes=-200", "0+100")]
    [InlineData("bytes=0-9, 50-59,-1", "0+10 50+10 99+1")]
    public void Ranges_are_exact(string? header, string? expected)
    {
        var ranges = ByteRanges.Read(header, 100);
        Assert.Equal(
            expected,
            ranges is null ? null : string.Join(' ', ranges.Select(range => $"{range.From}+{range.Length}"))
        );
    }

    [Theory]
    [InlineData("application/x-www-form-urlencoded", "uuid=a%20b&options=%5B%5D")]
    [InlineData("application/json; charset=utf-8", """{"uuid":"a b","options":[]}""")]
    [InlineData("application/json", """{"uuid":"a b","options":"[]"}""")]
    [InlineData(
        "multipart/form-data; boundary=\"b\"",
        "--b\r\nContent-Disposition: form-data; name=\"uuid\"\r\n\r\na b\r\n\r\n--b\r\nContent-Disposition: form-data; "
            + "name=options\r\n\r\n[]\r\n--b--\r\n"
    )]
    public async Task Actions_come_in_any_form(string type, string body) =>
        Assert.Equal(
            new ActionBody("a b", "[]"),
            await ActionBody.ReadAsync(
                type,
                new MemoryStream(Encoding.UTF8.GetBytes(body)),
                TestContext.Current.CancellationToken
            )
        );

    [Theory]
    [InlineData(null, "uuid=a")]
    [InlineData("application/json", "[1]")]
    [InlineData("application/json", "")]
    [InlineData("text/plain", "uuid=a")]
    [InlineData("application/x-www-form-urlencoded", "")]
    public async Task An_action_without_a_uuid_says_so(string? type, string body) =>
        Assert.Equal(
            "uuid param missing.",
            (
                await Assert.ThrowsAsync<RefusalException>(() =>
                    ActionBody.ReadAsync(
                        type,
                        new MemoryStream(Encoding.UTF8.GetBytes(body)),
                        TestContext.Current.CancellationToken
                    )
                )
            ).Message
        );

    [Fact]
    public void A_form_is_read_with_care()
    {
        var form = TaskForm.Of(
            new Dictionary<string, string>
            {
                ["name"] = "",
                ["skipPostProcessing"] = "1",
                ["webhook"] = "abc",
                ["outputs"] = """["a/../../b", 1, "..", "c"]""",
                ["dateCreated"] = "12",
            }
        );
        Assert.Equal(
            (null, false, null, 12L),
            (form.Name, form.SkipPostProcessing, form.Webhook, form.DateCreated!.Value)
        );
        Assert.Equal(["a/b", "c"], form.Outputs!);
        foreach (var usual in (string[])["no list", "[]"])
            Assert.Null(TaskForm.Of(new Dictionary<string, string> { ["outputs"] = usual }).Outputs);
    }
}
