using System.Text.Json;
using Muster.NodeOdm;

namespace Muster.Gateway;

/// <summary>The log of `muster serve`, for programs.</summary>
public sealed class LogFormatTests
{
    [Fact]
    public async Task A_line_of_the_log_is_an_object_with_its_parameters_and_no_secret()
    {
        await using var node = await ScriptedNode.StartAsync();
        await using var gateway = new GatewayProcess(
            "--node",
            node.Url.ToString(),
            "--poll-every",
            "0.1s",
            "--log-format",
            "json"
        );
        await gateway.StartAsync("options");
        var client = new NodeOdmClient(
            NodeOdmClient.Connections(),
            gateway.Address,
            null,
            TestGateway.Patience,
            TimeProvider.System
        );
        var id = TestGateway.Said(
            await client.InitAsync(
                Guid.NewGuid().ToString(),
                new() { Name = "x", Webhook = "http://user:s3cret@127.0.0.1:1/hook?token=s3cret" },
                TestContext.Current.CancellationToken
            )
        );
        TestGateway.Said(
            await client.UploadAsync(id, [TestGateway.File("a.jpg", [1])], TestContext.Current.CancellationToken)
        );
        TestGateway.Said(await client.CommitAsync(id, TestContext.Current.CancellationToken));
        string? line = null;
        for (
            var began = TimeProvider.System.GetTimestamp();
            line is null;
            await Task.Delay(20, TestContext.Current.CancellationToken)
        )
        {
            Assert.True(TimeProvider.System.GetElapsedTime(began) < TestGateway.Patience, gateway.Notes);
            line = gateway.Notes.Split('\n').FirstOrDefault(text => text.Contains("webhook", StringComparison.Ordinal));
        }
        var entry = JsonElement.Parse(line);
        Assert.Equal(("warning", id), (entry.GetProperty("level").GetString(), entry.GetProperty("task").GetString()));
        Assert.Contains(
            gateway.Notes.Split('\n').Where(text => text.StartsWith('{')).Select(text => JsonElement.Parse(text)),
            other =>
                other.TryGetProperty("kind", out var kind)
                && kind.GetString() == "placed"
                && other.GetProperty("task").GetString() == id
                && other.GetProperty("node").GetString()!.Length > 0
        );
        Assert.Contains("private network", entry.GetProperty("why").GetString(), StringComparison.Ordinal);
        Assert.Contains(
            entry.GetProperty("why").GetString()!,
            entry.GetProperty("text").GetString(),
            StringComparison.Ordinal
        );
        Assert.True(entry.GetProperty("time").GetDateTimeOffset() > DateTimeOffset.UtcNow.AddMinutes(-5));
        Assert.DoesNotContain("s3cret", gateway.Notes, StringComparison.Ordinal);
    }
}
