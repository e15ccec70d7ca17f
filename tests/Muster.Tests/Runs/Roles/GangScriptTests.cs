using Muster.Hosts;
using Muster.Sites.Schedulers;

namespace Muster.Runs.Roles;

/// <summary>
/// The real supervisors of several ranks under a real sh: on one host, and as if on two that cannot see each other.
/// </summary>
public sealed class GangScriptTests : IDisposable
{
    private static readonly DateTimeOffset Now = DateTimeOffset.UnixEpoch.AddYears(60);
    private readonly ScriptRoot _root = new();

    public void Dispose() => _root.Dispose();

    [Fact]
    public async Task Servers_end_well_when_the_workers_have()
    {
        var plan = Plan(
            "[ $MUSTER_ROLE = server ] && exec sleep 600; echo $MUSTER_RANK of $MUSTER_SIZE $MUSTER_SIZE_SERVER "
                + ">>$MUSTER_OUT/told",
            new("worker", 2),
            new("server", 1) { Working = 0 }
        );

        var end = await RunAsync(plan);

        Assert.Equal(Outcome.Succeeded, end.Outcome);
        Assert.Equal("released", Record(plan, "server.0.exit")["reason"]);
        Assert.Equal(
            ["0 of 2 1", "1 of 2 1"],
            File.ReadAllLines(Path.Combine(_root.Folder(plan), "out", "told")).Order()
        );
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(_root.FullName, "ports"), "*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task The_first_failure_stops_the_others_and_is_the_one_that_is_told()
    {
        var plan = Plan(
            "if [ $MUSTER_RANK = 1 ]; then exit 7; fi; trap '' TERM; sleep 600 & wait",
            new PlannedRole("worker", 3)
        );

        var end = await RunAsync(plan);

        Assert.Equal((Outcome.Failed, 7), (end.Outcome, end.Code));
        Assert.StartsWith("worker.1 on ", end.Evidence.Text, StringComparison.Ordinal);
        Assert.Contains("2 of 3 ranks were stopped", end.Evidence.Text, StringComparison.Ordinal);
        Assert.Contains("worker.1", Record(plan, "worker.0.exit")["cause"], StringComparison.Ordinal);
        Assert.Equal("", ScriptRoot.Sh($"grep -lz MUSTER_MARK={plan.Id}/ /proc/[0-9]*/environ 2>/dev/null || :"));
    }

    [Fact]
    public async Task A_role_that_others_wait_for_is_there_before_they_begin()
    {
        var plan = Plan(
            """
            case $MUSTER_ROLE in
              server) sleep 1; python3 -c 'import os,socket,time; s=socket.create_server(("127.0.0.1", int(os.environ["MUSTER_PORT"]))); c,_=s.accept(); c.sendall(b"hello"); c.close(); time.sleep(600)' ;;
              worker) python3 -c 'import os,socket; h,p=os.environ["MUSTER_ADDRESSES_SERVER"].rsplit(":",1); print(socket.create_connection((h,int(p))).recv(9).decode())' >$MUSTER_OUT/heard ;;
            esac
            """,
            new PlannedRole("worker", 1),
            new PlannedRole("server", 1) { Working = 0, Listens = true }
        );

        Assert.Equal(Outcome.Succeeded, (await RunAsync(plan)).Outcome);
        Assert.Equal("hello\n", File.ReadAllText(Path.Combine(_root.Folder(plan), "out", "heard")));
    }

    [Fact]
    public async Task A_role_that_never_listens_is_named()
    {
        var plan = Plan(
            "exec sleep 600",
            new PlannedRole("worker", 1),
            new PlannedRole("server", 1) { Working = 0, Listens = true }
        ) with
        {
            ReadyWithin = TimeSpan.FromSeconds(2),
        };

        var end = await RunAsync(plan);

        Assert.Equal(Outcome.Failed, end.Outcome);
        Assert.Contains("server.0", end.Evidence.Text, StringComparison.Ordinal);
        Assert.Contains("did not listen on its port", end.Evidence.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ranks_whose_others_never_come_end_before_anything_began()
    {
        var plan = OnTwoHosts("touch $MUSTER_OUT/began") with { ReadyWithin = TimeSpan.FromSeconds(1) };

        Launch(plan, "a");
        await UntilAsync(() => File.Exists(Path.Combine(_root.Folder(plan, "a"), "status", "ended")));

        Assert.Contains(
            "nothing was heard of worker.1",
            Record(plan, "worker.0.exit", "a")["cause"],
            StringComparison.Ordinal
        );
        Assert.False(File.Exists(Path.Combine(_root.Folder(plan, "a"), "out", "began")));
    }

    [Fact]
    public async Task Hosts_that_cannot_see_each_other_work_together_by_what_is_carried_between_them()
    {
        var plan = OnTwoHosts(
            "echo $MUSTER_RANK $MUSTER_PEERS >$MUSTER_OUT/told; [ $MUSTER_RANK = 1 ] || exec sleep 600; exit 5"
        );
        Launch(plan, "a");
        Launch(plan, "b");

        var run = new Run
        {
            Plan = plan,
            Created = Now,
            State = new RunState.Launched(new("x")),
        };
        await ScriptRoot.UntilAsync(async () =>
        {
            var facts = RunFacts.Together([Look(plan, "a"), Look(plan, "b")], []);
            run = RunJudge.After(run, facts, null, schedulerKnowsMore: false, DateTimeOffset.UtcNow);
            foreach (var carriage in RankNews.For(run, facts, DateTimeOffset.UtcNow))
                await carriage.BringAsync(
                    new LocalHost(),
                    _root.FullName,
                    plan.FolderOn(carriage.Host),
                    TestContext.Current.CancellationToken
                );
            return run.State is RunState.Ended;
        });

        var end = Assert.IsType<RunState.Ended>(run.State);
        Assert.Equal((Outcome.Failed, 5), (end.Outcome, end.Code));
        Assert.Equal("stopped", Record(plan, "worker.0.exit", "a")["reason"]);
        var told = File.ReadAllText(Path.Combine(_root.Folder(plan, "a"), "out", "told")).Split(' ', 2)[1];
        Assert.Equal(told, File.ReadAllText(Path.Combine(_root.Folder(plan, "b"), "out", "told")).Split(' ', 2)[1]);
    }

    [Fact]
    public async Task What_a_killed_supervisor_left_behind_is_ended_and_stops_the_others()
    {
        var plan = OnTwoHosts("exec sleep 600");
        Launch(plan, "a");
        Launch(plan, "b");
        await CarryUntilAsync(
            plan,
            () =>
                Look(plan, "a").Records.ContainsKey("worker.0.started")
                && Look(plan, "b").Records.ContainsKey("worker.1.started")
        );
        ScriptRoot.Sh($"kill -9 {Record(plan, "worker.1.started", "b")["pid"]}");

        // Twenty seconds have passed in which its own host missed it.
        var run = new Run
        {
            Plan = plan,
            Created = Now,
            State = new RunState.Running(new("x"), "a,b", Now),
            VanishedSince = DateTimeOffset.UtcNow - RunJudge.RecordPatience,
        };
        var facts = RunFacts.Together(
            [
                Look(plan, "a"),
                Look(plan, "b") with
                {
                    Supervisors = new Dictionary<string, Liveness> { ["worker.1"] = Liveness.Gone },
                },
            ],
            []
        );
        Assert.IsType<RunState.Running>(
            RunJudge.After(run, facts, null, schedulerKnowsMore: false, DateTimeOffset.UtcNow).State
        );
        foreach (var carriage in RankNews.For(run, facts, DateTimeOffset.UtcNow))
            await carriage.BringAsync(
                new LocalHost(),
                _root.FullName,
                plan.FolderOn(carriage.Host),
                TestContext.Current.CancellationToken
            );
        await CarryUntilAsync(
            plan,
            () => Look(plan, "a").Records.ContainsKey("ended") && Look(plan, "b").Records.ContainsKey("ended")
        );

        var end = Assert.IsType<RunState.Ended>(
            RunJudge
                .After(
                    run,
                    RunFacts.Together([Look(plan, "a"), Look(plan, "b")], []),
                    null,
                    schedulerKnowsMore: false,
                    DateTimeOffset.UtcNow
                )
                .State
        );
        Assert.Equal(Outcome.Lost, end.Outcome);
        Assert.Contains("worker.1", end.Evidence.Text, StringComparison.Ordinal);
        Assert.Equal("", ScriptRoot.Sh($"grep -lz MUSTER_MARK={plan.Id}/ /proc/[0-9]*/environ 2>/dev/null || :"));
    }

    [Fact]
    public async Task The_end_of_one_rank_leaves_those_whose_numbers_begin_alike()
    {
        var plan = Plan("[ $MUSTER_RANK != 1 ] || exit 0; sleep 2; echo $MUSTER_RANK >>$MUSTER_OUT/told", []) with
        {
            Array = new("1,10", [1, 10], null),
        };

        Assert.Equal(Outcome.Succeeded, (await RunAsync(plan)).Outcome);
        Assert.Equal("10\n", File.ReadAllText(Path.Combine(_root.Folder(plan), "out", "10", "told")));
    }

    private static RunPlan Plan(string script, params PlannedRole[] roles) =>
        new()
        {
            Id = RunId.New(TimeProvider.System),
            Name = "gang",
            Site = "s",
            Command = ["sh", "-c", script],
            Roles = roles,
            ReadyWithin = TimeSpan.FromSeconds(60),
            WorkingFolder = "/",
        };

    private static RunPlan OnTwoHosts(string script) =>
        Plan(script, new PlannedRole("worker", 2) { Hosts = ["a", "b"] }) with
        {
            Host = "a",
        };

    private StatusRecord Record(RunPlan plan, string name, string? host = null) => Look(plan, host).Records[name];

    private RunFacts Look(RunPlan plan, string? host = null)
    {
        var records = new Dictionary<string, StatusRecord>();
        foreach (
            var file in new DirectoryInfo(Path.Combine(_root.Folder(plan, host), "status"))
                .EnumerateFiles()
                .Where(file => !file.Name.StartsWith('.'))
        )
        {
            var values = new Dictionary<string, string>();
            foreach (var line in File.ReadAllLines(file.FullName))
                LookReader.Put(values, line);
            records[file.Name] = new(file.Name, values);
        }
        return new() { Present = true, Records = records };
    }

    private void Launch(RunPlan plan, string? host = null)
    {
        _root.Lay(plan, host);
        Assert.StartsWith(
            "launched ",
            ScriptRoot.Sh($"sh {_root.Folder(plan, host)}/launch start"),
            StringComparison.Ordinal
        );
    }

    private async Task<RunState.Ended> RunAsync(RunPlan plan)
    {
        Launch(plan);
        await UntilAsync(() => File.Exists(Path.Combine(_root.Folder(plan), "status", "ended")));
        return Assert.IsType<RunState.Ended>(
            RunJudge
                .After(
                    new Run { Plan = plan, Created = Now },
                    Look(plan),
                    null,
                    schedulerKnowsMore: false,
                    DateTimeOffset.UtcNow
                )
                .State
        );
    }

    private Task CarryUntilAsync(RunPlan plan, Func<bool> done) =>
        ScriptRoot.UntilAsync(async () =>
        {
            var facts = RunFacts.Together([Look(plan, "a"), Look(plan, "b")], []);
            var run = new Run
            {
                Plan = plan,
                Created = Now,
                State = new RunState.Launched(new("x")),
            };
            foreach (var carriage in RankNews.For(run, facts, DateTimeOffset.UtcNow))
                await carriage.BringAsync(
                    new LocalHost(),
                    _root.FullName,
                    plan.FolderOn(carriage.Host),
                    TestContext.Current.CancellationToken
                );
            return done();
        });

    private static Task UntilAsync(Func<bool> done) => ScriptRoot.UntilAsync(() => Task.FromResult(done()));
}
