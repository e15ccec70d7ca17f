using System.Text;
using Muster.Gateway.Model;
using Muster.NodeOdm;

namespace Muster.Gateway.Ledger;

public sealed class LineCacheTests
{
    private static readonly Guid Task = Guid.NewGuid();
    private readonly LineCache _cache = new();
    private int _reads;

    [Fact]
    public void Lines_are_read_and_encoded_once_and_grow_with_what_is_written()
    {
        List<string> stored = ["a", "say \"b\"", "Ü"];
        Assert.Equal("""["a","say \"b\"","Ü"]""", Asked(stored, 0));
        Assert.Equal("""["Ü"]""", Asked(stored, 2));
        Assert.Equal("[]", Asked(stored, 3));
        Write(stored, "d", "two\nlines");
        Assert.Equal("""["d","two lines"]""", Asked(stored, 3));
        Assert.Equal("""["say \"b\"","Ü","d"]""", Asked(stored, 1, 4)); // as one sees it who looked before
        Assert.Equal(1, _reads);
    }

    [Fact]
    public void What_lies_before_is_read_when_somebody_asks_for_it()
    {
        List<string> stored = ["a", "b", "c"];
        Assert.Equal("""["c"]""", Asked(stored, 2));
        Assert.Equal("""["a","b","c"]""", Asked(stored, 0));
        Assert.Equal("""["b","c"]""", Asked(stored, 1));
        Assert.Equal(2, _reads);
    }

    [Fact]
    public void What_is_written_while_it_is_read_is_there_once()
    {
        List<string> stored = ["a"];
        var text = Encoded(
            _cache.Get(
                Task,
                0,
                1,
                (from, to) =>
                {
                    Write(stored, "b"); // nobody has read it yet, so it is known to nobody
                    return stored[from..to];
                }
            )
        );
        Assert.Equal("""["a"]""", text);
        Assert.Equal("""["a","b"]""", Asked(stored, 0));
        // Read already when the ledger tells of it.
        _cache.Follow(Batch(batch => batch.Output.Add(new(Task, 1, ["b", "c"]))));
        stored.Add("c");
        Assert.Equal("""["a","b","c"]""", Asked(stored, 0));
        Assert.Equal(1, _reads);
    }

    [Theory, InlineData(true), InlineData(false)]
    public void Output_that_begins_anew_is_read_anew_even_by_one_who_was_just_reading(bool whileReading)
    {
        List<string> stored = ["old"];
        var anew = Batch(batch => batch.OutputGone.Add(Task));
        _cache.Get(
            Task,
            0,
            1,
            (_, _) =>
            {
                if (whileReading)
                    _cache.Follow(anew);
                return ["old"];
            }
        );
        if (!whileReading)
            _cache.Follow(anew);
        stored[0] = "new";
        Assert.Equal("""["new"]""", Asked(stored, 0));
    }

    [Fact]
    public void Neither_long_nor_many_outputs_take_memory_without_bound()
    {
        var line = new string('x', 50_000);
        Assert.Null(_cache.Get(Task, 0, 3_000, (_, _) => throw new InvalidOperationException("too many to be read")));
        Assert.Null(_cache.Get(Task, 0, 6, (_, _) => [.. Enumerable.Repeat(line, 6)]));
        for (var n = 0; n < 1_000; n++)
            Assert.Equal(
                200_011,
                _cache.Get(Guid.NewGuid(), 0, 4, (_, _) => [.. Enumerable.Repeat(line, 4)])!.Value.Length
            );
        Assert.InRange(_cache.Bytes, 1, 32 << 20);
    }

    [Fact]
    public void Tasks_that_end_or_go_are_let_go()
    {
        var task = new GatewayTask
        {
            Id = Task,
            Owner = "",
            Name = "x",
            Created = DateTimeOffset.UnixEpoch,
            Phase = new TaskPhase.Ended(TaskCode.Completed, DateTimeOffset.UnixEpoch),
        };
        foreach (var gone in (Action<TaskBatch>[])[batch => batch.Removed.Add(Task), batch => batch.Tasks[Task] = task])
        {
            Asked(["a"], 0);
            Assert.NotEqual(0, _cache.Bytes);
            _cache.Follow(Batch(gone));
            Assert.Equal(0, _cache.Bytes);
        }
    }

    private string Asked(List<string> stored, int from, int? to = null) =>
        Encoded(
            _cache.Get(
                Task,
                from,
                to ?? stored.Count,
                (first, end) =>
                {
                    _reads++;
                    return [.. stored[first..end].Select(TaskStore.OneLine)];
                }
            )
        );

    private static string Encoded(ReadOnlyMemory<byte>? lines) => $"[{Encoding.UTF8.GetString(lines!.Value.Span)}]";

    private void Write(List<string> stored, params string[] lines)
    {
        _cache.Follow(Batch(batch => batch.Output.Add(new(Task, stored.Count, lines))));
        stored.AddRange(lines);
    }

    private static TaskBatch Batch(Action<TaskBatch> make)
    {
        var batch = new TaskBatch();
        make(batch);
        return batch;
    }
}
