using System.CommandLine;
using System.Text;
using System.Text.Json;
using Muster.Cli.Terminal;
using Muster.Faults;
using Muster.Runs;
using Muster.Runs.Follow;
using Muster.Runs.Forward;
using Muster.Runs.Submit;
using Muster.Sites;
using Muster.Sites.Schedulers;
using Muster.Snapshots;
using Muster.Transfers;

namespace Muster.Cli;

internal static class DemoCommand
{
    public static Command Create()
    {
        var command = new Command("demo", "See it work, on this machine alone: a job from its edited code to its results. It leaves nothing behind.");
        command.SetAction((_, ct) => new Demo(MusterCommand.Current.Screen, MusterCommand.Current.Json).RunAsync(ct));
        return command;
    }
}

/// <summary>Runs a small job in a temporary folder, with a state and a site of its own, and says at each step what was seen. What was not seen ends it.</summary>
internal sealed class Demo(Screen screen, bool json)
{
    private readonly TimeProvider _clock = TimeProvider.System;
    private readonly StringBuilder _log = new();
    private int _shown;
    private Task<string>? _page;

    public async Task<int> RunAsync(CancellationToken ct)
    {
        var began = _clock.GetTimestamp();
        var folder = Directory.CreateTempSubdirectory("muster-demo-").FullName;
        var stage = new Stage(folder, _clock);
        using var interrupts = new Interrupts();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        stop.CancelAfter(TimeSpan.FromMinutes(1));
        string? left = null;
        var playing = PlayAsync(stage, stop.Token);
        try
        {
            if (await Task.WhenAny(playing, interrupts.Next) != playing) await stop.CancelAsync();
            await playing;
        }
        catch (OperationCanceledException) when (!interrupts.Next.IsCompleted && !ct.IsCancellationRequested)
        {
            throw new UserException("the demo did not come to its end within a minute", "Try it once more on a quieter machine; if it stays so, please report it with the lines above.");
        }
        finally
        {
            left = await stage.ClearAsync();
            if (left is not null && !playing.IsCompletedSuccessfully) screen.Note("left", left, Tint.Yellow);
        }
        See("clean", left is null, left is null ? $"nothing runs any more, and {folder} is gone" : $"left behind: {left}");
        if (!json) Tell(Picture(_clock.GetElapsedTime(began)));
        return 0;
    }

    private async Task PlayAsync(Stage stage, CancellationToken ct)
    {
        Say("Muster's demo: one job on this machine, in a temporary folder. Your runs and your configuration are not touched.");

        Say($"\n1. A folder with a program. {(stage.Tree.IsGit ? "It is committed, has been edited since, and has a new file that git does not know." : "git is not installed here, so it is a plain folder.")}");
        await stage.Tree.MakeAsync(ct);
        var before = await stage.Tree.LookAsync(ct);
        if (stage.Tree.IsGit) Quote($"$ git status --short --branch\n{before.Status}");
        See("prepare", Directory.EnumerateFiles(stage.Tree.Folder).Count() == 2 && (!stage.Tree.IsGit || before.Status.Contains(" M survey.sh") && before.Status.Contains("?? note.txt")),
            "a program and a note are ready", quietly: true);

        Say("\n2. Submit: prefix the command with where it should run. What you have is what runs, committed or not.");
        Quote("$ muster submit -s local --port page -- ./survey.sh");
        Snapshot? snapshot = null;
        var run = await stage.SubmitAsync(happening => snapshot = (happening as SubmitEvent.Taken)?.Snapshot ?? snapshot, ct);
        See("submit", snapshot?.Items.Count(item => item.IsFile) == 2 && run.State is RunState.Launched or RunState.Running,
            $"{snapshot?.Items.Count(item => item.IsFile)} files were sent and the job was launched as {run.Id}");
        var after = await stage.Tree.LookAsync(ct);
        if (stage.Tree.IsGit)
        {
            See("untouched", after == before && snapshot?.Commit is not null,
                $"your side did not notice: `git status`, HEAD and the index are what they were; the code that runs is kept as commit {snapshot?.Commit?[..10]}");
        }

        Say("\n3. Follow: the job's log comes here while it runs, every byte once. Close the lid, come back: `muster attach last`.");
        await using var forwarder = new Forwarder(stage.Site, run.Plan);
        var ended = await new Follower(stage.Store, stage.Site, _clock).FollowAsync(run.Id, happening => Hear(happening, forwarder, ct), ct);
        ShowLog(all: true);
        var log = _log.ToString();
        See("edit", log.Contains(DemoTree.Edit) && log.Contains(DemoTree.Note), "the job ran the edited program and had the new file");

        Say("\n4. Ports: the job serves a web page, such as a TensorBoard. Muster finds the port and brings it to this machine.");
        var page = _page is null ? "" : await _page;
        See("page", page.Contains($"<h1>{DemoTree.Edit}</h1>"), "the page was fetched while the job ran");

        Say("\n5. The end: a run has ended when there is evidence, not when it falls silent.");
        var end = ended.State as RunState.Ended;
        See("end", end?.Outcome is Outcome.Succeeded, $"{ended.State.Word}; {end?.Evidence.Source}: {end?.Evidence.Text}");

        Say("\n6. Results: what the job put into $MUSTER_OUT comes home, hash-checked.");
        var result = await stage.FetchAsync(run.Id, ct);
        Quote($"$ cat muster-out/survey/result.txt\n{result.TrimEnd('\n')}");
        See("fetch", result == $"{DemoTree.Edit}\n{DemoTree.Note}\n", "result.txt is here, whole");
        Say("");
    }

