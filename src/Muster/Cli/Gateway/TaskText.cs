using System.Text.Json;
using System.Text.Json.Serialization;
using Muster.Cli.Context;
using Muster.Cli.Terminal;
using Muster.Gateway.Admin;
using Muster.Gateway.Model;
using Muster.Shell;

namespace Muster.Cli.Gateway;

/// <summary>A gateway's tasks and events in words for people.</summary>
internal static class TaskText
{
    public static string Short(Guid id) => id.ToString()[..8];

    public static void Show(App app, IReadOnlyList<TaskEntry> tasks)
    {
        if (app.Json)
            app.Screen.Data(JsonSerializer.Serialize(new TaskPage(1, tasks, null), AdminJson.Plain.TaskPage));
        else if (app.Screen.Quiet)
            foreach (var task in tasks)
                app.Screen.Data(task.Id.ToString());
        else
        {
            var now = app.Clock.GetUtcNow();
            var rows = tasks
                .Select(task =>
                    (IReadOnlyList<string>)
                        [
                            Short(task.Id),
                            task.Name,
                            Who(task),
                            task.State,
                            $"{task.Progress:0} %",
                            $"{task.Images}",
                            task.Node ?? "-",
                            Words.Duration(now - task.Created),
                            What(task),
                        ]
                )
                .ToList();
            app.Screen.Table(["ID", "NAME", "OWNER", "STATE", "DONE", "IMAGES", "NODE", "AGE", "WHAT"], rows);
            if (rows.Count == 0)
                app.Screen.Note("none", "no matching tasks");
        }
    }

    public static void Show(App app, QueueList list)
    {
        if (app.Json)
            app.Screen.Data(JsonSerializer.Serialize(list, AdminJson.Plain.QueueList));
        else if (app.Screen.Quiet)
            foreach (var entry in list.Queue)
                app.Screen.Data(entry.Id.ToString());
        else
        {
            var now = app.Clock.GetUtcNow();
            var rows = list
                .Queue.Select(entry =>
                    (IReadOnlyList<string>)
                        [
                            $"{entry.Position}",
                            Short(entry.Id),
                            entry.Name,
                            $"{entry.Images}",
                            Words.Duration(now - entry.Since),
                            entry.Why,
                        ]
                )
                .ToList();
            app.Screen.Table(["", "ID", "NAME", "IMAGES", "WAITS", "WHY"], rows);
            if (rows.Count == 0)
                app.Screen.Note("none", "nobody waits");
        }
    }

    public static void Show(Screen screen, TaskEntry task, IReadOnlyList<GatewayEvent> story, QueueEntry? waits)
    {
        screen.Field("id", task.Id.ToString());
        screen.Field("name", task.Name);
        screen.Field("owner", Who(task));
        screen.Field(
            "state",
            task.State == task.Phase || task.Phase == "ended" ? task.State : $"{task.State} ({task.Phase})"
        );
        screen.Field("waits", waits is null ? null : $"position {waits.Position}: {waits.Why}");
        screen.Field("node", task.Node);
        screen.Field("part of", task.Parent?.ToString());
        screen.Field("created", $"{task.Created.ToLocalTime():yyyy-MM-dd HH:mm:ss}");
        screen.Field("ended", task.Ended is { } end ? $"{end.ToLocalTime():yyyy-MM-dd HH:mm:ss}" : null);
        screen.Field("took", task.ProcessingTime is { } time ? Words.Duration(TimeSpan.FromMilliseconds(time)) : null);
        screen.Field("images", $"{task.Images} ({Words.Count(task.Files, "file")}, {Words.Size(task.Bytes)})");
        screen.Field("done", $"{task.Progress:0} %");
        screen.Field("archive", task.ResultBytes is { } bytes ? Words.Size(bytes) : null);
        screen.Field("error", task.Error);
        foreach (var happened in story)
            screen.Field(happened.Kind, $"{happened.At.ToLocalTime():HH:mm:ss} {happened.Text}");
    }

    /// <summary>An event, as a line.</summary>
    public static void Tell(App app, GatewayEvent happened) =>
        app.Screen.Data(
            app.Json
                ? JsonSerializer.Serialize(happened, AdminJson.Plain.GatewayEvent)
                : $"{happened.At.ToLocalTime():HH:mm:ss} {happened.Kind, -10} "
                    + $"{(happened.Task is { } task ? $"{Short(task)} " : "")}{SafeText.OneLine(happened.Text)}"
        );

    private static string Who(TaskEntry task) => task.Owner.Length == 0 ? "-" : task.OwnerName ?? task.Owner;

    private static string What(TaskEntry task) =>
        task.Error ?? (task.Phase == "ended" || task.Phase == task.State ? "" : task.Phase);
}

/// <summary>A task with its story.</summary>
internal sealed record TaskStoryView(int Schema, TaskEntry Task, IReadOnlyList<GatewayEvent> Events, QueueEntry? Waits);

/// <summary>A line of a task's output.</summary>
internal sealed record TaskLineView(int Schema, int Line, string Text);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull
)]
[JsonSerializable(typeof(TaskStoryView))]
[JsonSerializable(typeof(TaskLineView))]
[JsonSerializable(typeof(DiagnosisView))]
internal sealed partial class TaskJson : JsonSerializerContext
{
    public static TaskJson Plain { get; } =
        new(new JsonSerializerOptions(AdminJson.Plain.Options) { TypeInfoResolver = null });
}
