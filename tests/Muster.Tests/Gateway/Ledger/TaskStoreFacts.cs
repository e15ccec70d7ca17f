using Muster.Gateway.Model;

namespace Muster.Gateway.Ledger;

/// <summary>What holds of every store.</summary>
public abstract class TaskStoreFacts
{
    private static readonly DateTimeOffset Now = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);

    protected abstract TaskStore OpenStore();

    [Fact]
    public void What_was_written_is_read_whatever_the_phase()
    {
        using var store = OpenStore();
        var batch = new TaskBatch();
        TaskPhase[] phases =
        [
            new TaskPhase.Receiving(Now),
            new TaskPhase.Queued(Now, true),
            new TaskPhase.Sending("n", Guid.NewGuid(), Now, SendingStage.Committing, 2),
            new TaskPhase.Running("n", Guid.NewGuid(), Now, true, 7, Now),
            new TaskPhase.Collecting("n", Guid.NewGuid(), Now),
            new TaskPhase.Ended(NodeOdm.TaskCode.Completed, Now, null, "n", Guid.NewGuid(), new(5, "ab", "results/ab")),
        ];
        var tasks = phases
            .Select(
                (phase, n) =>
                    Task(n) with
                    {
                        Phase = phase,
                        Parent = Guid.NewGuid(),
                        Outputs = ["a"],
                        Attempts = new() { Count = 1, MoreMemoryThan = 3 },
                    }
            )
            .ToList();
        foreach (var task in tasks)
            batch.Tasks[task.Id] = task;
        store.Write(batch);
        foreach (var task in tasks)
        {
            var read = store.Find(task.Id)!;
            Assert.Equal(task.Phase, read.Phase);
            Assert.Equal(
                (task.Parent, task.Order, task.Attempts.MoreMemoryThan, "a"),
                (read.Parent, read.Order, read.Attempts.MoreMemoryThan, read.Outputs!.Single())
            );
        }
        Assert.Equal(5, store.Live().Count);
        Assert.Equal(5, store.Listed().Count);
    }

    [Fact]
    public void Contents_are_let_go_with_the_last_task_that_names_them()
    {
        using var store = OpenStore();
        var (a, b) = (Task(1), Task(2));
        var batch = new TaskBatch { Tasks = { [a.Id] = a, [b.Id] = b } };
        batch.Files.AddRange([
            (a.Id, new SpoolFile("1.jpg", "aa", 5, "k/aa")),
            (a.Id, new SpoolFile("2.jpg", "bb", 6, "k/bb")),
            (b.Id, new SpoolFile("1.jpg", "aa", 5, "k/aa")),
        ]);
        store.Write(batch);
        Assert.Equal(
            [("aa", 5, "k/aa", 2), ("bb", 6, "k/bb", 1)],
            store
                .Contents()
                .Select(content => (content.File.Hash, content.File.Bytes, content.File.Key, content.Names))
                .Order()
        );
        Assert.Equal(["aa", "bb"], store.Write(new() { FilesGone = { a.Id } }).Order());
        Assert.Equal(["aa"], store.Write(new() { Removed = { b.Id } }));
        Assert.Empty(store.Contents());
    }

    [Fact]
    public void How_nodes_and_all_of_them_stood_is_kept_until_it_is_too_old_or_its_node_is_gone()
    {
        using var store = OpenStore();
        NodeHour Tasks(int most) => new() { Tasks = [most, null], Why = [new(3, "silent")] };
        store.Save(10, [("a", Tasks(1)), ("b", Tasks(2))], new() { Waiting = [1, null] });
        store.Save(11, [("a", Tasks(3))], new() { Waiting = [2, null] });
        store.Save(11, [("a", Tasks(4))], new() { Waiting = [3, null], Failed = [5, 0] });
        store.Save(11, [], null);
        Assert.Equal([10L, 11], store.NodeHours("a", 0).Keys.Order());
        var hour = store.NodeHours("a", 11).Single().Value;
        Assert.Equal([4, null], hour.Tasks);
        Assert.Equal(new(3, "silent"), hour.Why.Single());
        Assert.Equal([10L, 11], store.ClusterHours(0).Keys.Order());
        Assert.Equal([3, null], store.ClusterHours(11).Single().Value.Waiting);
        Assert.Equal([5, 0], store.ClusterHours(11)[11].Failed);
        store.ForgetHours(10);
        Assert.Equal(11, store.ClusterHours(0).Single().Key);
        Assert.Empty(store.NodeHours("b", 0));
        Assert.Equal(11, store.NodeHours("a", 0).Single().Key);
        store.RemoveNode("a");
        Assert.Empty(store.NodeHours("a", 0));
    }

    [Fact]
    public void Output_is_read_from_any_line_to_any_line()
    {
        using var store = OpenStore();
        var task = Task(1);
        var lines = Enumerable.Range(0, 50).Select(n => n % 7 == 0 ? "" : $"line {n}").ToList();
        var at = 0;
        foreach (var size in (int[])[1, 3, 1, 20, 5, 20])
        {
            var batch = new TaskBatch();
            batch.Output.Add(new(task.Id, at, lines.GetRange(at, size)));
            store.Write(batch);
            at += size;
        }
        for (var from = 0; from <= 50; from++)
        for (var to = from; to <= 50; to += 7)
            Assert.Equal(lines.GetRange(from, to - from), store.Output(task.Id, from, to));
    }

    [Fact]
    public void Nodes_tokens_settings_chores_and_events_are_kept_and_changed()
    {
        using var store = OpenStore();
        store.Set("a", "1");
        store.Set("a", "2");
        Assert.Equal(("2", null), (store.Setting("a"), store.Setting("b")));
        store.SaveToken("t", "{}");
        store.SaveToken("t", "{1}");
        Assert.Equal(["{1}"], store.Tokens());
        store.RemoveToken("t");
        Assert.Empty(store.Tokens());
        foreach (var id in (string[])["b", "a"])
            store.Save(new GatewayNode { Id = id, Url = new($"http://{id}/") });
        store.Save(new GatewayNode { Id = "b", Url = new("http://c/") });
        Assert.Equal(["http://c/", "http://a/"], store.Nodes().Select(node => node.Url.ToString()));
        var chore = new NodeChore("b", Guid.NewGuid(), Remove: false, HoldsSlot: true);
        store.Write(
            new()
            {
                Chores = { chore },
                Events = { new(0, Now, "k", "first", null, null), new(0, Now, "k", "second", null, "b") },
            }
        );
        store.Write(new() { Chores = { chore with { Remove = true } } });
        Assert.Equal([chore with { Remove = true }], store.Chores());
        Assert.Equal(["first", "second"], store.Events(0, 10).Select(happened => happened.Text));
        store.ForgetEvents(1);
        Assert.Equal("second", store.Events(0, 10).Single().Text);
    }

    [Fact]
    public void What_cannot_be_written_leaves_nothing()
    {
        using var store = OpenStore();
        var task = Task(1);
        var batch = new TaskBatch { Tasks = { [task.Id] = task } };
        batch.Output.AddRange([new(task.Id, 0, ["a\0b"]), new(task.Id, 0, ["the same number twice"])]);
        Assert.ThrowsAny<Exception>(() => store.Write(batch));
        Assert.Null(store.Find(task.Id));
        batch.Output.RemoveAt(1);
        store.Write(batch);
        Assert.Equal(["ab"], store.Output(task.Id, 0, 1));
    }

    [Fact]
    public void No_text_of_a_client_or_a_node_keeps_others_from_being_written()
    {
        using var store = OpenStore();
        var task = Task(1);
        var batch = new TaskBatch { Tasks = { [task.Id] = task with { Name = "a\0b\ud800" } } };
        batch.Output.Add(new(task.Id, 0, ["a\0b \ud83d\ude00 \ud800"]));
        batch.Events.Add(new(0, Now, "k", "\udc00a\0b", task.Id, null));
        store.Write(batch);
        Assert.Equal(["ab \ud83d\ude00 \ufffd"], store.Output(task.Id, 0, 1));
        Assert.Equal("\ufffdab", store.Events(0, 10).Single().Text);
        Assert.Equal("a\0b\ufffd", store.Find(task.Id)!.Name);
    }

    private static GatewayTask Task(long order) =>
        new()
        {
            Id = Guid.NewGuid(),
            Owner = "me",
            Name = "x",
            Created = Now,
            Order = order,
            Phase = new TaskPhase.Queued(Now, false),
        };
}
