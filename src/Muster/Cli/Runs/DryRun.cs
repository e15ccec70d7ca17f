using System.Text.Json;
using Muster.Cli.Context;
using Muster.Cli.Terminal;
using Muster.Runs;
using Muster.Runs.Notices;
using Muster.Runs.Submit;
using Muster.Snapshots;

namespace Muster.Cli.Runs;

/// <summary>Shows a plan and what would be sent for it. Nothing is done, and no value of a variable is shown.</summary>
internal static class DryRun
{
    private const int Shown = 10;

    public static async Task<int> ShowAsync(App app, RunPlan plan, bool scripts, CancellationToken ct)
    {
        plan = HostNotice.Planned(plan, app.Config.Notify);
        var code = plan.Snapshot ? await SentFiles.OfCodeAsync(plan.WorkingFolder, ct) : null;
        var inputs = plan
            .Inputs.Select(input =>
                (Input: input, Files: input.OnSite ? null : SentFiles.Of(Submission.ItemsOf(input, ct)))
            )
            .ToList();
        if (app.Json)
        {
            var all = JsonSerializer.SerializeToNode(plan, RunJson.Default.RunPlan)!.AsObject();
            all["sends"] = JsonSerializer.SerializeToNode(
                new SendsView(
                    code is null ? null : FilesView.Of(code),
                    [
                        .. inputs.Select(one => new InputView(
                            one.Input.Name,
                            one.Input.Path,
                            one.Files is { } files ? FilesView.Of(files) : null
                        )),
                    ]
                ),
                RunAnswers.Plain.SendsView
            );
            app.Screen.Data(all.ToJsonString(RunAnswers.Plain.Options));
            return 0;
        }
        app.Screen.Note("plan", "nothing is done");
        Show(app, plan);
        if (code is not null)
            Show(app, "code", plan.WorkingFolder, code);
        foreach (var (input, files) in inputs)
            if (files is null)
                app.Screen.Field("input", $"{input.Name}: {plan.Site}:{input.Path}, linked and not sent");
            else
                Show(app, "input", $"{input.Name}: {input.Path}", files);
        if (scripts)
            ShowScripts(app, plan);
        else
            app.Screen.Note("scripts", "--scripts prints them as well");
        return 0;
    }

    private static void Show(App app, RunPlan plan)
    {
        app.Screen.Field("name", plan.Name);
        app.Screen.Field("site", plan.Site);
        app.Screen.Field(
            "host",
            plan.HostChoices.Count > 1 ? $"the first to be free of {string.Join(", ", plan.HostChoices)}"
                : plan.Hosts().Count > 1 ? string.Join(", ", plan.Hosts())
                : plan.Host
        );
        app.Screen.Field("command", plan.RawLine ? string.Join(' ', plan.Command) : Words.Command(plan.Command));
        foreach (var role in plan.Roles)
            app.Screen.Field(
                "role",
                string.Join("; ", [$"{role.Name}: {Words.Count(role.Size, "rank")}", .. role.Lines.Distinct()])
            );
        app.Screen.Field("launch", plan.Launch);
        app.Screen.Field("array", plan.Points.Count > 0 ? null : plan.Array?.Text);
        if (plan.Points is { Count: > 0 } points)
            app.Screen.Field(
                "sweep",
                $"{Words.Count(points.Count, "point")}: {points[0].Label()} … {points[^1].Label()}"
            );
        app.Screen.Field("resources", Resources(plan));
        app.Screen.Field(
            "environment",
            plan.EnvironmentNames.Count == 0 ? null : $"{string.Join(", ", plan.EnvironmentNames)} (values not shown)"
        );
        foreach (var line in plan.Setup)
            app.Screen.Field("setup", line);
        app.Screen.Field("container", plan.Container);
        app.Screen.Field("ports", string.Join(", ", plan.Ports.Select(port => $"{port.Name}{Number(port.Number)}")));
        app.Screen.Field("beside it", string.Join(", ", plan.Companions.Select(companion => companion.Name)));
        app.Screen.Field("after", string.Join(", ", plan.After.Select(after => NameOf(app, after.Id))));
        app.Screen.Field("tags", string.Join(", ", plan.Tags));
        app.Screen.Field(
            "notify",
            plan.HostTells.Count > 0 ? "when it ends, by its host"
                : plan.Notify ? "when it ends"
                : null
        );
        app.Screen.Field("outputs", string.Join(", ", (string[])["$MUSTER_OUT", .. plan.Outputs]));

        static string Number(int? number) => number is { } known ? $"={known}" : "";
    }