    private ValueTask Hear(RunEvent happening, Forwarder forwarder, CancellationToken ct)
    {
        if (happening is RunEvent.Log log)
        {
            _log.Append(Encoding.UTF8.GetString(log.Bytes.Span));
            ShowLog(all: false);
        }
        if (happening is RunEvent.Changed(var run) && _page is null && run.Ports.FirstOrDefault(port => port.Name == "page") is { } seen)
        {
            var local = forwarder.Bring(seen, "");
            Quote($"(page at {local.Url})");
            _page = FetchAsync(local.Url, ct);
        }
        return ValueTask.CompletedTask;
    }

    private static async Task<string> FetchAsync(Uri url, CancellationToken ct)
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        return await http.GetStringAsync(url, ct);
    }

    private void ShowLog(bool all)
    {
        var text = _log.ToString(_shown, _log.Length - _shown);
        var until = all ? text.Length : text.LastIndexOf('\n') + 1;
        if (until == 0) return;
        _shown += until;
        Quote(text[..until].TrimEnd('\n'));
    }

    private void Say(string text)
    {
        if (!json) Tell(text);
    }

    private void Quote(string text)
    {
        foreach (var line in text.Split('\n')) Say($"     {line}");
    }

    /// <summary>A step was seen, or the demo ends here.</summary>
    private void See(string step, bool seen, string text, bool quietly = false)
    {
        if (json) screen.Data(JsonSerializer.Serialize(new DemoStepView(1, step, seen, text), CliJson.Plain.DemoStepView));
        else if (!seen || !quietly) Tell($"   {(seen ? screen.Paint("✓", Tint.Green) : screen.Paint("✗", Tint.Red))} {text}");
        if (!seen) throw new UserException($"the demo's step '{step}' was not seen: {text}", "Please report it, with the lines above.");
    }

    private void Tell(string text) => screen.Data(text);

    private static string Picture(TimeSpan took) => $"""

        What happened, in {Words.Duration(took)}:

          your folder ──snapshot──▶ content store ──links──▶ runs/ID/code ─┐
               ▲                    (only what is missing travels)         │ ./survey.sh
               │                                                           │
          muster-out/NAME ◀──fetch── runs/ID/out ◀─────────────────────────┤
          your terminal   ◀──follow─ runs/ID/logs, runs/ID/status ◀────────┤
          localhost:PORT  ◀──forward────────────────────────── a port ◀────┘

        On a cluster or another machine the same happens through one SSH connection;
        there, only `sh`, coreutils and `tar` are needed.

        Where to read on:
          README.md               name your machines in muster.yaml, first use
          docs/commands.md        every command with an example
          docs/architecture.md    how it works
        """;

    /// <summary>Where the demo plays: a site, a store and a work tree below one temporary folder.</summary>
    private sealed class Stage(string folder, TimeProvider clock)
    {
        private readonly LocalSite _site = new() { Name = LocalSite.BuiltInName, Origin = new("the demo"), Root = Path.Combine(folder, "site") };
        private RunId? _run;

        public DemoTree Tree { get; } = new(Path.Combine(folder, "code"));
        public RunStore Store { get; } = new(Path.Combine(folder, "state", "runs.db"));
        public OpenSite Site => field ??= new(_site, new(Path.Combine(folder, "state"), Path.Combine(folder, "cache"), Path.Combine(folder, "sockets"), MayAsk: false), clock);

        public Task<Run> SubmitAsync(Action<SubmitEvent> tell, CancellationToken ct)
        {
            var request = new SubmitRequest { Command = ["./survey.sh"], WorkingFolder = Tree.Folder, Name = "survey", Ports = ["page"], Time = "50s", Env = [$"DEMO_SERVER={Program}"] };
            var (plan, environment) = new RunPlanner(Store, clock, Environment.GetEnvironmentVariable).Plan(request, _site);
            _run = plan.Id;
            return new Submission(Store, Site, new ContentCache(Path.Combine(folder, "cache")), clock, _ => true).SubmitAsync(plan, environment, tell, ct);
        }

        public async Task<string> FetchAsync(RunId run, CancellationToken ct)
        {
            var home = Path.Combine(folder, "muster-out", "survey");
            await new ResultFetch(Site.HostOf(null), run.ToString(), $"{_site.Root}/runs/{run}/out", home).FetchAsync([], null, ct);
            var result = Path.Combine(home, "result.txt");
            return File.Exists(result) ? await File.ReadAllTextAsync(result, ct) : "";
        }

        /// <summary>Ends what still runs and removes the folder. Gives what is left, or null.</summary>
        public async Task<string?> ClearAsync()
        {
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
            try
            {
                if (_run is { } id && Directory.Exists(Path.Combine(_site.Root, "runs", id.ToString())) && !File.Exists(Path.Combine(_site.Root, "runs", id.ToString(), "status", "ended")))
                {
                    await new RunFolder(Site.HostOf(null), _site.Root).CancelAsync(id.ToString(), hard: false, limit.Token);
                }
                while (Running().Any()) await Task.Delay(50, limit.Token);
            }
            catch (Exception fault) when (fault is OperationCanceledException or UserException) { }   // what is left is said below
            if (Running().ToList() is { Count: > 0 } alive) return $"processes {string.Join(", ", alive)}, with their files in {folder}";
            Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
            Directory.Delete(folder, recursive: true);
            return Directory.Exists(folder) ? folder : null;
        }

        /// <summary>Processes of the demo's run: each knows its folder, by its arguments, its environment or where it stands.</summary>
        private IEnumerable<int> Running()
        {
            if (!Directory.Exists("/proc/self")) yield break;
            foreach (var process in Directory.EnumerateDirectories("/proc"))
            {
                if (!int.TryParse(Path.GetFileName(process), out var id) || id == Environment.ProcessId) continue;
                if (Holds(Path.Combine(process, "cmdline")) || Holds(Path.Combine(process, "environ"))) yield return id;
            }
        }

        private bool Holds(string file)
        {
            try
            {
                return Encoding.UTF8.GetString(File.ReadAllBytes(file)).Contains(folder);
            }
            catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
            {
                return false;   // it has ended, or is somebody else's
            }
        }

        private static string Program => Path.Combine(AppContext.BaseDirectory, OperatingSystem.IsWindows() ? "muster.exe" : "muster");
    }
}

/// <summary>One step of `demo --json`.</summary>
public sealed record DemoStepView(int Schema, string Step, bool Seen, string Text);
