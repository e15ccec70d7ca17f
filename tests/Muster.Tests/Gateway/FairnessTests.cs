using Muster.Gateway.Limits;
using Muster.NodeOdm;

namespace Muster.Gateway;

/// <summary>Four nodes of one slot, a user with forty tasks, and two with one each.</summary>
public sealed class FairnessTests
{
    [Fact]
    public async Task Those_with_one_task_get_the_next_free_slots_none_is_double_booked_and_none_stays_idle()
    {
        ScriptedNode[] nodes = [.. await Task.WhenAll(Enumerable.Range(0, 4).Select(n => ScriptedNode.StartAsync(new() { Takes = TimeSpan.FromMilliseconds(250 + (n * 20)) })))];
        await using var gateway = await TestGateway.StartAsync(nodes);
        var tokens = "abc".Select(name => gateway.Host.Tokens.Make($"{name}", null, TokenLimits.None).Text).ToList();
        var many = new List<Guid>();
        for (var n = 0; n < 40; n++) many.Add(await gateway.SubmitAsync(files: 1, token: tokens[0]));
        await gateway.UntilAsync(() => gateway.Host.Tasks.Live.Held().Count == 4);
        var placed = new List<Guid>();
        gateway.Host.Tasks.Happened += events => placed.AddRange(events.Where(happened => happened.Kind == "placed").Select(happened => happened.Task!.Value));
        var idle = WatchIdleAsync(gateway);
        var (b, c) = (await gateway.SubmitAsync(files: 1, token: tokens[1]), await gateway.SubmitAsync(files: 1, token: tokens[2]));
        foreach (var task in many) await gateway.UntilAsync(task, TaskCode.Completed, tokens[0]);
        await gateway.UntilAsync(b, TaskCode.Completed, tokens[1]);
        await gateway.UntilAsync(c, TaskCode.Completed, tokens[2]);

        // A slot may have been given away in the instant before B and C came.
        Assert.True(placed.IndexOf(b) <= 3 && placed.IndexOf(c) <= 3, $"B was placed as number {placed.IndexOf(b)}, C as {placed.IndexOf(c)}");
        Assert.All(nodes, node => Assert.Equal(0, node.Overbooked));
        Assert.Equal(42, nodes.Sum(node => node.Tasks.Count));
        Assert.True(await idle < TimeSpan.FromSeconds(2), $"a slot stayed free for {(await idle).TotalSeconds:0.0} s");
        foreach (var node in nodes) await node.DisposeAsync();
    }

    /// <summary>The longest time for which a slot was free although tasks waited.</summary>
    private static async Task<TimeSpan> WatchIdleAsync(TestGateway gateway)
    {
        var longest = TimeSpan.Zero;
        long? since = null;
        while (gateway.Host.Tasks.Live.Waiting > 0)
        {
            if (gateway.Host.Tasks.Live.Held().Count == 4) since = null;
            else longest = TimeSpan.FromTicks(Math.Max(longest.Ticks, TimeProvider.System.GetElapsedTime(since ??= TimeProvider.System.GetTimestamp()).Ticks));
            await Task.Delay(20);
        }
        return longest;
    }
}
