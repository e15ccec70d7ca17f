using System.Text.Json;
using System.Text.RegularExpressions;
using Muster.Gateway.Model;

namespace Muster.Gateway.Console;

/// <summary>
/// What an operator with telnet sees. Each `$` is a line that is sent; what follows is the answer, up to the next
/// prompt.
/// </summary>
public sealed partial class ConsoleTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static Task<TestGateway> StartAsync(string password, params ScriptedNode[] nodes) =>
        TestGateway.StartAsync(options => options with { Console = new(0), AdminPassword = password }, nodes);

    [Fact]
    public async Task Its_words_and_forms_are_ClusterODMs()
    {
        await using var node = await ScriptedNode.StartAsync(new() { Slots = 2, MaxImages = 50 });
        await using var gateway = await StartAsync("", node);
        await using var visitor = await ConsoleVisitor.ComeAsync(gateway);
        var name = $"127.0.0.1:{node.Port}";

        Assert.Matches(
            @"^Welcome 127\.0\.0\.1:\d+ Muster:\S+\r\nHELP for help\r\nQUIT to quit\r\n#> $",
            visitor.Greeting
        );
        Assert.Equal(
            $"1) {name} [online] [0/2] <engine: odm 3.6.0> <API: 2.2.4>\r\n\r\n#> ",
            await visitor.AskAsync("node list")
        );
        Assert.Equal("OK\r\n#> ", await visitor.AskAsync("NODE LOCK 1"));
        Assert.Equal(
            $"1) {name} [online] [0/2] <engine: odm 3.6.0> <API: 2.2.4> [L]\r\n\r\n#> ",
            await visitor.AskAsync("NODE LIST")
        );
        Assert.Equal("No best node available\r\n#> ", await visitor.AskAsync("NODE BEST 10"));
        Assert.Equal("OK\r\n#> ", await visitor.AskAsync("NODE UNLOCK 1"));
        Assert.Equal(
            $"1) {name} [online] [0/2] <engine: odm 3.6.0> <API: 2.2.4>\r\n#> ",
            await visitor.AskAsync("NODE BEST 50")
        );
        Assert.Equal("No best node available\r\n#> ", await visitor.AskAsync("NODE BEST 51"));
        Assert.Equal("OK\r\n#> ", await visitor.AskAsync("NODE ADD 127.0.0.1 1 s3cret"));
        Assert.Equal("FAIL\r\n#> ", await visitor.AskAsync("NODE ADD 127.0.0.1 1"));
        Assert.EndsWith(
            "2) 127.0.0.1:1 [offline] [?/?] <engine: ?> <API: ?>\r\n\r\n#> ",
            await visitor.AskAsync("NODE LIST"),
            StringComparison.Ordinal
        );
        var info = await visitor.AskAsync("NODE INFO 2");
        Assert.StartsWith(
            "{\r\n  \"hostname\": \"127.0.0.1\",\r\n  \"port\": \"1\",\r\n",
            info,
            StringComparison.Ordinal
        );
        Assert.Equal(
            ["hostname", "port", "token", "info", "lastRefreshed", "locked", "draining"],
            Members(await visitor.AskAsync("NODE INFO 1")).Select(member => member.Name)
        );
        Assert.Equal(
            [
                "version",
                "taskQueueCount",
                "totalMemory",
                "availableMemory",
                "cpuCores",
                "maxImages",
                "maxParallelTasks",
                "engineVersion",
                "engine",
            ],
            Members(await visitor.AskAsync("NODE INFO 1"))
                .Single(member => member.Name == "info")
                .Value.EnumerateObject()
                .Select(member => member.Name)
        );
        Assert.DoesNotContain("s3cret", info, StringComparison.Ordinal);
        Assert.Equal("OK\r\n#> ", await visitor.AskAsync("NODE DEL 2"));
        Assert.Equal("OK\r\n#> ", await visitor.AskAsync("NODE UPDATE"));
        foreach (
            var refused in (string[])
                ["NODE LOCK 7", "NODE UNLOCK 0", "NODE ADD host notaport", "NODE ADD host 99999", "NODE ADD a/b 80"]
        )
            Assert.Equal("FAIL\r\n#> ", await visitor.AskAsync(refused));
        foreach (
            var invalid in (string[])
                [
                    "",
                    "   ",
                    "hello",
                    "NODE",
                    "NODE DANCE",
                    "NODE DEL",
                    "NODE DEL 2",
                    "NODE DEL x",
                    "NODE ADD host",
                    "NODE INFO 2",
                    "NODE BEST",
                    "ROUTE INFO x",
                    "ROUTE LIST 9",
                    "TASK CANCEL x",
                    "TASK INFO",
                    "ASR VIEWCMD 5",
                    "QUEUE",
                    "TOKEN ADD",
                ]
        )
        {
            Assert.Equal("INVALID\r\n#> ", await visitor.AskAsync(invalid));
        }
        Assert.Equal("INVALID\r\n#> ", await visitor.AskAsync("!!"));
        foreach (var unknown in (string[])["ROUTE", "ROUTE DANCE", "TASK", "TASK WALK x"])
            Assert.Equal("#> ", await visitor.AskAsync(unknown));
        // this node has a limit
        Assert.Equal("No best node available\r\n#> ", await visitor.AskAsync("NODE BEST many"));
        Assert.Contains(
            "NODE ADD <hostname> <port> [token] - ",
            await visitor.AskAsync("HELP"),
            StringComparison.Ordinal
        );
        Assert.Contains("TASK OUTPUT <taskId> [line] - ", await visitor.AskAsync("!!"), StringComparison.Ordinal);
        Assert.Equal("Bye!\r\n", await visitor.AskAsync("quit"));
        Assert.True(await visitor.IsOverAsync());
    }

    private static IEnumerable<JsonProperty> Members(string answer) =>
        [.. JsonElement.Parse(answer[..answer.LastIndexOf('}')] + "}").EnumerateObject()];

    [Fact]
    public async Task Tasks_are_shown_explained_cancelled_and_removed()
    {
        await using var node = await ScriptedNode.StartAsync(new() { Takes = TimeSpan.FromMinutes(1) });
        await using var gateway = await StartAsync("", node);
        await using var visitor = await ConsoleVisitor.ComeAsync(gateway);
        var (first, second) = (await gateway.SubmitAsync(name: "north"), await gateway.SubmitAsync(name: "south"));
        await gateway.UntilAsync(() => gateway.TaskOf(first).Phase is TaskPhase.Running);

        Assert.StartsWith(
            $"{{\r\n  \"{first}\": {{\r\n    \"node\": {{\r\n      \"hostname\": \"127.0.0.1\",",
            await visitor.AskAsync("ROUTE LIST"),
            StringComparison.Ordinal
        );
        Assert.Equal("INVALID\r\n#> ", await visitor.AskAsync($"ROUTE INFO {second}"));
        Assert.Contains("\"accessed\": ", await visitor.AskAsync($"ROUTE INFO {first}"), StringComparison.Ordinal);
        Assert.Matches(
            $"(?s)^\\[\r\n  {{\r\n    \"uuid\": \"{first}\".*\"uuid\": \"{second}\".*\r\n\\]\r\n#> $",
            await visitor.AskAsync("TASK LIST")
        );
        Assert.DoesNotContain(second.ToString(), await visitor.AskAsync("TASK LIST 1"), StringComparison.Ordinal);
        Assert.Contains("\"name\": \"south\"", await visitor.AskAsync($"TASK INFO {second}"), StringComparison.Ordinal);
        Assert.Matches(
            $@"^1\) {second} 2 images, since \S+Z, 127\.0\.0\.1:{node.Port} is full: south\r\n\r\n#> $",
            await visitor.AskAsync("QUEUE LIST")
        );
        Assert.Matches(
            "(?s)queued: south: 2 files.*waiting, position 1: .* is full\r\n\r\n#> $",
            await visitor.AskAsync($"TASK WHY {second}")
        );
        Assert.Contains(
            "Placed on 127.0.0.1",
            await visitor.AskAsync($"TASK OUTPUT {first}"),
            StringComparison.Ordinal
        );
        Assert.Equal("#> ", await visitor.AskAsync($"TASK OUTPUT {first} 1000"));
        Assert.Equal(
            "{\r\n  \"error\": \"Task cannot be restarted\"\r\n}\r\n#> ",
            await visitor.AskAsync($"TASK RESTART {first}")
        );
        Assert.Equal("{\r\n  \"success\": true\r\n}\r\n#> ", await visitor.AskAsync($"TASK CANCEL {second}"));
        Assert.Equal("\r\n#> ", await visitor.AskAsync("QUEUE LIST"));
        Assert.Equal("{\r\n  \"success\": true\r\n}\r\n#> ", await visitor.AskAsync($"TASK REMOVE {second}"));
        Assert.Equal("INVALID\r\n#> ", await visitor.AskAsync($"TASK INFO {second}"));
    }

    [Fact]
    public async Task Names_and_lines_of_others_cannot_forge_answers_or_move_the_cursor()
    {
        await using var node = await ScriptedNode.StartAsync(
            new() { Takes = TimeSpan.FromMinutes(1), Engine = "odm\u001b[2J" }
        );
        await using var gateway = await StartAsync("", node);
        await using var visitor = await ConsoleVisitor.ComeAsync(gateway);
        var first = await gateway.SubmitAsync(name: "\u001b[31mred\r\nOK");
        await gateway.UntilAsync(() => gateway.TaskOf(first).Phase is TaskPhase.Running);
        await gateway.SubmitAsync(name: "two\r\n2) forged");
        node.Tasks[first.ToString()].Output.Add("\u001b]0;title\u0007");
        await gateway.UntilAsync(
            async () => (await gateway.InfoAsync(first, -1)).Output![0].Contains("title", StringComparison.Ordinal),
            () => "no line"
        );
        foreach (
            var question in (string[])
                ["NODE LIST", "TASK LIST", "QUEUE LIST", $"TASK WHY {first}", $"TASK OUTPUT {first}"]
        )
        {
            var answer = await visitor.AskAsync(question);
            Assert.DoesNotMatch("[\\x00-\\x09\\x0b\\x0c\\x0e-\\x1f]", answer);
            Assert.DoesNotContain("\n2) forged", answer, StringComparison.Ordinal);
            Assert.DoesNotContain("\nOK", answer, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Tokens_are_made_shown_once_and_revoked()
    {
        await using var gateway = await StartAsync("");
        await using var visitor = await ConsoleVisitor.ComeAsync(gateway);
        var text = Regex
            .Match(await visitor.AskAsync("TOKEN ADD survey-team 30"), "^([0-9a-f]{40})\r\n#> $")
            .Groups[1]
            .Value;
        var token = gateway.Host.Tokens.Find(text)!;
        Assert.InRange(token.Expires!.Value - DateTimeOffset.UtcNow, TimeSpan.FromDays(29.9), TimeSpan.FromDays(30));
        Assert.Equal(
            $"{token.Id} survey-team since {token.Created:yyyy-MM-dd} until {token.Expires:yyyy-MM-dd}\r\n\r\n#> ",
            await visitor.AskAsync("TOKEN LIST")
        );
        Assert.Equal("OK\r\n#> ", await visitor.AskAsync($"TOKEN DEL {token.Id}"));
        Assert.Equal("FAIL\r\n#> ", await visitor.AskAsync("!!"));
        Assert.Null(gateway.Host.Tokens.Find(text));
    }

    [Fact]
    public async Task With_a_password_nothing_works_before_it_and_a_wrong_one_is_answered()
    {
        await using var gateway = await StartAsync("open sesame".Replace(' ', '-'));
        await using var visitor = await ConsoleVisitor.ComeAsync(gateway);
        Assert.EndsWith(
            "\r\nLOGIN <LOGIN> to log-in\r\nQUIT to quit\r\n$> ",
            visitor.Greeting,
            StringComparison.Ordinal
        );
        Assert.Equal("FAIL\r\n$> ", await visitor.AskAsync("NODE LIST"));
        Assert.Equal("FAIL\r\n$> ", await visitor.AskAsync("LOGIN open"));
        Assert.Equal("OK\r\nHELP for help\r\n#> ", await visitor.AskAsync("login open-sesame"));
        Assert.Equal("\r\n#> ", await visitor.AskAsync("NODE LIST"));
    }

    [Fact]
    public async Task Who_guesses_is_sent_away_and_the_right_password_gets_in_soon()
    {
        await using var gateway = await StartAsync("right");
        async Task GuessAsync()
        {
            await using var visitor = await ConsoleVisitor.ComeAsync(gateway);
            for (var n = 0; n < 2; n++)
                Assert.Equal("FAIL\r\n$> ", await visitor.AskAsync($"LOGIN {n}"));
            Assert.Equal("FAIL\r\n", await visitor.AskAsync("LOGIN last"));
            Assert.True(await visitor.IsOverAsync());
        }
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => GuessAsync()));
        await gateway.UntilAsync(
            async () =>
            {
                await using var visitor = await ConsoleVisitor.ComeAsync(gateway);
                return await visitor.AskAsync("LOGIN right") == "OK\r\nHELP for help\r\n#> ";
            },
            () => "it stayed out"
        );
    }

    [Theory, InlineData(""), InlineData("right")]
    public async Task Silent_visitors_keep_nobody_out(string password)
    {
        await using var gateway = await StartAsync(password);
        var silent = new List<ConsoleVisitor>();
        for (var n = 0; n < 70; n++)
            silent.Add(await ConsoleVisitor.ComeAsync(gateway));
        await using var visitor = await ConsoleVisitor.ComeAsync(gateway);
        if (password.Length > 0)
            Assert.Equal("OK\r\nHELP for help\r\n#> ", await visitor.AskAsync($"LOGIN {password}"));
        Assert.Equal("\r\n#> ", await visitor.AskAsync("NODE LIST"));
        Assert.True(await silent[0].IsOverAsync());
        for (var n = 0; n < 70; n++)
            silent.Add(await ConsoleVisitor.ComeAsync(gateway));
        Assert.Equal("\r\n#> ", await visitor.AskAsync("NODE LIST")); // who belongs here stays
        foreach (var other in silent)
            await other.DisposeAsync();
    }

    [Fact]
    public async Task Who_says_nothing_at_the_door_is_sent_away_after_a_minute()
    {
        await using var gateway = await TestGateway.StartAsync(
            new FastTime(60),
            options => options with { Console = new(0), AdminPassword = "right" }
        );
        await using var visitor = await ConsoleVisitor.ComeAsync(gateway);
        Assert.True(await visitor.IsOverAsync());
    }

    [Fact]
    public async Task Lines_are_put_together_from_any_pieces_and_telnets_own_bytes_are_passed_over()
    {
        await using var gateway = await StartAsync("");
        await using var visitor = await ConsoleVisitor.ComeAsync(gateway);
        foreach (
            var piece in (byte[][])
                [
                    [0xFF, 0xFD, 0x01],
                    "NO"u8.ToArray(),
                    [0xFF, 0xFB],
                    [0x18],
                    "DE"u8.ToArray(),
                    [0xFF, 0xFA, 0x18, 0x00, (byte)'x', 0xFF, 0xF0],
                    " LISX"u8.ToArray(),
                    [0x7F],
                    "T\r"u8.ToArray(),
                    "\n"u8.ToArray(),
                ]
        )
        {
            await visitor.SendAsync(piece);
            await Task.Yield();
        }
        Assert.Equal("\r\n#> ", await visitor.AnswerAsync());
        await visitor.SendAsync("NODE LIST\nQUEUE LIST\r\0TOKEN LIST\r\n"u8.ToArray());
        for (var n = 0; n < 3; n++)
            Assert.Equal("\r\n#> ", await visitor.AnswerAsync());
        await visitor.SendAsync("TOKEN LIST"u8.ToArray());
        visitor.HangUp();
        Assert.Equal("\r\n#> ", await visitor.AnswerAsync());
        Assert.True(await visitor.IsOverAsync());
    }

    [Fact]
    public async Task A_page_in_a_browser_cannot_have_its_form_carried_out()
    {
        await using var gateway = await StartAsync("");
        await using var visitor = await ConsoleVisitor.ComeAsync(gateway);
        await visitor.SendAsync("POST / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\nNODE ADD 10.0.0.9 3000\r\n"u8.ToArray());
        Assert.True(await visitor.IsOverAsync());
        Assert.Empty(gateway.Host.Fleet.Nodes);
    }

    [Fact]
    public async Task An_endless_line_ends_the_visit()
    {
        await using var gateway = await StartAsync("");
        await using var visitor = await ConsoleVisitor.ComeAsync(gateway);
        await visitor.SendAsync([.. Enumerable.Repeat((byte)'x', 9_000)]);
        Assert.True(await visitor.IsOverAsync());
    }

    [Fact]
    public async Task Without_a_password_it_does_not_leave_this_machine() =>
        Assert.Contains(
            "open to everybody",
            (
                await Assert.ThrowsAsync<Faults.UserException>(() =>
                    TestGateway.StartAsync(options => options with { Console = new(0), AdminBind = "0.0.0.0" })
                )
            ).Message,
            StringComparison.Ordinal
        );
}
