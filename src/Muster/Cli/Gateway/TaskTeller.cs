using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Muster.Cli.Context;
using Muster.Cli.Terminal;
using Muster.NodeOdm;
using Muster.NodeOdm.HandIn;

namespace Muster.Cli.Gateway;

/// <summary>
/// Shows how a task is handed in and how it goes: notes and its output to people, a line of JSON for each event to
/// programs.
/// </summary>
internal sealed class TaskTeller(Screen screen, bool json)
{
    private string _state = "";

    public void Begin(string name, SourceFiles source, string server)
    {
        if (json)
            return;
        screen.Note(
            "task",
            $"{name}: {Words.Count(source.Files.Count, "file")}, {Words.Size(source.Bytes)}, to {server}"
        );
        if (source.LeftOut.Count > 0)
            screen.Note(
                "left out",
                $"{Words.Count(source.LeftOut.Count, "file")} not used by reconstructions, such as "
                    + $"{Path.GetFileName(source.LeftOut[0])}"
            );
    }

    public void Tell(HandInEvent happening)
    {
        switch (happening)
        {
            case HandInEvent.Begun(var task, var there):
                Stream(new(1, "begun") { Task = task, FilesThere = there });
                if (!json && there > 0)
                    screen.Note("again", $"{task} resumes; {Words.Count(there, "file")} already there");
                break;
            case HandInEvent.Sending(var files, var allFiles, var bytes, var allBytes):
                if (!json)
                    screen.Passing(
                        $"sending     {files}/{allFiles} files, {Words.Size(bytes)} of {Words.Size(allBytes)}"
                    );
                break;
            case HandInEvent.Committed(var task, var files, var bytes, var took):
                Stream(
                    new(1, "committed")
                    {
                        Task = task,
                        Files = files,
                        Bytes = bytes,
                        Seconds = took.TotalSeconds,
                    }
                );
                if (!json)
                    screen.Note("handed in", $"{task}, in {Words.Duration(took)}", Tint.Green);
                break;
            case HandInEvent.Output(var lines):
                foreach (var line in lines)
                {
                    Stream(new(1, "output") { Text = line });
                    if (!json && !screen.Quiet)
                        screen.Data(line);
                }
                break;
            case HandInEvent.Changed(var info):
                ShowState(info);
                break;
            case HandInEvent.Fetching(var bytes, var all):
                if (!json)
                    screen.Passing(
                        $"fetching    {Words.Size(bytes)}{(all is { } size ? $" of {Words.Size(size)}" : "")}"
                    );
                break;
            case HandInEvent.ContactLost(var why):
                Stream(new(1, "contact-lost") { Text = why });
                if (!json)
                    screen.Note("unreachable", $"{why}; trying again", Tint.Yellow);
                break;
            case HandInEvent.ContactBack(var after):
                Stream(new(1, "contact-back") { Seconds = after.TotalSeconds });
                if (!json)
                    screen.Note("back", $"after {Words.Duration(after)}", Tint.Green);
                break;
            case HandInEvent.Warning(var text):
                Stream(new(1, "note") { Text = text });
                if (!json)
                    screen.Note("note", text, Tint.Yellow);
                break;
        }
    }

    public void Fetched(string task, string folder, ResultReport report)
    {
        Stream(
            new(1, "fetched")
            {
                Task = task,
                Folder = folder,
                Files = report.Files,
                Bytes = report.Bytes,
                FilesThere = report.FilesHere,
                Kept = report.Kept,
            }
        );
        if (json)
            return;
        foreach (var kept in report.Kept)
            screen.Note("note", $"kept your {kept}; saved the task's as {kept}.new", Tint.Yellow);
        screen.Note(
            "fetched",
            $"{Words.Count(report.Files, "file")}, {Words.Size(report.Bytes)} to "
                + $"{Path.GetRelativePath(Directory.GetCurrentDirectory(), folder)}"
                + $"{(report.FilesHere > 0 ? $"; {Words.Count(report.FilesHere, "file")} already here" : "")}",
            Tint.Green
        );
    }

    private void ShowState(TaskInfo info)
    {
        var word = info.Status.Code.ToString().ToLowerInvariant();
        var progress = info.Progress.ToString("0.#", CultureInfo.InvariantCulture);
        if (!json && info.Status.Code == TaskCode.Running)
            screen.Passing($"running     {progress} %");
        if (_state == word + (json ? progress : ""))
            return;
        _state = word + (json ? progress : "");
        Stream(
            new(1, "state")
            {
                Task = info.Uuid,
                State = word,
                Progress = info.Progress,
                Text = info.Status.ErrorMessage,
            }
        );
        if (json)
            return;
        screen.Note(
            word,
            info.Status.ErrorMessage ?? "",
            info.Status.Code switch
            {
                TaskCode.Completed => Tint.Green,
                TaskCode.Failed => Tint.Red,
                TaskCode.Canceled => Tint.Yellow,
                _ => Tint.None,
            }
        );
    }

    private void Stream(TaskEventView line)
    {
        if (json)
            screen.Data(JsonSerializer.Serialize(line, TaskEventJson.Plain.TaskEventView));
    }
}

/// <summary>One line of `tasks submit --json`.</summary>
public sealed record TaskEventView(int Schema, string Event)
{
    public string? Task { get; init; }
    public string? State { get; init; }
    public double? Progress { get; init; }
    public string? Text { get; init; }
    public int? Files { get; init; }
    public int? FilesThere { get; init; }
    public long? Bytes { get; init; }
    public double? Seconds { get; init; }
    public string? Folder { get; init; }
    public IReadOnlyList<string>? Kept { get; init; }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull
)]
[JsonSerializable(typeof(TaskEventView))]
internal sealed partial class TaskEventJson : JsonSerializerContext
{
    public static TaskEventJson Plain { get; } = new(AnswerJson.Readable());
}
