using Muster.Hosts;
using Muster.Shell;
using Muster.Sites.Schedulers.Slurm;

namespace Muster.Sites.Schedulers;

public sealed class SchedulerDeskTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("muster-desk-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task Other_questions_count_and_are_refused_once_the_minute_is_spent()
    {
        var ct = TestContext.Current.CancellationToken;
        SchedulerDesk Desk() => new(new LocalHost(), new SlurmScheduler(TimeProvider.System), Path.Combine(_folder.FullName, "site.queue"), TimeProvider.System);
        await Desk().NoteAsync(3, ct);
        Assert.Equal("hi\n", (await Desk().AskOtherAsync(ShellText.Of($"echo hi"), commands: 2, ct))?.Output);
        Assert.Null(await Desk().AskOtherAsync(ShellText.Of($"echo hi"), commands: 2, ct));
        Assert.Equal(5, await Desk().SpentAsync(ct));
    }
}
