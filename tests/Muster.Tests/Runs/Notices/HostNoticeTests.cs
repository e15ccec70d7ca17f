using System.Text.Json;
using Muster.Sites.Notices;
using Muster.Sites.Schedulers;

namespace Muster.Runs.Notices;

/// <summary>Ends that the run's own host tells, by the real scripts, to a real web server.</summary>
public sealed class HostNoticeTests : IDisposable
{
    private const string Hush = "hush-hush";
    private readonly ScriptRoot _root = new();
    private readonly string _bin;

    public HostNoticeTests() => _bin = Directory.CreateDirectory(Path.Combine(_root.FullName, "bin")).FullName;

    public void Dispose() => _root.Dispose();

    [Theory]
    [InlineData("dash", "curl")]
    [InlineData("bash", "curl")]
    [InlineData("busybox sh", "curl")]
    [InlineData("dash", "wget")]
    public async Task An_end_is_told_once_by_all_ways_and_the_secrets_stay_hidden(string shell, string by)
    {
        using var web = new WebServer(200);
        var (plan, settings) = Lay("exit 3", web, All(web));
        SpyOn("curl", "wget");
        if (by == "wget")
            File.Delete(Path.Combine(_bin, "curl"));

        ScriptRoot.Sh($"cd {_root.Folder(plan)}; PATH={_bin} {shell} ./supervise main 0 </dev/null");

        var got = web.Got.OrderBy(one => one.Path, StringComparer.Ordinal).ToList();
        Assert.Equal(
            [
                "POST /",
                $"POST /{Hush}-hook?a=1&b=[2]",
                $"POST /{Hush}-slack",
                $"PUT /_matrix/client/v3/rooms/%21room%3Ahere/send/m.room.message/muster-{plan.Id}-ended",
            ],
            got.Select(one => one.Path)
        );
        Assert.Equal([$"Bearer {Hush}\"\\token", null, null, $"Bearer {Hush}"], got.Select(one => one.Authorization));
        var run = Judged(plan);
        var (title, text) = (RunNotice.Due(run, settings)!.Title, $"on s, after 0 s: main.0 on {Host}: exited with 3");
        Assert.Equal("x failed with code 3", title);
        Assert.Equal(
            $$"""{"topic":"{{Hush}}-topic","title":"{{title}}","message":"{{text}}"}""",
            WithoutSeconds(got[0].Body)
        );
        Assert.Equal($$"""{"text":"{{title}}: {{text}}"}""", WithoutSeconds(got[2].Body));
        Assert.Equal($$"""{"msgtype":"m.text","body":"{{title}}: {{text}}"}""", WithoutSeconds(got[3].Body));
        // The same shape as from here.
        Assert.Equal(
            JsonSerializer.Serialize(
                NoticeView.Of(RunNotice.Due(run, settings)! with { Text = text }),
                NoticeJson.Default.NoticeView
            ),
            WithoutSeconds(got[1].Body)
        );
        Assert.Equal(4, HostNotice.ToldBy(Look(plan), RunNotice.Ended)!.Count);
        Assert.DoesNotContain(Hush, File.ReadAllText(Path.Combine(_bin, "words")), StringComparison.Ordinal);
        Assert.Equal("", ScriptRoot.Sh($"grep -rl {Hush} {_root.Folder(plan)} || :"));

        Assert.Empty(await TellAsync(run, settings));
        Assert.Equal(4, web.Got.Count);
    }

