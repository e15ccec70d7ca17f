using System.Net;
using System.Text.RegularExpressions;
using Muster.NodeOdm;

namespace Muster.Gateway.Admin;

/// <summary>The admin door as ClusterODM's page and its users' scripts know it.</summary>
public sealed class ClusterPagesTests
{
    [Fact]
    public async Task Nodes_are_added_listed_locked_and_taken_away()
    {
        await using var node = await ScriptedNode.StartAsync(new() { Slots = 2 });
        await using var caller = await AdminCaller.StartAsync("", node);
        Assert.Equal("Muster", (await caller.AskAsync("GET", "r/info")).GetProperty("name").GetString());
        Assert.Equal(
            (HttpStatusCode.OK, """{"success":true}"""),
            await caller.CallAsync("POST", "r/node/add", """{"hostname":"127.0.0.1","port":1,"token":"s3cret"}""")
        );
        foreach (
            var invalid in (string[])
                [
                    "{\"hostname\":\"127.0.0.1\",\"port\":\"1\"}",
                    "{\"hostname\":\"x\"}",
                    "{\"hostname\":\"a/b\",\"port\":80}",
                    "nonsense",
                    "[]",
                ]
        )
        {
            Assert.Equal(
                (HttpStatusCode.OK, """{"error":"Invalid"}"""),
                await caller.CallAsync("POST", "r/node/add", invalid)
            );
        }
        var (_, text) = await caller.CallAsync("GET", "r/node/list");
        Assert.DoesNotContain("s3cret", text, StringComparison.Ordinal);
        var list = System.Text.Json.JsonElement.Parse(text);
        var (first, second) = (list[0], list[1]);
        Assert.Equal(
            [
                "name",
                "isLocked",
                "isAutoSpawned",
                "isOnline",
                "getTaskQueueCount",
                "getMaxParallelTasks",
                "getEngineInfo",
                "getVersion",
                "nodeData",
            ],
            first.EnumerateObject().Select(member => member.Name)
        );
        Assert.Equal(
            (0, 2, "odm 3.6.0", "2.2.4"),
            (
                first.GetProperty("getTaskQueueCount").GetInt32(),
                first.GetProperty("getMaxParallelTasks").GetInt32(),
                first.GetProperty("getEngineInfo").GetString(),
                first.GetProperty("getVersion").GetString()
            )
        );
        Assert.Equal($"{node.Port}", first.GetProperty("nodeData").GetProperty("port").GetString());
        Assert.Equal(
            ("127.0.0.1:1", "?", "?"),
            (
                second.GetProperty("name").GetString(),
                second.GetProperty("getMaxParallelTasks").GetString(),
                second.GetProperty("getVersion").GetString()
            )
        );

        Assert.Equal((HttpStatusCode.OK, "true"), await caller.CallAsync("POST", "r/node/lock", """{"number":2}"""));
        Assert.True((await caller.AskAsync("GET", "r/node/list"))[1].GetProperty("isLocked").GetBoolean());
        Assert.Equal(
            (HttpStatusCode.OK, "true"),
            await caller.CallAsync("POST", "r/node/unlock", """{"number":"2"}""")
        );
        Assert.Equal((HttpStatusCode.OK, "false"), await caller.CallAsync("POST", "r/node/unlock", """{"number":3}"""));
        foreach (
            var (method, path) in ((string, string)[])
                [("POST", "r/node/lock"), ("POST", "r/node/unlock"), ("DELETE", "r/node")]
        )
            Assert.Equal((HttpStatusCode.Forbidden, ""), await caller.CallAsync(method, path, "{}"));
        Assert.Equal((HttpStatusCode.OK, "true"), await caller.CallAsync("DELETE", "r/node", """{"number":2}"""));
        Assert.Single(caller.Gateway.Host.Fleet.Nodes);
        Assert.Equal(HttpStatusCode.NotFound, (await caller.CallAsync("GET", "r/else")).Status);
    }

    [Fact]
    public async Task At_the_front_is_the_page_which_loads_its_own_files_and_no_others()
    {
        await using var caller = await AdminCaller.StartAsync();
        var (status, page) = await caller.CallAsync("GET", "");
        Assert.Equal(HttpStatusCode.OK, status);
        var parts = Regex
            .Matches(page, "(?:src|href)=\"\\./([^\"]+)\"")
            .Select(match => match.Groups[1].Value)
            .ToList();
        Assert.NotEmpty(parts);
        foreach (var part in parts)
            Assert.Equal((HttpStatusCode.OK, part), ((await caller.CallAsync("GET", part)).Status, part));
        Assert.Equal(HttpStatusCode.NotFound, (await caller.CallAsync("GET", "app/nothing.js")).Status);
    }

