using Muster.Shell;

namespace Muster.Sites.Schedulers.Processes;

/// <summary>
/// Runs as plain processes of a host: they start at once, and their own records say all there is to know.
/// </summary>
public sealed class ProcessScheduler : IScheduler
{
    public string LauncherScript => ShellScripts.Read("Sites/Schedulers/Processes/scheduler.sh");

    public ShellText? Question(IReadOnlyCollection<string> handles) => null;

    public int MostCommands => 0;

    public SchedulerAnswer Read(string answer, IReadOnlyCollection<string> handles) =>
        new(new Dictionary<string, SchedulerWord>(), null, 0);
}
