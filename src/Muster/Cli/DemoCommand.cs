using System.CommandLine;
using System.Diagnostics;
using System.Net;
using System.Text.Json;
using Muster.Cli.Terminal;
using Muster.Faults;
using Muster.Runs;
using Muster.Runs.Follow;
using Muster.Runs.Forward;
using Muster.Runs.Submit;
using Muster.Snapshots;
using Muster.Transfers;

namespace Muster.Cli;

/// <summary>Shows a whole run on this machine alone: from an edit that was never committed to the result that comes home.</summary>
internal static class DemoCommand
{
    public static Command Create()
    {
        var command = new Command("demo", "See it work: a small job on this machine, from a dirty git work tree to its result. Leaves nothing behind.");
        command.SetAction(async (_, ct) =>
        {
            var folder = Directory.CreateTempSubdirectory("muster-demo-").FullName;
            try
            {
                return await RunAsync(MusterCommand.Current, folder, ct);
            }
            finally
            {
                Directory.Delete(folder, recursive: true);
            }
        });
        return command;
    }

    /// <summary>The job's own little web server: it tells who visited, and ends after that.</summary>
    public static Command CreateServer()
    {
        var command = new Command("demo-server") { Hidden = true };
        command.SetAction(async (_, ct) =>
        {
            using var server = new HttpListener();
            server.Prefixes.Add($"http://127.0.0.1:{Environment.GetEnvironmentVariable("MUSTER_PORT_WEB")}/");
            server.Start();
            var visit = await server.GetContextAsync().WaitAsync(TimeSpan.FromSeconds(50), ct);
            await using (var writer = new StreamWriter(visit.Response.OutputStream)) await writer.WriteAsync($"a page from run {Environment.GetEnvironmentVariable("MUSTER_RUN_ID")}\n");
            return 0;
        });
        return command;
    }