    [Theory]
    [InlineData("dash", "curl")]
    [InlineData("busybox sh", "curl")]
    [InlineData("bash", "wget")]
    public async Task A_start_after_a_long_wait_is_told_once_and_so_is_the_end(string shell, string by)
    {
        using var web = new WebServer(200);
        var (plan, settings) = Lay("until [ -e $MUSTER_RUN_DIR/go ]; do sleep 0.05; done", web, All(web));
        SpyOn("curl", "wget");
        if (by == "wget")
            File.Delete(Path.Combine(_bin, "curl"));
        var waited = TimeSpan.FromMinutes(90);
        File.SetLastWriteTimeUtc(
            Path.Combine(_root.Folder(plan), "status", "staged"),
            DateTime.UtcNow - waited - TimeSpan.FromSeconds(20)
        );

        var supervised = Task.Run(
            () => ScriptRoot.Sh($"cd {_root.Folder(plan)}; PATH={_bin} {shell} ./supervise main 0 </dev/null"),
            TestContext.Current.CancellationToken
        );
        await ScriptRoot.UntilAsync(() => Task.FromResult(HostNotice.ToldBy(Look(plan), "started") is { Count: 4 }));

        var got = web.Got.OrderBy(one => one.Path, StringComparer.Ordinal).ToList();
        var run = Judged(plan) with { Created = DateTimeOffset.UtcNow - waited };
        var due = RunNotice.Due(run, settings)! with { Text = "on s, 90 min after it was submitted" };
        Assert.Equal("x has started", due.Title);
        Assert.Equal(JsonSerializer.Serialize(NoticeView.Of(due), NoticeJson.Default.NoticeView), got[1].Body);
        Assert.Equal($$"""{"text":"{{due.Title}}: {{due.Text}}"}""", got[2].Body);
        Assert.EndsWith($"/muster-{plan.Id}-started", got[3].Path, StringComparison.Ordinal);
        Assert.Empty(await TellAsync(run, settings));
        Assert.Equal(4, web.Got.Count);

        File.WriteAllText(Path.Combine(_root.Folder(plan), "go"), "");
        await supervised;
        Assert.Equal(8, web.Got.Count);
        Assert.Equal(4, HostNotice.ToldBy(Look(plan), RunNotice.Ended)!.Count);
        Assert.Equal("", ScriptRoot.Sh($"grep -rl {Hush} {_root.Folder(plan)} || :"));
    }

    [Fact]
    public async Task A_host_that_is_killed_while_it_tells_of_a_start_leaves_it_to_whoever_looks()
    {
        using var web = new WebServer(200);
        var (plan, settings) = Lay("exec sleep 600", web, new() { Webhook = new($"{web.Url}{Hush}", "HOOK") });
        var status = Path.Combine(_root.Folder(plan), "status");
        File.WriteAllText(Path.Combine(status, "told.start"), "event=started\nhost=x\nattempt=0\ntime=1\n");
        Launch(plan);
        await ScriptRoot.UntilAsync(() => Task.FromResult(File.Exists(Path.Combine(status, "main.0.started"))));
        Assert.Empty(web.Got); // it has not waited for long

        var run = Judged(plan) with { Created = DateTimeOffset.UtcNow.AddHours(-1) };
        Assert.Empty(await TellAsync(run, settings, new FastTime(20)));

        Assert.Contains("has started", Assert.Single(web.Got).Body, StringComparison.Ordinal);
        ScriptRoot.Sh($"touch {status}/cancel");
        await ScriptRoot.UntilAsync(() => Task.FromResult(_root.HasEnded(plan)));
    }

    [Fact]
    public async Task Whoever_looks_sends_what_the_host_could_not()
    {
        var fails = true;
        using var web = new WebServer(path => fails && path.EndsWith("slack", StringComparison.Ordinal) ? 404 : 200);
        var (plan, settings) = Lay("true", web, All(web));
        Launch(plan);
        await ToldAsync(plan);
        Assert.Equal(["matrix", "ntfy", "webhook"], HostNotice.ToldBy(Look(plan), RunNotice.Ended));

        fails = false;
        Assert.Empty(await TellAsync(Judged(plan), settings));

        Assert.Equal(2, web.Got.Count(one => one.Path.EndsWith("slack", StringComparison.Ordinal)));
        Assert.Equal(5, web.Got.Count);
    }

    [Fact]
    public async Task A_host_without_a_program_for_it_leaves_it_to_whoever_looks()
    {
        using var web = new WebServer(200);
        var (plan, settings) = Lay("true", web, new() { Webhook = new($"{web.Url}{Hush}", "HOOK") });
        SpyOn();
        ScriptRoot.Sh($"cd {_root.Folder(plan)}; PATH={_bin} sh ./supervise main 0 </dev/null");
        Assert.Empty(web.Got);

        Assert.Empty(await TellAsync(Judged(plan), settings));

        Assert.Single(web.Got);
        Assert.False(File.Exists(Path.Combine(_root.Folder(plan), "notices")));
    }

