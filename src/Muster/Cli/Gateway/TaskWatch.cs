using Muster.Cli.Context;
using Muster.Cli.Terminal;
using Muster.Faults;
using Muster.Gateway.Admin;

namespace Muster.Cli.Gateway;

/// <summary>Stays with one task of a gateway until it ends.</summary>
internal static class TaskWatch
{
    /// <returns>Done when it was completed.</returns>
    public static async Task<int> UntilEndAsync(
        App app,
        AdminClient door,
        TaskEntry task,
        TimeSpan look,
        CancellationToken ct
    )
    {
        for (var told = 0L; ; await Task.Delay(look, app.Clock, ct))
        {
            task = (await door.GetAsync($"tasks/{task.Id}", AdminJson.Plain.TaskPage, ct, "It was removed.")).Tasks[0];
            foreach (
                var happened in (
                    await door.GetAsync($"tasks/{task.Id}/decisions", AdminJson.Plain.EventList, ct)
                ).Events.Where(happened => happened.Number > told)
            )
            {
                TaskText.Tell(app, happened);
                told = happened.Number;
            }
            if (task.Phase == "ended")
                break;
            app.Screen.Passing($"{task.Phase} {task.Progress:0} %{(task.Node is { } node ? $" on {node}" : "")}");
        }
        app.Screen.Note(task.State, task.Error ?? task.Name, task.State == "completed" ? Tint.Green : Tint.Red);
        return task.State == "completed" ? ExitCodes.Done : ExitCodes.Fault;
    }
}
