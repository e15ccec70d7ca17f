using System.Globalization;
using Muster.Cli.Terminal;
using Muster.Faults;
using Muster.Runs.Submit;
using Muster.Sites.Schedulers.Slurm;
using Muster.Snapshots;

namespace Muster.Cli.Personas;

/// <summary>cluster_tools' `submit`: one line in front of a command, from the laptop to SLURM and back.</summary>
internal static class SubmitPersona
{
    public static async Task<int> RunAsync(IReadOnlyList<string> arguments, App app, CancellationToken ct)
    {
        var words = SubmitWords.Read(arguments);
        if (words.Help)
        {
            app.Screen.Data("submit -c=FILE [-n NAME] [-b BRANCH] [--sbatch_json JSON] [--no-tensorboard] [--raw] [--pip] [--detach] COMMAND …\n\nRuns COMMAND on the cluster that FILE describes, with the code of this repository.");
            return 0;
        }
        if (!File.Exists(words.Config)) throw new UserException($"there is no file {words.Config}", "Name the cluster's config: -c=cedar.json.") { ExitCode = ExitCodes.Usage };
        var folder = Directory.GetCurrentDirectory();
        var site = app.GetSite(words.Config);
        if (words.Pip) site = site with { Setup = [.. site.Setup, "[ ! -f \"$MUSTER_RUN_DIR\"/code/requirements.txt ] || pip install -r \"$MUSTER_RUN_DIR\"/code/requirements.txt --upgrade"] };
        var request = new SubmitRequest
        {
            Command = words.Command,
            WorkingFolder = folder,
            Name = words.Name,
            RawLine = words.Raw,
            TensorBoard = words.TensorBoard ? "./" : null,
            OldNames = true,
            FolderOptions = SbatchJson.Find(folder).With(SbatchJson.Parse(words.SbatchJson, "--sbatch_json")),
        };
        var (plan, environment) = new RunPlanner(app.Store, app.Clock, Environment.GetEnvironmentVariable).Plan(request, site);
        if (plan.BatchLines.Count > 0)
        {
            app.Screen.Note("script", "");
            app.Screen.Say(RunFiles.Batch(plan) + RunFiles.Job(plan));
        }
        return await SubmitCommand.SubmitAsync(app, plan, environment, words.Detach, fetch: false, app.Config.OnInterrupt, ct, snapshot => KeepBranch(app, snapshot, words.Branch));
    }

    /// <summary>Dirty work is kept under the branch name that users look for. Only a ref is written.</summary>
    private static void KeepBranch(App app, Snapshot snapshot, string? wanted)
    {
        if (snapshot.Commit is null || (!snapshot.Dirty && wanted is null)) return;
        var branch = wanted ?? snapshot.Branch ?? "detached";
        var name = snapshot.Dirty ? $"{branch}.dirty/{app.Clock.GetLocalNow().ToString("yyyyMMdd.HHmmss", CultureInfo.InvariantCulture)}" : branch;
        if (GitSnapshot.Keep(snapshot, name)) app.Screen.Note("branch", name);
        else app.Screen.Note("note", $"the branch {name} could not be made; the snapshot is {snapshot.Commit[..10]}", Tint.Yellow);
    }
}
