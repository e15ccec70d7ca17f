using System.Text.Json;
using Muster.Cli.Context;
using Muster.Cli.Terminal;
using Muster.Faults;
using Muster.Runs;
using Muster.Runs.Follow;
using Muster.Runs.Forward;
using Muster.Sites.Schedulers;

namespace Muster.Cli.Runs;

/// <summary>A terminal that follows a run: its log, its state, its ports.</summary>
internal sealed class Attachment(App app, CtrlC ctrlC) : IAsyncDisposable
{
    private readonly HashSet<string> _said = [];
    private Forwarder? _forwarder;
    private LogMargin? _margin;
    private string _lastState = "";

    /// <summary>This much of the run was told already.</summary>
    public void Told(Run run)
    {
        var (word, text, _) = RunText.Describe(run, app.Clock.GetUtcNow());
        _lastState = word + text;
    }

    /// <summary>Bring only the port of this name.</summary>
    public string? WantedPort { get; init; }

    /// <summary>Told once of each address.</summary>
    public Action<Uri>? Opened { get; init; }

    /// <summary>Told of everything that happens.</summary>
    public Action<RunEvent>? Heard { get; init; }

    /// <summary>Where results come to; null for the usual folder.</summary>
    public string? FetchTo { get; init; }

    /// <summary>Follows to the end, or until the person goes. Gives the exit code of the command.</summary>
    /// <param name="fetch">Bring the results home at the end.</param>
    public async Task<int> FollowAsync(Run run, bool fetch, bool logs, CancellationToken ct)
    {
        var site = app.OpenSite(run.Plan.Site);
        _forwarder = new(site, run.Plan);
        _margin = run.Plan.Roles.Count > 0 || run.Plan.Array is not null ? new() : null;
        var what = new Followed(
            $"{run.Plan.Name} is on {run.Plan.Site}",
            () => CancelCommand.CancelAsync(app, run, hard: false, CancellationToken.None),
            $"{run.Plan.Name}; waiting for its end",
            $"{run.Plan.Name} is still running. Reattach: muster attach {app.IdOf(run)}   Cancel: muster cancel "
                + $"{app.IdOf(run)}"
        );
        var ended = run;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        using var gone = CancellationTokenSource.CreateLinkedTokenSource(stop.Token);
        await using var watching = new Watching(WatchMachineAsync(run, gone), gone);
        await using var events = new Follower(app.Store, site, app.Clock)
            .FollowAsync(run.Id, gone.Token)
            .GetAsyncEnumerator(gone.Token);
        while (true)
        {
            // While a question stands, nothing more is shown.
            var next = events.MoveNextAsync().AsTask();
            if (await ctrlC.FollowAsync(next, what, stop) is { } code)
                return code;
            try
            {
                if (!await next)
                    break;
            }
            catch (OperationCanceledException) when (gone.IsCancellationRequested && !stop.IsCancellationRequested)
            {
                ended = app.Store.Find(run.Id)!;
                ShowChange(ended);
                await app.NotifyAsync([ended], ct);
                return ExitCodeOf(ended); // nothing is left to be read or fetched
            }
            Tell(events.Current, logs);
            if (events.Current is RunEvent.Changed(var now))
            {
                ended = now;
                await app.NotifyAsync([now], ct);
            }
        }
        foreach (var (rest, isError) in _margin?.Rest() ?? [])
            app.Screen.Pass(rest, isError);
        await watching.DisposeAsync();
        var exit = ExitCodeOf(ended);
        if (fetch)
            await FetchCommand.BringAsync(app, ended, FetchTo, [], always: false, ct);
        if (ended.Plan.Machine is not null)
        {
            await CloudRuns.SettleAsync(app, [ended.Plan.Site], ct);
            CloudRuns.TellKept(app, app.Store.Find(ended.Id)!);
        }
        return exit;
    }

