using Muster.Hosts;
using Muster.Shell;

namespace Muster.Runs.Explain;

public sealed class QueueScriptTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("muster-queue-");

    public void Dispose() => _folder.Delete(recursive: true);

    private async Task<Circumstances> AskAsync(string job, string squeue)
    {
        Command("squeue", squeue);
        Command("sinfo", string.Join('\u001f', "gpu*", "up", "10:00", "n/a", "0/2/0/2", "4", "4000", "(null)"));
        var script = ShellText.Script("Runs/Explain/queue.sh", [job, "unused"]);
        var answer = await new LocalHost().RunAsync(
            $"PATH={_folder.FullName}:$PATH\n{script}",
            TestContext.Current.CancellationToken
        );
        return Circumstances.Read("", answer.Output);
    }

    private void Command(string name, string output)
    {
        var path = Path.Combine(_folder.FullName, name);
        File.WriteAllText(path, $"#!/bin/sh\ncat <<'END'\n{output}\nEND\n");
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserExecute);
    }

    [Fact]
    public async Task Only_jobs_of_the_same_partition_are_before_it()
    {
        var around = await AskAsync(
            "12",
            "9|gpu|50|N/A|Priority\n10|cpu|40|N/A|Priority\n11|gpu|30|N/A|Resources\n12|gpu|20|2026-03-01T13:30:00|Priority\n13|gpu|10|N/A|Priority"
        );
        Assert.Equal(new QueuePlace("gpu", 20, 2, new(2026, 3, 1, 13, 30, 0, TimeSpan.Zero), "Priority"), around.Place);
        Assert.Equal(("gpu", 2), (around.Partition?.Name, around.Partition?.Nodes.Idle));
    }

    [Fact]
    public async Task A_job_that_does_not_wait_has_no_place()
    {
        var around = await AskAsync("99", "9|gpu|50|N/A|Priority");
        Assert.Null(around.Place);
        Assert.Equal("gpu", around.Partition?.Name);
    }
}
