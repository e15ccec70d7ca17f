using Muster.Gateway.Model;
using Muster.NodeOdm;

namespace Muster.Gateway;

/// <summary>Four nodes of one slot, a user with forty tasks, and two with one each.</summary>
public sealed class FairnessTests
{
    [Fact]
    public async Task Those_with_one_task_get_the_next_free_slots_none_is_double_booked_and_none_stays_idle()
    {
        ScriptedNode[] nodes =
        [
            .. await Task.WhenAll(
                Enumerable.Range(0, 4).Select(_ => ScriptedNode.StartAsync(new() { Takes = TimeSpan.FromMinutes(5) }))
            ),
        ];
        await using var gateway = await TestGateway.StartAsync(nodes);
        var tokens = "abc".Select(name => gateway.Host.Tokens.Make($"{name}", null, TokenLimits.None).Text).ToList();
        var many = new List<Guid>();
        for (var n = 0; n < 40; n++)
            many.Add(await gateway.SubmitAsync(files: 1, token: tokens[0]));
        await gateway.UntilAsync(() => gateway.Host.Tasks.Live.Held().Count == 4);
        // Told of the first four may still come.
        var first = gateway
            .Host.Tasks.Live.All()
            .Where(task => task.Phase is not TaskPhase.Queued)
            .Select(task => task.Id)
            .ToHashSet();
        var placed = new List<Guid>();
        gateway.Host.Tasks.Happened += events =>
            placed.AddRange(
                events
                    .Where(happened => happened.Kind == "placed")
                    .Select(happened => happened.Task!.Value)
                    .Where(task => !first.Contains(task))
            );
        var (b, c) = (
            await gateway.SubmitAsync(files: 1, token: tokens[1]),
            await gateway.SubmitAsync(files: 1, token: tokens[2])
        );
        foreach (var node in nodes)
            node.Takes = TimeSpan.FromMilliseconds(250);
        foreach (var task in many)
            await gateway.UntilAsync(task, TaskCode.Completed, tokens[0]);
        await gateway.UntilAsync(b, TaskCode.Completed, tokens[1]);
        await gateway.UntilAsync(c, TaskCode.Completed, tokens[2]);

        // All four slots may become free at once, and are told of in any order then.
        Assert.True(
            placed.IndexOf(b) <= 3 && placed.IndexOf(c) <= 3,
            $"B was placed as number {placed.IndexOf(b)}, C as {placed.IndexOf(c)}"
        );
        Assert.All(nodes, node => Assert.Equal(0, node.Overbooked));
        Assert.Equal(42, nodes.Sum(node => node.Tasks.Count));
        Assert.All(nodes, node => Assert.InRange(node.Tasks.Count, 4, 20));
        foreach (var node in nodes)
            await node.DisposeAsync();
    }
}