    /// <summary>
    /// Sees to it that the run's machine stays for as long as it goes on, and ends the following when the machine is
    /// proved gone: it will never answer.
    /// </summary>
    private async Task WatchMachineAsync(Run run, CancellationTokenSource gone)
    {
        if (run.Plan.Machine is null || CloudRuns.Of(app, run.Plan.Site) is not { } machines)
            return;
        for (var isHeld = false; ; await Task.Delay(TimeSpan.FromSeconds(20), app.Clock, gone.Token))
        {
            try
            {
                if (app.Store.Find(run.Id) is not { State.IsLive: true } now)
                    return;
                if (now.UnreachableSince is null)
                {
                    if (!isHeld)
                        await machines.HoldAsync(run, gone.Token);
                    isHeld = true;
                    continue;
                }
                await machines.SettleAsync(gone.Token);
                if (app.Store.Find(run.Id)?.State is RunState.Ended)
                {
                    await gone.CancelAsync();
                    return;
                }
            }
            catch (UserException) { } // out of reach now: in a moment again
        }
    }

    /// <summary>What goes on beside the following, and ends with it.</summary>
    private sealed class Watching(Task work, CancellationTokenSource stop) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await stop.CancelAsync();
            await work.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    public static int ExitCodeOf(Run run) =>
        run.State is RunState.Ended end
            ? end.Outcome switch
            {
                Outcome.Succeeded => 0,
                Outcome.Cancelled => 130,
                Outcome.Lost => ExitCodes.Unknown,
                _ => end.Code is > 0 and { } code ? code : 1,
            }
            : ExitCodes.Unknown;

    public async ValueTask DisposeAsync()
    {
        if (_forwarder is not null)
            await _forwarder.DisposeAsync();
    }

    private void Tell(RunEvent happening, bool logs)
    {
        Heard?.Invoke(happening);
        switch (happening)
        {
            case RunEvent.Log log when logs:
                ShowLog(log);
                break;
            case RunEvent.Changed(var run):
                ShowChange(run);
                break;
            case RunEvent.ContactLost(_, var why):
                Stream(new(1, "contact-lost") { Text = why });
                if (!app.Json)
                    app.Screen.Note("unreachable", $"{why}; trying again", Tint.Yellow);
                break;
            case RunEvent.ContactBack(var after):
                Stream(new(1, "contact-back") { Seconds = after.TotalSeconds });
                if (!app.Json)
                    app.Screen.Note("back", $"after {Words.Duration(after)}", Tint.Green);
                break;
        }
    }

    private void ShowLog(RunEvent.Log log)
    {
        if (app.Json)
            Stream(EventView.Of(log));
        else
            app.Screen.Pass(_margin?.Add(log) ?? log.Bytes, log.IsError);
    }

    private void ShowChange(Run run)
    {
        var (word, text, tint) = RunText.Describe(run, app.Clock.GetUtcNow());
        if (_lastState != word + text)
        {
            _lastState = word + text;
            Stream(new(1, "state") { Run = RunView.Of(run) });
            if (!app.Json && run.State is not (RunState.Planned or RunState.Staging))
                app.Screen.Note(word, text, tint);
        }
        foreach (var note in run.Notes.Where(note => _said.Add("note " + note)))
        {
            Stream(new(1, "note") { Text = note });
            if (!app.Json)
                app.Screen.Note("note", note, Tint.Yellow);
        }
        foreach (
            var port in run.State is RunState.Ended
                ? []
                : run.Ports.Where(port => WantedPort is null || port.Name == WantedPort)
        )
        {
            var local = _forwarder!.Bring(port, run.Handle);
            if (!_said.Add($"port {port.Rank} {port.Name} {local.Port}"))
                continue;
            Stream(new(1, "port") { Name = port.Name, Url = local.Url.ToString() });
            if (!app.Json)
                app.Screen.Note(port.Name, app.Screen.Paint(local.Url.ToString(), Tint.Cyan));
            Opened?.Invoke(local.Url);
        }
    }

    private void Stream(EventView line)
    {
        if (app.Json)
            app.Screen.Data(JsonSerializer.Serialize(line, RunAnswers.Plain.EventView));
    }
}
