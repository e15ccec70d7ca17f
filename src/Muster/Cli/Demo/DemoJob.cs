using System.Text;
using Muster.Faults;
using Muster.Hosts;
using Muster.Runs;
using Muster.Runs.Follow;
using Muster.Runs.Forward;
using Muster.Runs.Submit;
using Muster.Shell;
using Muster.Sites;
using Muster.Sites.Schedulers;
using Muster.Snapshots;
using Muster.Transfers;

namespace Muster.Cli.Demo;

/// <summary>
/// The demo's job: from an edit that no commit holds to its results, on a site of its own below a folder.
/// </summary>
internal sealed class DemoJob(string folder, DemoTeller teller, TimeProvider clock)
{
    private readonly Stage _stage = new(folder, clock);
    private readonly StringBuilder _log = new();
    private int _shown;
    private Task<string>? _page;

    /// <summary>Ends what still runs. Gives what cannot be ended, or null.</summary>
    public Task<string?> EndAsync() => _stage.EndAsync();

    public async Task PlayAsync(CancellationToken ct)
    {
        teller.Say(
            $"\n1. A folder with a program. "
                + (
                    _stage.Tree.IsGit
                        ? "It is committed, has been edited since, and has a new file that git does not know."
                        : "git is not installed here, so it is a plain folder."
                )
        );
        await _stage.Tree.MakeAsync(ct);
        var before = await _stage.Tree.LookAsync(ct);
        if (_stage.Tree.IsGit)
            teller.Quote($"$ git status --short --branch\n{before.Status}");
        teller.See(
            "prepare",
            Directory.EnumerateFiles(_stage.Tree.Folder).Count() == 2
                && (
                    !_stage.Tree.IsGit
                    || before.Status.Contains(" M survey.sh") && before.Status.Contains("?? note.txt")
                ),
            "a program and a note are ready",
            quietly: true
        );

        teller.Say(
            "\n2. Submit: prefix the command with where it should run. What you have is what runs, committed or not."
        );
        teller.Quote("$ muster submit -s local --port page -- ./survey.sh");
        Snapshot? snapshot = null;
        var run = await _stage.SubmitAsync(
            happening => snapshot = (happening as SubmitEvent.Taken)?.Snapshot ?? snapshot,
            ct
        );
        teller.See(
            "submit",
            snapshot?.Items.Count(item => item.IsFile) == 2 && run.State is RunState.Launched or RunState.Running,
            $"{snapshot?.Items.Count(item => item.IsFile)} files were sent and the job was launched as {run.Id}"
        );
        var after = await _stage.Tree.LookAsync(ct);
        if (_stage.Tree.IsGit)
        {
            teller.See(
                "untouched",
                after == before && snapshot?.Commit is not null,
                $"your side did not notice: `git status`, HEAD and the index are what they were; the code that runs is "
                    + $"kept as commit {snapshot?.Commit?[..10]}"
            );
        }

        teller.Say(
            "\n3. Follow: the job's log comes here while it runs, every byte once. Close the lid, come back: `muster "
                + "attach last`."
        );
        await using var forwarder = new Forwarder(_stage.Site, run.Plan);
        var follower = new Follower(_stage.Store, _stage.Site, clock);
        await foreach (var happening in follower.FollowAsync(run.Id, ct))
        {
            Hear(happening, forwarder, ct);
            if (happening is RunEvent.Changed(var now))
                run = now;
        }
        ShowLog(all: true);
        var log = _log.ToString();
        teller.See(
            "edit",
            log.Contains(DemoTree.Edit) && log.Contains(DemoTree.Note),
            "the job ran the edited program and had the new file"
        );

        teller.Say(
            "\n4. Ports: the job serves a web page, such as a TensorBoard. Muster finds the port and brings it to this "
                + "machine."
        );
        var page = _page is null ? "" : await _page;
        teller.See("page", page.Contains($"<h1>{DemoTree.Edit}</h1>"), "the page was fetched while the job ran");

        teller.Say("\n5. The end: a run has ended when there is evidence, not when it falls silent.");
        var end = run.State as RunState.Ended;
        teller.See(
            "end",
            end?.Outcome is Outcome.Succeeded,
            $"{run.State.Word}; {end?.Evidence.Source}: {end?.Evidence.Text}"
        );

        teller.Say("\n6. Results: what the job put into $MUSTER_OUT comes home, hash-checked.");
        var result = await _stage.FetchAsync(run.Id, ct);
        teller.Quote($"$ cat muster-out/survey/result.txt\n{result.TrimEnd('\n')}");
        teller.See("fetch", result == $"{DemoTree.Edit}\n{DemoTree.Note}\n", "result.txt is here, whole");
    }