    [Fact]
    public async Task A_supervisor_that_is_killed_while_it_tells_leaves_it_to_whoever_looks()
    {
        var asked = new TaskCompletionSource();
        using var mayAnswer = new ManualResetEventSlim();
        using var web = new WebServer(_ =>
        {
            asked.TrySetResult();
            mayAnswer.Wait();
            return 200;
        });
        var (plan, settings) = Lay("true", web, new() { Webhook = new($"{web.Url}{Hush}", "HOOK") });
        Launch(plan);
        await asked.Task;
        var pid = File.ReadAllLines(Path.Combine(_root.Folder(plan), "status", "main.0.started"))
            .First(line => line.StartsWith("pid=", StringComparison.Ordinal))[4..];
        ScriptRoot.Sh($"kill -9 {pid}");
        mayAnswer.Set();

        // The end is on record, and the claim without a result. Told twice is better than not at all.
        Assert.Null(HostNotice.ToldBy(Look(plan), RunNotice.Ended));
        Assert.Empty(await TellAsync(Judged(plan), settings, new FastTime(20)));
        Assert.Equal(2, web.Got.Count);
        Assert.False(File.Exists(Path.Combine(_root.Folder(plan), "notices")));
    }

    [Fact]
    public async Task Whoever_looks_waits_for_a_host_that_is_at_it()
    {
        using var mayAnswer = new ManualResetEventSlim();
        using var web = new WebServer(_ =>
        {
            mayAnswer.Wait();
            return 200;
        });
        var (plan, settings) = Lay("true", web, new() { Webhook = new($"{web.Url}{Hush}", "HOOK") });
        Launch(plan);
        await ScriptRoot.UntilAsync(() => Task.FromResult(_root.HasEnded(plan)));

        var telling = TellAsync(Judged(plan), settings, new Patient());
        Assert.False(telling.IsCompleted);
        mayAnswer.Set();

        Assert.Empty(await telling);
        Assert.Single(web.Got);
    }

