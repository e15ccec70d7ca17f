using System.CommandLine;
using System.Text.Json;
using Muster.Cli.Terminal;
using Muster.Faults;
using Muster.Gateway.Admin;

namespace Muster.Cli.Gateway;

/// <summary>The tasks of a gateway, for those who run it.</summary>
internal static class TasksCommand
{
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);

    public static Command Create()
    {
        var command = new Command(
            "tasks",
            """
            The tasks of a gateway: hand photos in; list, show, watch, cancel, remove and restart them.

              muster tasks submit photos/
              muster tasks list --state queued,running
              muster tasks show last
              muster tasks logs 3fa8 -f
            """
        );
        foreach (
            var sub in (Command[])
                [
                    TasksSubmitCommand.Create(),
                    List(),
                    Queue(),
                    Show(),
                    Why(),
                    Logs(),
                    Watch(),
                    Act("cancel", "Cancel tasks.", HttpMethod.Post, "/cancel", "cancelled"),
                    Act("restart", "Restart finished tasks.", HttpMethod.Post, "/restart", "restarted"),
                    Act(
                        "remove",
                        "Cancel tasks and delete them, including their files and results.",
                        HttpMethod.Delete,
                        "",
                        "removed"
                    ),
                ]
        )
            command.Add(sub);
        return command;
    }

    private static Command List()
    {
        var state = new Option<string?>("--state")
        {
            Description = "Filter by state: queued, running, completed, failed, cancelled (comma-separated).",
            HelpName = "STATE",
        };
        var name = new Option<string?>("--name") { Description = "Filter by name (substring).", HelpName = "TEXT" };
        var node = new Option<string?>("--node") { Description = "Filter by node (host:port).", HelpName = "NODE" };
        var owner = new Option<string?>("--owner")
        {
            Description = "Filter by token (ID or name).",
            HelpName = "TOKEN",
        };
        var limit = new Option<int>("--limit")
        {
            Description = "Maximum number of tasks.",
            HelpName = "N",
            DefaultValueFactory = _ => 50,
        };
        var command = AdminClient.Command(
            "list",
            "List tasks, newest first.",
            [state, name, node, owner, limit],
            async (app, door, parsed, ct) =>
            {
                if (parsed.GetValue(limit) < 1)
                    throw UserException.Misuse($"--limit is {parsed.GetValue(limit)}", "Use a number of at least 1.");
                (string Key, string? Value)[] filters =
                [
                    ("state", parsed.GetValue(state)),
                    ("name", parsed.GetValue(name)),
                    ("node", parsed.GetValue(node)),
                    ("owner", parsed.GetValue(owner)),
                ];
                var query = string.Concat(
                    filters
                        .Where(filter => filter.Value is not null)
                        .Select(filter => $"&{filter.Key}={Uri.EscapeDataString(filter.Value!)}")
                );
                TaskText.Show(app, await TaskPages.ReadAsync(door, query, parsed.GetValue(limit), ct));
                return ExitCodes.Done;
            }
        );
        command.Aliases.Add("ls");
        return command;
    }

    private static Command Queue() =>
        AdminClient.Command(
            "queue",
            "Show the queue: which tasks are waiting, in which order, and why.",
            [],
            async (app, door, _, ct) =>
            {
                var list = await door.GetAsync("queue", AdminJson.Plain.QueueList, ct);
                TaskText.Show(app, list);
                return ExitCodes.Done;
            }
        );

    private static Command Show()
    {
        var which = Which();
        return AdminClient.Command(
            "show",
            "Show the details and history of a task.",
            [which],
            async (app, door, parsed, ct) =>
            {
                var task = await TaskPages.FindAsync(door, parsed.GetValue(which)!, ct);
                var story = (await door.GetAsync($"tasks/{task.Id}/decisions", AdminJson.Plain.EventList, ct)).Events;
                var waits =
                    task.Phase == "queued"
                        ? (
                            await door.GetAsync("queue?limit=10000", AdminJson.Plain.QueueList, ct)
                        ).Queue.FirstOrDefault(entry => entry.Id == task.Id)
                        : null;
                if (app.Json)
                    app.Screen.Data(
                        JsonSerializer.Serialize(new TaskStoryView(1, task, story, waits), TaskJson.Plain.TaskStoryView)
                    );
                else
                    TaskText.Show(app.Screen, task, story, waits);
                return ExitCodes.Done;
            }
        );
    }

    private static Command Why()
    {
        var which = Which();
        return AdminClient.Command(
            "why",
            "Show what a task waits for, or how it came to be where it is.",
            [which],
            async (app, door, parsed, ct) =>
            {
                var task = await TaskPages.FindAsync(door, parsed.GetValue(which)!, ct);
                var why = await door.GetAsync($"tasks/{task.Id}/why", AdminJson.Plain.TaskWhy, ct);
                if (app.Json)
                {
                    app.Screen.Data(JsonSerializer.Serialize(why, AdminJson.Plain.TaskWhy));
                    return ExitCodes.Done;
                }
                app.Screen.Field(why.State, why.Position is { } place ? $"position {place}: {why.Why}" : why.Why);
                foreach (var happened in why.Events)
                    app.Screen.Field(happened.Kind, $"{happened.At.ToLocalTime():HH:mm:ss} {happened.Text}");
                return ExitCodes.Done;
            }
        );
    }

    private static Command Logs()
    {
        var which = Which();
        var follow = new Option<bool>("--follow", "-f") { Description = "Keep following until the task ends." };
        var from = new Option<int>("--line")
        {
            Description = "Start at this line; a negative number counts from the end.",
            HelpName = "N",
        };
        return AdminClient.Command(
            "logs",
            "Print a task's output.",
            [which, follow, from],
            async (app, door, parsed, ct) =>
            {
                var task = await TaskPages.FindAsync(door, parsed.GetValue(which)!, ct);
                for (var next = parsed.GetValue(from); ; )
                {
                    var page = await door.GetAsync(
                        $"tasks/{task.Id}/output?line={next}",
                        AdminJson.Plain.OutputPage,
                        ct
                    );
                    var number = page.Next - page.Lines.Count;
                    foreach (var line in page.Lines)
                        app.Screen.Data(
                            app.Json
                                ? JsonSerializer.Serialize(
                                    new TaskLineView(1, number++, line),
                                    TaskJson.Plain.TaskLineView
                                )
                                : line
                        );
                    next = page.Next;
                    if (page.Lines.Count > 0)
                        continue;
                    if (page.Ended || !parsed.GetValue(follow))
                        return ExitCodes.Done;
                    await Task.Delay(Look, app.Clock, ct);
                }
            }
        );
    }

    private static Command Watch()
    {
        var which = new Argument<string?>("TASK")
        {
            Description = "Watch one task until it ends; exits with its result.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        return AdminClient.Command(
            "watch",
            "Watch events of the gateway as they happen.",
            [which],
            async (app, door, parsed, ct) =>
            {
                if (parsed.GetValue(which) is { } text)
                    return await TaskWatch.UntilEndAsync(
                        app,
                        door,
                        await TaskPages.FindAsync(door, text, ct),
                        Look,
                        ct
                    );
                await foreach (var happened in door.EventsAsync(ct))
                    TaskText.Tell(app, happened);
                return ExitCodes.Done;
            }
        );
    }

    private static Command Act(string name, string description, HttpMethod method, string action, string done)
    {
        var which = new Argument<string[]>("TASK") { Description = WhichText, Arity = ArgumentArity.OneOrMore };
        return AdminClient.Command(
            name,
            description,
            [which],
            async (app, door, parsed, ct) =>
            {
                var changed = new List<TaskEntry>();
                foreach (var text in parsed.GetValue(which)!)
                {
                    var task = await TaskPages.FindAsync(door, text, ct);
                    if (method == HttpMethod.Delete)
                        await door.AskAsync(method, $"tasks/{task.Id}", AdminJson.Plain.Done, ct, TaskPages.Fix);
                    else
                        task = (
                            await door.AskAsync(
                                method,
                                $"tasks/{task.Id}{action}",
                                AdminJson.Plain.TaskPage,
                                ct,
                                TaskPages.Fix
                            )
                        ).Tasks[0];
                    changed.Add(task);
                    app.Screen.Note(done, $"{TaskText.Short(task.Id)} {task.Name}", Tint.Green);
                }
                if (app.Json)
                    app.Screen.Data(JsonSerializer.Serialize(new TaskPage(1, changed, null), AdminJson.Plain.TaskPage));
                return ExitCodes.Done;
            }
        );
    }

    private const string WhichText = "Task: `last`, a name, or an ID prefix.";

    private static Argument<string> Which() => new("TASK") { Description = WhichText };
}