    private static string NameOf(App app, RunId id) => app.Store.Find(id)?.Plan.Name ?? id.ToString();

    private static string Resources(RunPlan plan) =>
        plan.HasScheduler
            ? string.Join(
                ' ',
                plan.BatchLines.Where(line => !line.StartsWith(RunPlan.JobNameLine, StringComparison.Ordinal))
                    .Select(line => line.Replace("#SBATCH ", "", StringComparison.Ordinal))
                    .Where(line => !line.Contains(plan.Id.ToString(), StringComparison.Ordinal))
            )
            : string.Join(
                ", ",
                new[]
                {
                    plan.Cpus is { } cpus ? Words.Count(cpus, "CPU") : null,
                    plan.Memory is { } memory ? $"{memory} MB of memory" : null,
                    plan.Gpus is { } gpus ? Words.Count(gpus, "GPU") : null,
                    plan.Time is { } time ? $"at most {Words.Duration(time)}" : null,
                    plan.Keep is { } keep ? $"its machine is kept for {Words.Duration(keep)}" : null,
                }.OfType<string>()
            );

    private static void Show(App app, string what, string from, SentFiles sent)
    {
        app.Screen.Field(what, $"{from}: {Words.Count(sent.Files.Count, "file")}, {Words.Size(sent.Bytes)}");
        app.Screen.Field(
            "  largest",
            string.Join(", ", sent.Largest(3).Select(file => $"{file.Path} ({Words.Size(file.Size)})"))
        );
        app.Screen.Field("  untracked", Names(sent.Untracked));
        if (Names(sent.Secrets) is { Length: > 0 } secrets)
            app.Screen.Note(
                "secrets?",
                $"{secrets}. To keep them here, name them in .gitignore or .musterignore",
                Tint.Yellow
            );
    }

    private static string Names(IEnumerable<SentFile> files)
    {
        var all = files.Select(file => file.Path).ToList();
        return string.Join(", ", all.Take(Shown)) + (all.Count > Shown ? $", and {all.Count - Shown} more" : "");
    }

    private static void ShowScripts(App app, RunPlan plan)
    {
        foreach (
            var file in RunFiles
                .For(plan, new Dictionary<string, string>())
                .Where(file =>
                    file.Name is "run.json" or "batch.sh" or "job" or "plan.sh" or "outputs"
                    || file.Name.StartsWith("companion.", StringComparison.Ordinal)
                )
        )
        {
            app.Screen.Data($"\n# {file.Name}");
            app.Screen.Data(file.Text.TrimEnd('\n'));
        }
    }
}

/// <summary>What `submit --dry-run --json` adds to the plan.</summary>
public sealed record SendsView(FilesView? Code, IReadOnlyList<InputView> Inputs);

/// <param name="Files">None where it is on the site already.</param>
public sealed record InputView(string Name, string Path, FilesView? Files);

/// <param name="Secrets">Whose names look like those of passwords or keys.</param>
public sealed record FilesView(
    int Count,
    long Bytes,
    IReadOnlyList<string> Untracked,
    IReadOnlyList<string> Secrets,
    IReadOnlyList<FileView> Files
)
{
    internal static FilesView Of(SentFiles sent) =>
        new(
            sent.Files.Count,
            sent.Bytes,
            [.. sent.Untracked.Select(file => file.Path)],
            [.. sent.Secrets.Select(file => file.Path)],
            [.. sent.Files.Select(file => new FileView(file.Path, file.Size))]
        );
}

public sealed record FileView(string Path, long Bytes);
