using System.CommandLine;
using System.Text.Json;
using Muster.Cli.Terminal;
using Muster.Runs;

namespace Muster.Cli.Runs;

internal static class ShowCommand
{
    public static Command Create()
    {
        var selector = AttachCommand.RunArgument();
        var evidence = new Option<bool>("--evidence") { Description = "Print what proves how it ended, or that it has not." };
        var cached = new Option<bool>("--cached") { Description = "Show what is known here; ask no site." };
        var command = new Command("show", "Everything about one run.") { selector, evidence, cached };
        command.SetAction(async (parsed, ct) =>
        {
            var app = MusterCommand.Current.App();
            var run = RunSelector.Get(app.Store, parsed.GetValue(selector)!);
            if (!parsed.GetValue(cached)) run = (await app.Keeper.RefreshAsync([run], TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(10), ct)).Single();
            if (app.Json) app.Screen.Data(JsonSerializer.Serialize(RunView.Of(run), CliJson.Plain.RunView));
            else if (parsed.GetValue(evidence)) await EvidenceAsync(app, run, ct);
            else Show(app, run);
            return 0;
        });
        return command;
    }

    private static void Show(App app, Run run)
    {
        var (word, text, _) = RunText.Describe(run, app.Clock.GetUtcNow());
        void Line(string what, string? value)
        {
            if (value is { Length: > 0 }) app.Screen.Data($"{what,-12} {value}");
        }
        Line("id", run.Id.ToString());
        Line("name", run.Plan.Name);
        Line("site", RunText.Place(run));
        Line("command", Words.Command(run.Plan.Command));
        foreach (var role in run.Plan.Roles) Line("role", $"{role.Name}: {Words.Count(role.Size, "rank")}{(role.Hosts.Count > 0 ? $" on {string.Join(", ", role.Hosts)}" : "")}{(role.Lines.Count > 0 ? $": {string.Join(" / ", role.Lines)}" : "")}");
        Line("launch", run.Plan.Launch);
        Line("container", run.Plan.Container);
        foreach (var image in run.Plan.Images) Line("image", $"{(run.Plan.Images.Count > 1 ? $"{image.Host}: " : "")}{image.Digest ?? image.Image}{(image.Runtime.Length > 0 ? $" by {image.Runtime}" : "")}");
        Line("folder", run.Plan.Folder);
        Line("state", $"{word} {text}".Trim());
        Line("job", RunKeeper.HandleOf(run));
        Line("contact", run.UnreachableSince is { } since ? $"unreachable since {since.ToLocalTime():yyyy-MM-dd HH:mm:ss}" : run.SeenAt is { } seen ? $"seen {seen.ToLocalTime():yyyy-MM-dd HH:mm:ss}" : null);
        Line("submitted", run.Created.ToLocalTime().ToString("yyyy-MM-dd HH:mm:ss"));
        Line("snapshot", run.Plan.Commit is { } commit ? $"{commit} ({run.Plan.Branch})" : null);
        foreach (var input in run.Plan.Inputs) Line("input", $"{input.Name} from {input.Path}");
        foreach (var output in run.Plan.Outputs) Line("output", output);
        if (run.Plan.EnvironmentNames.Count > 0) Line("environment", string.Join(' ', run.Plan.EnvironmentNames));
        foreach (var line in run.Plan.BatchLines) Line("sbatch", line["#SBATCH ".Length..]);
        foreach (var port in run.Ports) Line("port", $"{port.Name}: {port.Host}:{port.Port}");
        foreach (var note in run.Notes) Line("note", note);
        Line("results", run.FetchedTo);
    }

    private static async Task EvidenceAsync(App app, Run run, CancellationToken ct)
    {
        if (run.State is RunState.Ended end) app.Screen.Data($"{run.Plan.Name} {end.Word}: {end.Evidence.Source} says: {end.Evidence.Text}");
        else app.Screen.Data($"{run.Plan.Name} has not ended, as far as is known: {RunText.Describe(run, app.Clock.GetUtcNow()).Text}");
        var site = app.OpenSite(run.Plan.Site);
        var facts = await new RunPlaces(site, run.Plan).LookAsync(TimeSpan.FromSeconds(10), ct);
        foreach (var record in (facts?.Records.Values ?? []).OrderBy(record => record.Time).ThenBy(record => Course(record.Name)).ThenBy(record => record.Name, StringComparer.Ordinal))
        {
            app.Screen.Data($"{record.Name}: {string.Join(' ', record.Values.Select(pair => pair.Key == "time" && record.Time is { } time ? $"time={time:O}" : $"{pair.Key}={pair.Value}"))}");
        }
    }

    /// <summary>Records of one second stand in the order in which a run writes them.</summary>
    private static int Course(string record) => record switch
    {
        "staged" => 0,
        "launched" => 1,
        "ended" => 4,
        _ when record.EndsWith(".exit", StringComparison.Ordinal) => 3,
        _ => 2,
    };
}
