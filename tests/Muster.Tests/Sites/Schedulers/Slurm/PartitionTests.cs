namespace Muster.Sites.Schedulers.Slurm;

public sealed class PartitionTests
{
    [Fact]
    public void Recorded_partitions_are_read()
    {
        var partitions = Partition.ReadAll("Welcome\n" + RecordedText.Read("sinfo-22.05.txt"));
        Assert.Equal(["debug", "gpu", "long"], partitions.Select(partition => partition.Name));

        var (debug, gpu, @long) = (partitions[0], partitions[1], partitions[2]);
        Assert.True(debug is { IsDefault: true, IsUp: true, Cpus: 4, MemoryMegabytes: 4000, DefaultTime: null });
        Assert.Equal(TimeLimit.Unlimited, debug.TimeLimit);
        Assert.Equal(new NodeCounts(1, 1, 1, 3), debug.Nodes);
        Assert.Equal(["gpu:a100:2"], debug.Gres);
        Assert.True(gpu is { IsDefault: false, IsUp: false, Availability: "down" });
        Assert.Equal(
            (TimeSpan.FromMinutes(10), TimeSpan.FromDays(7), TimeSpan.FromHours(1)),
            (gpu.TimeLimit?.Length, @long.TimeLimit?.Length, @long.DefaultTime?.Length)
        );
    }

    [Fact]
    public void Several_kinds_of_node_are_one_partition()
    {
        var partition = Assert.Single(
            Partition.ReadAll(
                string.Join(
                    '\n',
                    string.Join('\u001f', "main*", "up", "1-00:00:00", "n/a", "1/2/0/3", "32+", "128000", "(null)"),
                    string.Join(
                        '\u001f',
                        "main*",
                        "up",
                        "1-00:00:00",
                        "n/a",
                        "4/0/1/5",
                        "64",
                        "256000+",
                        "gpu:a100:4(S:0-1,3),fpga:1"
                    )
                )
            )
        );
        Assert.Equal(new NodeCounts(5, 2, 1, 8), partition.Nodes);
        Assert.Equal((64, 256000L), (partition.Cpus, partition.MemoryMegabytes));
        Assert.Equal(["gpu:a100:4", "fpga:1"], partition.Gres);
    }
}