    private void Hear(RunEvent happening, Forwarder forwarder, CancellationToken ct)
    {
        if (happening is RunEvent.Log log)
        {
            _log.Append(Encoding.UTF8.GetString(log.Bytes.Span));
            ShowLog(all: false);
        }
        if (
            happening is RunEvent.Changed(var run)
            && _page is null
            && run.Ports.FirstOrDefault(port => port.Name == "page") is { } seen
        )
        {
            var local = forwarder.Bring(seen, run.Handle);
            teller.Quote($"(page at {local.Url})");
            _page = FetchAsync(local.Url, ct);
        }
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
        if (until == 0)
            return;
        _shown += until;
        teller.Quote(text[..until].TrimEnd('\n'));
    }

    /// <summary>Where the job plays: a site, a store and a work tree below one temporary folder.</summary>
    private sealed class Stage(string folder, TimeProvider clock)
    {
        private readonly LocalSite _site = new()
        {
            Name = LocalSite.BuiltInName,
            Origin = new("the demo"),
            Root = Path.Combine(folder, "site"),
        };
        private RunId? _run;

        public DemoTree Tree { get; } = new(Path.Combine(folder, "code"));
        public RunStore Store { get; } = new(Path.Combine(folder, "state", "runs.db"));
        public OpenSite Site =>
            field ??= new(
                _site,
                new(
                    Path.Combine(folder, "state"),
                    Path.Combine(folder, "cache"),
                    Path.Combine(folder, "sockets"),
                    MayAsk: false
                ),
                clock
            );

        public Task<Run> SubmitAsync(Action<SubmitEvent> tell, CancellationToken ct)
        {
            var request = new SubmitRequest
            {
                Command = ["./survey.sh"],
                WorkingFolder = Tree.Folder,
                Name = "survey",
                Ports = ["page"],
                Time = "50s",
                Env = [$"DEMO_SERVER={string.Join(' ', OwnProgram.Words.Select(ShellText.Quote))}"],
            };
            var (plan, environment) = new RunPlanner(Store, clock, Environment.GetEnvironmentVariable).Plan(
                request,
                _site
            );
            _run = plan.Id;
            return new Submission(
                Store,
                Site,
                new ContentCache(Path.Combine(folder, "cache")),
                clock,
                _ => true
            ).SubmitAsync(plan, environment, tell, ct);
        }

        public async Task<string> FetchAsync(RunId run, CancellationToken ct)
        {
            var home = Path.Combine(folder, "muster-out", "survey");
            await new ResultFetch(Site.HostOf(null), run.ToString(), $"{_site.Root}/runs/{run}/out", home).FetchAsync(
                [],
                null,
                ct
            );
            var result = Path.Combine(home, "result.txt");
            return File.Exists(result) ? await File.ReadAllTextAsync(result, ct) : "";
        }

        public async Task<string?> EndAsync()
        {
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
            try
            {
                if (
                    _run is { } id
                    && Directory.Exists(Path.Combine(_site.Root, "runs", id.ToString()))
                    && !File.Exists(Path.Combine(_site.Root, "runs", id.ToString(), "status", "ended"))
                )
                {
                    await new RunFolder(Site.HostOf(null), _site.Root).CancelAsync(
                        id.ToString(),
                        hard: false,
                        limit.Token
                    );
                }
                while (Running().Any())
                    await Task.Delay(50, limit.Token);
            }
            // what is left is said by the next line
            catch (Exception fault) when (fault is OperationCanceledException or UserException) { }
            return Running().ToList() is { Count: > 0 } alive ? $"processes {string.Join(", ", alive)}" : null;
        }

        /// <summary>
        /// Processes of the demo's run: each knows its folder, by its arguments, its environment or where it stands.
        /// </summary>
        private IEnumerable<int> Running()
        {
            if (!Directory.Exists("/proc/self"))
                yield break;
            foreach (var process in Directory.EnumerateDirectories("/proc"))
            {
                if (!int.TryParse(Path.GetFileName(process), out var id) || id == Environment.ProcessId)
                    continue;
                if (Holds(Path.Combine(process, "cmdline")) || Holds(Path.Combine(process, "environ")))
                    yield return id;
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
                return false; // it has ended, or is somebody else's
            }
        }
    }
}