    [Fact]
    public async Task An_array_is_told_once_by_its_worst_index()
    {
        using var web = new WebServer(200);
        var (plan, _) = Lay(
            "touch $MUSTER_RUN_DIR/at.$MUSTER_RANK; until [ -e $MUSTER_RUN_DIR/go ]; do sleep 0.05; done; "
                + "[ $MUSTER_RANK != 2 ] || exit 5",
            web,
            new() { Webhook = new($"{web.Url}{Hush}", "HOOK") },
            plan => plan with { Array = new("0-5", [0, 1, 2, 3, 4, 5], null), Cpus = 0 }
        );
        Launch(plan);
        await ScriptRoot.UntilAsync(() => Task.FromResult(Directory.GetFiles(_root.Folder(plan), "at.*").Length == 6));
        File.WriteAllText(Path.Combine(_root.Folder(plan), "go"), "");
        await ToldAsync(plan);

        var (_, _, body) = Assert.Single(web.Got);
        Assert.Contains("main.2 on ", body, StringComparison.Ordinal);
        Assert.Contains("\"code\":5", body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Only_what_was_asked_for_is_told_and_of_attempts_only_the_last()
    {
        using var web = new WebServer(200);
        var settings = new NoticeSettings { Webhook = new($"{web.Url}{Hush}", "HOOK"), On = [NoticeKind.Failure] };
        var (well, _) = Lay("true", web, settings, plan => plan with { Notify = false });
        Launch(well);
        await ScriptRoot.UntilAsync(() => Task.FromResult(!File.Exists(Path.Combine(_root.Folder(well), "notices"))));
        var (again, _) = Lay(
            "exit 3",
            web,
            settings,
            plan => plan with { Notify = false, Retry = new(1, [Outcome.Failed]) }
        );
        Launch(again);
        await ScriptRoot.UntilAsync(() => Task.FromResult(_root.HasEnded(again)));
        Assert.Empty(web.Got);
        Assert.True(File.Exists(Path.Combine(_root.Folder(again), "notices")));

        await ScriptRoot.UntilAsync(() =>
            Task.FromResult(
                ScriptRoot
                    .Sh($"sh {_root.Folder(again)}/launch again 1 failed 1 0 'it failed'")
                    .StartsWith("launched ", StringComparison.Ordinal)
            )
        );
        await ToldAsync(again);

        Assert.Contains(again.Id.ToString(), Assert.Single(web.Got).Body, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_several_hosts_none_tells_and_a_missing_secret_is_known_before_anything_is_sent()
    {
        var settings = new NoticeSettings { FromHost = true, Slack = new("", "SLACK") };
        var plan = Plan("true") with { Notify = true };

        Assert.Empty(
            HostNotice
                .Planned(plan with { ArrayParts = [new("a", [0], null), new("b", [1], null)] }, settings)
                .HostTells
        );
        Assert.Empty(HostNotice.Planned(plan, settings with { FromHost = false }).HostTells);
        Assert.Null(HostNotice.Text(HostNotice.Planned(plan with { Notify = false }, settings), settings));
        var fault = Assert.Throws<Faults.UserException>(() =>
            HostNotice.Text(HostNotice.Planned(plan, settings), settings)
        );
        Assert.Equal("notify by slack: SLACK is not set", fault.Message);
    }

    /// <summary>Time in which no wait ever becomes too long.</summary>
    private sealed class Patient : TimeProvider
    {
        public override long GetTimestamp() => 0;
    }

    private static string Host => Environment.MachineName;

    private static string WithoutSeconds(string body) =>
        System.Text.RegularExpressions.Regex.Replace(body, "after [0-9]+ s:", "after 0 s:");

    private static NoticeSettings All(WebServer web) =>
        new()
        {
            Webhook = new($"{web.Url}{Hush}-hook?a=1&b=[2]", "HOOK"),
            Slack = new($"{web.Url}{Hush}-slack", "SLACK"),
            Ntfy = new(new($"{web.Url}{Hush}-topic", "TOPIC"), new($"{Hush}\"\\token", "NTFY")),
            Matrix = new(new(web.Url), "!room:here", new(Hush, "MATRIX")),
        };

    /// <summary>All programs but curl and wget, of which those named note the words that they are given.</summary>
    private void SpyOn(params string[] programs)
    {
        ScriptRoot.Sh(
            $"for dir in /bin /usr/bin; do ln -s $dir/* {_bin} 2>/dev/null; done; rm -f {_bin}/curl {_bin}/wget"
        );
        foreach (var program in programs)
            File.WriteAllText(
                Path.Combine(_bin, program),
                $"#!/bin/sh\necho \"$@\" >>{_bin}/words\nexec /usr/bin/{program} \"$@\"\n"
            );
        File.WriteAllText(Path.Combine(_bin, "words"), "");
        ScriptRoot.Sh($"cd {_bin}; chmod +x {string.Join(' ', programs)} words");
    }

    private static RunPlan Plan(string script) =>
        new()
        {
            Id = RunId.New(TimeProvider.System),
            Name = "x",
            Site = "s",
            Command = ["sh", "-c", script],
            WorkingFolder = "/",
        };

    private (RunPlan Plan, NoticeSettings Settings) Lay(
        string script,
        WebServer web,
        NoticeSettings settings,
        Func<RunPlan, RunPlan>? change = null
    )
    {
        settings = settings with { FromHost = true };
        var plan = Plan(script) with { Notify = true };
        plan = HostNotice.Planned(change?.Invoke(plan) ?? plan, settings);
        _root.Lay(plan);
        Assert.DoesNotContain(
            web.Url,
            string.Concat(Directory.GetFiles(_root.Folder(plan)).Select(File.ReadAllText)),
            StringComparison.Ordinal
        );
        File.WriteAllText(Path.Combine(_root.Folder(plan), "notices"), HostNotice.Text(plan, settings));
        // However slow this machine is.
        ScriptRoot.Sh(
            $"sed -i 's/--connect-timeout 5 --max-time 10/--max-time 600/; s/--timeout=5/--timeout=600/' "
                + $"{_root.Folder(plan)}/notice.sh"
        );
        return (plan, settings);
    }

    private void Launch(RunPlan plan) =>
        Assert.StartsWith(
            "launched ",
            ScriptRoot.Sh($"sh {_root.Folder(plan)}/launch start"),
            StringComparison.Ordinal
        );

    private Task ToldAsync(RunPlan plan) =>
        ScriptRoot.UntilAsync(() => Task.FromResult(Look(plan).Records.GetValueOrDefault("told")?["sent"] is not null));

    private RunFacts Look(RunPlan plan) =>
        LookReader.Read(
            ScriptRoot.Sh($"sh {Repository.Folder}/src/Muster/Runs/Remote/look.sh {_root.FullName} {plan.Id}")
        )[plan.Id.ToString()];

    private Run Judged(RunPlan plan) =>
        RunJudge.After(
            new() { Plan = plan, Created = DateTimeOffset.UtcNow },
            Look(plan),
            null,
            schedulerKnowsMore: false,
            DateTimeOffset.UtcNow
        );

    private async Task<IReadOnlyList<string>> TellAsync(Run run, NoticeSettings settings, TimeProvider? clock = null)
    {
        var store = new RunStore(Path.Combine(_root.FullName, "runs.db"));
        store.Add(run);
        using var notifier = new Notifier(
            store,
            settings,
            clock ?? TimeProvider.System,
            (_, _) => Task.FromResult<RunFacts?>(Look(run.Plan))
        );
        return await notifier.TellAsync(run, TestContext.Current.CancellationToken);
    }
}