    private static async Task<int> RunAsync(MusterCommand.Invocation current, string folder, CancellationToken ct)
    {
        var screen = current.Screen;
        var clock = TimeProvider.System;
        var began = clock.GetTimestamp();
        void Step(string what, string text, bool seen = true)
        {
            if (current.Json) screen.Data(JsonSerializer.Serialize(new DemoView(1, what, text, seen), CliJson.Plain.DemoView));
            else screen.Say($"{screen.Paint(seen ? "  ✓" : "  ✗", seen ? Tint.Green : Tint.Red)} {what,-10} {text}");
            if (!seen) throw new UserException($"the demo did not see what it should: {what}: {text}", "Please report it; `muster sites check local` looks at this machine.");
        }

        var code = Path.Combine(folder, "code");
        Directory.CreateDirectory(code);
        File.WriteAllText(Path.Combine(code, "job.sh"), "echo 'the committed program'\n");
        var git = await Git(code, "init", "--quiet") && await Git(code, "add", "--all") && await Git(code, "-c", "user.name=demo", "-c", "user.email=demo@localhost", "commit", "--quiet", "--message=first");
        File.WriteAllText(Path.Combine(code, "job.sh"), """
            echo "hello from $(uname -n): this line was never committed"
            cat notes.txt
            "$1" demo-server
            echo "somebody visited my page"
            mkdir -p results && echo "42" > results/answer.txt

            """);
        File.WriteAllText(Path.Combine(code, "notes.txt"), "and this file is not even known to git\n");
        var before = git ? await GitSays(code, "status", "--porcelain") : "";
        if (!current.Json) screen.Say("A job on this machine, with a state of its own; your runs and files are not touched.");
        Step("code", git ? "a git work tree with an edit and a new file, neither committed" : "a plain folder, as git is not on this machine");

        var config = new Sites.LocalSite { Name = "demo", Origin = Sites.Origin.BuiltIn, Root = Path.Combine(folder, "site") };
        var store = new RunStore(Path.Combine(folder, "state", "runs.db"));
        var site = new Sites.OpenSite(config, new(Path.Combine(folder, "state"), Path.Combine(folder, "cache"), folder, MayAsk: false), clock);
        var self = Environment.ProcessPath ?? throw new InvalidOperationException("this program has no path");
        var request = new SubmitRequest { Command = ["sh", "job.sh", self], WorkingFolder = code, Name = "demo", Ports = ["web"], Outputs = ["results/*"], Time = "50s" };
        var (plan, environment) = new RunPlanner(store, clock, Environment.GetEnvironmentVariable).Plan(request, config);

        Snapshot? snapshot = null;
        var submission = new Submission(store, site, new ContentCache(Path.Combine(folder, "cache")), clock, _ => true);
        var run = await submission.SubmitAsync(plan, environment, happening => snapshot = (happening as SubmitEvent.Taken)?.Snapshot ?? snapshot, ct);
        Step("snapshot", $"{Words.Count(snapshot!.Items.Count, "file")}{(snapshot.Commit is { } commit ? $" as commit {commit[..10]} on refs/muster/" : "")}", snapshot.Items.Count == 2);
        if (git) Step("untouched", "`git status` says the same as before", await GitSays(code, "status", "--porcelain") == before);
        Step("launched", $"{run.Plan.Name}, run {run.Id}", run.State is RunState.Launched);

        var printed = new MemoryStream();
        await using var forwarder = new Forwarder(site, null);
        Task<string>? visit = null;
        var states = new List<string>();
        run = await new Follower(store, site, clock).FollowAsync(run.Id, happening =>
        {
            switch (happening)
            {
                case RunEvent.Log log:
                    printed.Write(log.Bytes.Span);
                    if (!current.Json) screen.Pass(log.Bytes, toNotes: true);
                    break;
                case RunEvent.Changed(var changed):
                    if (!states.Contains(changed.State.Word)) states.Add(changed.State.Word);
                    if (visit is null && changed.Ports is [var port, ..]) visit = VisitAsync(forwarder.Bring(port, "").Url, ct);
                    break;
            }
            return ValueTask.CompletedTask;
        }, ct);
        Step("running", $"states seen: {string.Join(" → ", states)}", states.Contains("running"));
        var page = visit is null ? "" : await visit;
        Step("port", $"its web page came through a forwarded port: “{page.Trim()}”", page.Contains(run.Id.ToString(), StringComparison.Ordinal));
        var text = System.Text.Encoding.UTF8.GetString(printed.ToArray());
        Step("log", "the edit and the new file were there, every byte of the log once", text.Contains("never committed", StringComparison.Ordinal) && text.Contains("not even known", StringComparison.Ordinal));
        Step("ended", run.State is RunState.Ended end ? $"{end.Word}; the proof: {end.Evidence.Source}: {end.Evidence.Text}" : run.State.Word, run.State is RunState.Ended { Outcome: Sites.Schedulers.Outcome.Succeeded });

        var home = Path.Combine(folder, "home");
        var report = await new ResultFetch(site.HostOf(null), run.Id.ToString(), $"{site.Root}/runs/{run.Id}/out", home).FetchAsync([], null, ct);
        var answer = Path.Combine(home, "results", "answer.txt");
        Step("fetched", $"{Words.Count(report.FilesFetched, "file")}: results/answer.txt", File.Exists(answer) && File.ReadAllText(answer) == "42\n");
        Step("gone", $"nothing is left running, and the folder goes now; {Words.Duration(clock.GetElapsedTime(began))} in all", await NothingRunsAsync(site, run, ct));
        if (!current.Json)
        {
            screen.Say("");
            screen.Say("  here: edit → snapshot → tar ──one connection──▶ there: store → runs/ID/code → supervisor → your command");
            screen.Say("  here: ./muster-out ◀── results, log, ports ◀──────────────────────── status/ and logs/ in runs/ID");
            screen.Say("");
            screen.Say("Next: write a muster.yaml with your machines (README.md), then  muster submit -s SITE -- YOUR COMMAND");
        }
        return ExitCodes.Done;
    }

    private static async Task<string> VisitAsync(Uri url, CancellationToken ct)
    {
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(20) };
        return await http.GetStringAsync(url, ct);
    }

    private static async Task<bool> NothingRunsAsync(Sites.OpenSite site, Run run, CancellationToken ct)
    {
        for (var tries = 0; tries < 50; tries++)
        {
            var facts = (await new RunFolder(site.HostOf(null), site.Root).LookAsync([run.Id], ct))[run.Id];
            if (facts.Supervisors.Values.All(liveness => liveness == Liveness.Gone)) return true;
        }
        return false;
    }

    private static async Task<bool> Git(string folder, params string[] words) => await StartGit(folder, words) is (0, _);

    private static async Task<string> GitSays(string folder, params string[] words) => (await StartGit(folder, words)).Output;

    private static async Task<(int Code, string Output)> StartGit(string folder, string[] words)
    {
        var start = new ProcessStartInfo("git") { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var word in words) start.ArgumentList.Add(word);
        try
        {
            using var process = Process.Start(start)!;
            var errors = process.StandardError.ReadToEndAsync();
            var output = await process.StandardOutput.ReadToEndAsync();
            await errors;
            await process.WaitForExitAsync();
            return (process.ExitCode, output);
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return (127, "");
        }
    }
}

/// <summary>One step of `demo --json`.</summary>
public sealed record DemoView(int Schema, string Step, string Text, bool Seen);
