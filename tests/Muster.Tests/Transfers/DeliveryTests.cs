using Muster.Hosts;
using Muster.Shell;
using Muster.Snapshots;

namespace Muster.Transfers;

public sealed class DeliveryTests
{
    [Fact]
    public async Task A_snapshot_arrives_as_it_was_taken_and_the_last_word_is_run()
    {
        using var repository = new TestRepository();
        repository.Write("lib/util.py", "x = 2\n");
        repository.Write("new file", "untracked");
        var snapshot = await repository.TakeAsync();
        var root = Path.Combine(repository.Beside, "site");
        var store = new SiteStore(new LocalHost(), root, "here", repository.Cache);

        var report = await store.DeliverAsync(
            new("run-1", [new("code", snapshot!.Items, AreaMode.Auto)], [new("run.json", "{}"u8.ToArray())], ShellText.Of($"cat runs/run-1/code/lib/util.py")),
            null, TestContext.Current.CancellationToken);

        Assert.Equal((0, "x = 2\n", ""), (report.ExitCode, report.Output, report.Said));
        Assert.Equal(3, report.FilesSent);
        Assert.Equal("untracked", File.ReadAllText(Path.Combine(root, "runs/run-1/code/new file")));
        Assert.True(File.Exists(Path.Combine(root, "runs/run-1/status/staged")));
        Assert.Empty(Directory.GetFileSystemEntries(Path.Combine(root, "incoming")));
    }
}
