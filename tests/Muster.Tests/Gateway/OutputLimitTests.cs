using Muster.NodeOdm;

namespace Muster.Gateway;

/// <summary>A node whose task talks without end.</summary>
public sealed class OutputLimitTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Whoever_reads_the_output_is_told_once_that_the_rest_is_not_kept()
    {
        await using var node = await ScriptedNode.StartAsync(new() { Takes = TimeSpan.FromMinutes(5) });
        await using var gateway = await TestGateway.StartAsync(
            options => options with { Limits = options.Limits with { OutputLines = 40 } },
            node
        );
        var id = await gateway.SubmitAsync();
        await gateway.UntilAsync(() => node.Tasks.Values.Any(task => task.Code == TaskCode.Running));
        var work = node.Tasks.Values.Single();

        await SayAsync(gateway, id, work, "early", until: 20);
        await SayAsync(gateway, id, work, "last", until: 40);
        work.Output.Add("too late");
        work.Code = TaskCode.Completed;
        await gateway.UntilAsync(id, TaskCode.Completed);

        var lines = (await gateway.Http.GetStringAsync($"task/{id}/output", Ct)).Split(',');
        Assert.Single(lines, line => line.Contains("more of it is not kept", StringComparison.Ordinal));
        Assert.DoesNotContain(lines, line => line.Contains("too late", StringComparison.Ordinal));
    }

    private static async Task SayAsync(TestGateway gateway, Guid id, ScriptedNode.Work work, string line, int until)
    {
        work.Output.AddRange(Enumerable.Repeat(line, 20));
        await gateway.UntilAsync(() => gateway.TaskOf(id).Lines >= until);
    }
}
