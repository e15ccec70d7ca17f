using System.IO.Compression;
using Muster.Configuration;

namespace Muster.Gateway.Admin;

/// <summary>What is handed to somebody who helps.</summary>
public sealed class DiagnosisTests
{
    [Fact]
    public async Task It_tells_much_and_no_secret()
    {
        await using var node = await ScriptedNode.StartAsync(new() { Takes = TimeSpan.FromMinutes(1) });
        await using var talker = await ScriptedNode.StartAsync();
        // It repeats what it was sent, and more that is nobody else's business.
        talker.RefusesWith =
            "no: token=node%22secret, node\"secret, http://user:pass-secret@127.0.0.1/x?X-Amz-Signature=bucket-secret, "
            + "client-secret";
        await using var gateway = await TestGateway.StartAsync(
            options =>
                options with
                {
                    Admin = new(0),
                    AdminPassword = "admin-secret",
                    Token = "client-secret",
                    PublicAddress = new("http://127.0.0.1:3000/?token=address-secret"),
                },
            node
        );
        var made = gateway.Host.Tokens.Make("somebody", null, Model.TokenLimits.None).Text;
        async Task SubmitAsync(string name, string options) =>
            TestGateway.Said(
                await gateway
                    .Client("client-secret")
                    .CommitAsync(await BeginAsync(name, options), TestContext.Current.CancellationToken)
            );
        async Task<string> BeginAsync(string name, string options)
        {
            var id = TestGateway.Said(
                await gateway
                    .Client("client-secret")
                    .InitAsync(
                        Guid.NewGuid().ToString(),
                        new()
                        {
                            Name = name,
                            Options = options,
                            Webhook = "http://hook.invalid/?token=hook-secret",
                        },
                        TestContext.Current.CancellationToken
                    )
            );
            TestGateway.Said(
                await gateway
                    .Client("client-secret")
                    .UploadAsync(id, [TestGateway.File("a.jpg", [1])], TestContext.Current.CancellationToken)
            );
            return id;
        }
        for (var n = 0; n < 2; n++)
            await SubmitAsync(
                $"task {n}",
                """[{"name":"dsm","value":true},{"name":"split","value":10},{"name":"sm-cluster","value":"http://x/?token=option-secret"}]"""
            );
        gateway.Host.Fleet.Add(talker.Url, "node\"secret");
        gateway.Host.Fleet.Add(new("http://127.0.0.1:1/"), "other-secret");
        using (
            var zip = new MultipartFormDataContent
            {
                { new StringContent("http://user:zip-secret@127.0.0.1:1/a.zip?sig=zip-secret"), "zipurl" },
            }
        )
        {
            var fetched = (await gateway.PostAsync("task/new?token=client-secret", zip)).GetProperty("uuid").GetGuid();
            Assert.Contains(
                "private network",
                (await gateway.UntilAsync(fetched, NodeOdm.TaskCode.Failed, "client-secret")).Status.ErrorMessage,
                StringComparison.Ordinal
            );
        }
        await gateway.UntilAsync(() => gateway.Host.Tasks.EventCounts().Any(happened => happened.Kind == "retry"));
        var caller = new AdminCaller(gateway);
        caller.LogIn("admin-secret");
        var texts = new Dictionary<string, string>();
        await using (
            var stream = await caller.Http.GetStreamAsync("api/v1/diagnosis", TestContext.Current.CancellationToken)
        )
        {
            using var archive = new ZipArchive(stream);
            foreach (var entry in archive.Entries)
            {
                using var reader = new StreamReader(entry.Open());
                texts[entry.FullName] = await reader.ReadToEndAsync(TestContext.Current.CancellationToken);
            }
        }
        Assert.Equal(
            [
                "about.json",
                "health.json",
                "settings.json",
                "limits.json",
                "nodes.json",
                "queue.json",
                "events.json",
                "log.txt",
            ],
            texts.Keys
        );
        Assert.Contains($"127.0.0.1:{node.Port}", texts["nodes.json"], StringComparison.Ordinal);
        Assert.Contains("is full", texts["queue.json"], StringComparison.Ordinal);
        Assert.Contains("\"placed\"", texts["events.json"], StringComparison.Ordinal);
        Assert.Contains("\"form_bytes\":\"4194304\"", texts["limits.json"], StringComparison.Ordinal);
        Assert.Contains("\"admin_password\":\"set\"", texts["settings.json"], StringComparison.Ordinal);
        Assert.Contains(OwnVersion.Text, texts["about.json"], StringComparison.Ordinal);
        Assert.Contains("X-Amz", talker.RefusesWith, StringComparison.Ordinal);
        Assert.Contains(
            "no: token=*** ***, http://***@127.0.0.1/x?***",
            texts["events.json"],
            StringComparison.Ordinal
        );
        foreach (
            var secret in (string[])
                [
                    "node%22secret",
                    "secret\"",
                    "node\"secret",
                    "node\\\"secret",
                    "-secret",
                    made,
                    gateway.Host.Tokens.Find(made)!.Hash,
                ]
        )
            Assert.All(texts.Values, text => Assert.DoesNotContain(secret, text, StringComparison.Ordinal));
    }
}