    [Fact]
    public async Task With_a_password_it_asks_for_it_and_signs_out()
    {
        await using var caller = await AdminCaller.StartAsync("right");
        using var asked = await caller.Http.GetAsync("r/info", TestContext.Current.CancellationToken);
        Assert.Equal(
            (HttpStatusCode.Unauthorized, "Basic realm=\"ClusterODM\""),
            (asked.StatusCode, asked.Headers.WwwAuthenticate.ToString())
        );
        caller.LogIn("wrong");
        Assert.Equal(HttpStatusCode.Unauthorized, (await caller.CallAsync("GET", "r/info")).Status);
        caller.LogIn("right");
        Assert.Equal(HttpStatusCode.OK, (await caller.CallAsync("GET", "r/info")).Status);
        foreach (var way in (string[])["signout", "r/signout"])
        {
            var (status, page) = await caller.CallAsync("GET", way);
            Assert.Equal(HttpStatusCode.Unauthorized, status);
            Assert.Contains("<a href=\"/\">", page, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Who_guesses_is_slowed_down_and_the_right_password_gets_in_soon()
    {
        await using var caller = await AdminCaller.StartAsync("right");
        caller.LogIn("wrong");
        var answers = await Task.WhenAll(
            Enumerable.Range(0, 2 * AdminPassword.MostGuesses).Select(_ => caller.CallAsync("GET", "r/info"))
        );
        Assert.Contains(HttpStatusCode.TooManyRequests, answers.Select(answer => answer.Status));
        caller.LogIn("right");
        await caller.Gateway.UntilAsync(
            async () => (await caller.CallAsync("GET", "r/info")).Status == HttpStatusCode.OK,
            () => "it stayed out"
        );
    }

    [Fact]
    public async Task Failing_with_another_name_keeps_nobody_out()
    {
        await using var caller = await AdminCaller.StartAsync("right");
        caller.LogIn("wrong", "root");
        await Task.WhenAll(
            Enumerable
                .Range(0, 2 * AdminPassword.MostGuesses)
                .Select(async _ =>
                    Assert.Equal(HttpStatusCode.Unauthorized, (await caller.CallAsync("GET", "r/info")).Status)
                )
        );
        caller.LogIn("right", "root");
        Assert.Equal(HttpStatusCode.Unauthorized, (await caller.CallAsync("GET", "r/info")).Status);
        caller.LogIn("right");
        Assert.Equal(HttpStatusCode.OK, (await caller.CallAsync("GET", "r/info")).Status);
    }

    [Fact]
    public async Task What_a_gateway_or_a_node_asks_for_others_is_not_answered_whatever_password_it_bears()
    {
        await using var caller = await AdminCaller.StartAsync("right");
        caller.LogIn("right");
        Assert.Equal(
            HttpStatusCode.Forbidden,
            (await caller.CallAsync("GET", "api/v1/diagnosis", null, (OutsideHttp.Mark, "1"))).Status
        );
    }

    [Theory]
    [InlineData("Host", "evil.example:10000")]
    [InlineData("Host", "evil.example")]
    [InlineData("Origin", "http://evil.example")]
    [InlineData("Origin", "http://127.0.0.1:3000")]
    [InlineData("Origin", "null")]
    [InlineData("Sec-Fetch-Site", "cross-site")]
    [InlineData("Sec-Fetch-Site", "same-site")]
    public async Task Pages_of_elsewhere_are_refused(string header, string value)
    {
        await using var caller = await AdminCaller.StartAsync();
        Assert.Equal(
            HttpStatusCode.Forbidden,
            (await caller.CallAsync("GET", "r/node/list", null, (header, value))).Status
        );
        Assert.Equal(
            HttpStatusCode.Forbidden,
            (
                await caller.CallAsync("POST", "api/v1/nodes", """{"url":"http://10.0.0.9:3000"}""", (header, value))
            ).Status
        );
        Assert.Empty(caller.Gateway.Host.Fleet.Nodes);
    }

    [Fact]
    public async Task Its_own_pages_and_links_are_not_refused()
    {
        await using var caller = await AdminCaller.StartAsync();
        var own = caller.Http.BaseAddress!.GetLeftPart(UriPartial.Authority);
        Assert.Equal(
            HttpStatusCode.OK,
            (await caller.CallAsync("GET", "r/info", null, ("Origin", own), ("Sec-Fetch-Site", "same-origin"))).Status
        );
        Assert.Equal(
            HttpStatusCode.OK,
            (
                await caller.CallAsync(
                    "GET",
                    "r/info",
                    null,
                    ("Sec-Fetch-Site", "cross-site"),
                    ("Sec-Fetch-Mode", "navigate")
                )
            ).Status
        );
        Assert.Equal(
            HttpStatusCode.Forbidden,
            (
                await caller.CallAsync(
                    "POST",
                    "r/node/add",
                    "{}",
                    ("Sec-Fetch-Site", "cross-site"),
                    ("Sec-Fetch-Mode", "navigate")
                )
            ).Status
        );
        Assert.Equal(
            HttpStatusCode.OK,
            (
                await caller.CallAsync("GET", "r/info", null, ("Host", $"localhost:{caller.Http.BaseAddress.Port}"))
            ).Status
        );
    }
}
