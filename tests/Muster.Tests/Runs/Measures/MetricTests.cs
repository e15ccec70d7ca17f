using System.Buffers.Binary;
using System.Text;

namespace Muster.Runs.Measures;

/// <summary>What programs write of their metrics, in every form that is read.</summary>
public sealed class MetricTests
{
    [Fact]
    public void Event_files_tell_simple_values_and_tensors_of_one_number()
    {
        byte[] file =
        [
            .. Record(Message(3, "brain.Event:2"u8)),
            .. Record([.. Step(1), .. Message(5, Message(1, [.. Message(1, "loss"u8), .. Single(2, 0.3f)]))]),
            .. Record([.. Step(2), .. Message(5, Message(1, [.. Message(1, "loss"u8), .. Single(2, 0.1f)]))]),
            .. Record([
                .. Step(2),
                .. Message(
                    5,
                    [
                        .. Message(1, [.. Message(1, "acc"u8), .. Message(8, [8, 1, .. Message(4, Bytes(0.5f))])]),
                        .. Message(1, [.. Message(1, "lr"u8), .. Message(8, [8, 1, .. Single(5, 0.01f)])]),
                        .. Message(1, [.. Message(1, "picture"u8), .. Message(4, "png"u8)]),
                        .. Message(1, [.. Message(1, "many"u8), .. Message(8, [8, 1, .. Message(4, new byte[12])])]),
                    ]
                ),
            ]),
            .. Record([.. Step(3), .. Message(5, Message(1, [.. Message(1, "loss"u8), .. Single(2, 0.2f)]))])[..^5],
        ];

        Assert.Equal(["acc 1 0.5@2 0.5@2", "loss 2 0.1@2 0.1@2", "lr 1 0.01@2 0.01@2"], Shown(EventFile.Read(file)));
    }

    [Fact]
    public void Whatever_stands_in_an_event_file_it_is_read_to_its_end()
    {
        var random = new Random(7);
        var whole = Record([.. Step(1), .. Message(5, Message(1, [.. Message(1, "loss"u8), .. Single(2, 0.3f)]))]);
        for (var i = 0; i < 20_000; i++)
        {
            byte[] broken = [.. whole, .. whole];
            for (var hits = random.Next(1, 6); hits > 0; hits--)
                broken[random.Next(broken.Length)] = (byte)random.Next(256);
            Assert.InRange(EventFile.Read(broken.AsSpan(0, random.Next(broken.Length))).Count, 0, 8);
        }
    }

    [Fact]
    public void Lines_of_a_log_tell_metrics() =>
        Assert.Equal(
            ["acc 1 0.5@20 0.5@20", "loss 3 NaN@30 0.25@20"],
            Shown(
                MetricText.Lines(
                    """
                    epoch 1
                    muster: metric loss=0.3 step=10
                    muster: metric step=20 loss=0.25, acc=0.5
                    a muster: metric loss=7
                    muster: metric loss=nan step=30 time=9
                    muster: metric loss=high
                    """
                )
            )
        );

    [Theory]
    [InlineData(
        """{"step": 4, "loss": 0.5, "eval": {"f1": 0.9}, "name": "x"}""",
        "eval.f1 1 0.9@4 0.9@4",
        "loss 1 0.5@4 0.5@4"
    )]
    [InlineData("""[{"epoch": 1, "a": 3}, {"epoch": 2, "a": 2}]""", "a 2 2@2 2@2")]
    [InlineData("{\"a\": 3}\n{\"a\": 1}\n{\"a\": 2}\n{\"a\":", "a 3 2@2 1@1")]
    [InlineData("nonsense")]
    public void Json_tells_metrics_as_an_object_a_list_or_lines(string text, params string[] metrics) =>
        Assert.Equal(metrics, Shown(MetricText.Json(Encoding.UTF8.GetBytes(text))));

    [Fact]
    public void Csv_tells_metrics_and_an_empty_cell_is_none() =>
        Assert.Equal(
            ["train_loss 2 0.4@2 0.4@2", "val_loss 1 0.6@1 0.6@1"],
            Shown(MetricText.Csv("epoch,step,train_loss,val_loss\r\n0,1,0.5,\r\n0,1,,0.6\r\n1,2,0.4,\r\n"))
        );

    [Fact]
    public void A_step_that_comes_again_replaces_what_was_there()
    {
        var series = MetricSeries.Of("a", [new(1, 5), new(2, 1), new(3, 9), new(2, 4), new(3, 3)]);

        Assert.Equal((3, new(3, 3), new(3, 3), new(1, 5)), (series.Count, series.Last, series.Least, series.Most));
    }

    [Fact]
    public void Of_many_values_some_are_kept_and_the_best_is_exact()
    {
        var series = MetricSeries.Of(
            "a",
            [.. Enumerable.Range(0, 100_000).Select(i => new MetricPoint(i, i == 77_777 ? -0.1 : i))]
        );

        Assert.Equal((100_000, MetricSeries.Kept), (series.Count, series.Points.Count));
        Assert.Equal((new(77_777, -0.1), new(99_999, 99_999)), (series.Least, series.Last));
    }

    [Fact]
    public void Names_and_values_are_bounded()
    {
        var many = string.Concat(
            Enumerable.Range(0, 5_000).Select(i => $"muster: metric m{i}=1 {new string('x', 200)}=2\n")
        );

        Assert.Equal(200, MetricText.Lines(many).Count);
    }

    private static IEnumerable<string> Shown(IEnumerable<MetricSeries> all) =>
        all.Select(series =>
            FormattableString.Invariant($"{series.Name} {series.Count} {At(series.Last)} {At(series.Least)}")
        );

    private static string At(MetricPoint? point) => FormattableString.Invariant($"{point?.Value}@{point?.Step}");

    private static byte[] Record(byte[] data)
    {
        var record = new byte[data.Length + 16];
        BinaryPrimitives.WriteInt64LittleEndian(record, data.Length);
        data.CopyTo(record, 12);
        return record;
    }

    private static byte[] Message(int field, ReadOnlySpan<byte> data)
    {
        Assert.InRange(data.Length, 0, 127);
        return [(byte)((field << 3) | 2), (byte)data.Length, .. data];
    }

    private static byte[] Step(byte step) => [16, step];

    private static byte[] Single(int field, float value) => [(byte)((field << 3) | 5), .. Bytes(value)];

    private static byte[] Bytes(float value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteSingleLittleEndian(bytes, value);
        return bytes;
    }
}
