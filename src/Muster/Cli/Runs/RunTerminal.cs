using System.Globalization;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using System.Text;
using Muster.Cli.Context;
using Muster.Cli.Terminal;
using Muster.Faults;
using Muster.Hosts;
using Muster.Runs;
using Muster.Shell;
using Muster.Sites;

namespace Muster.Cli.Runs;

/// <summary>
/// A run that has a terminal of its own (`--tty`): what is typed here goes there, and what it shows comes here. A
/// broken link is opened again where it broke, and the run goes on meanwhile.
/// </summary>
internal sealed class RunTerminal(App app)
{
    /// <summary>Whoever comes back sees so much of what was there before.</summary>
    private const long Shown = 64 * 1024;

    /// <summary>So many failures in a row are told.</summary>
    private const int Told = 3;

    private long _seen;

    /// <summary>Whether a run is to be looked at in this way, and can be from here.</summary>
    [UnsupportedOSPlatformGuard("windows")]
    public static bool Fits(Run run) =>
        !OperatingSystem.IsWindows()
        && run.Plan.Tty is not null
        && !Console.IsInputRedirected
        && !Console.IsOutputRedirected;

    /// <summary>What this terminal is; said to the run's, so that programs draw for it.</summary>
    public static string Kind
    {
        get
        {
            var kind = Environment.GetEnvironmentVariable("TERM");
            return
                kind is { Length: > 0 and < 64 }
                && kind.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '+' or '.')
                ? kind
                : "xterm-256color";
        }
    }

    /// <summary>Comes back to it, where there may be much to see already.</summary>
    [UnsupportedOSPlatform("windows")]
    public async Task<int> ReturnAsync(Run run, bool fetch, CancellationToken ct)
    {
        if (run.Handle is not null)
        {
            var said = await app.OpenSite(run.Plan.Site)
                .HostOf(run.Plan.Host)
                .GetAsync(Log(run, ShellText.Of($"stat -c %s"), "out"), "looking at its log", ct);
            _seen = Math.Max(0, long.Parse(said.Trim(), CultureInfo.InvariantCulture) - Shown);
        }
        return await FollowAsync(run, fetch, ct);
    }

    /// <summary>Stays at the run's terminal until it ends, or the person detaches.</summary>
    [UnsupportedOSPlatform("windows")]
    public async Task<int> FollowAsync(Run run, bool fetch, CancellationToken ct)
    {
        var site = app.OpenSite(run.Plan.Site);
        run = await StartedAsync(run, ct);
        if (run.State.IsLive)
        {
            app.Screen.Note("attached", $"to the terminal of {run.Plan.Name}; Ctrl-P Ctrl-Q detaches");
            if (!await StayAsync(site, run, ct))
            {
                app.Screen.Note("detached", $"{run.Plan.Name} goes on. Reattach: muster attach {app.IdOf(run)}");
                return 0;
            }
            run = await EndedAsync(run, ct);
        }
        await RestAsync(site, run, ct);
        var (word, text, tint) = RunText.Describe(run, app.Clock.GetUtcNow());
        app.Screen.Note(word, text, tint);
        await app.NotifyAsync([run], ct);
        if (fetch)
            await FetchCommand.BringAsync(app, run, null, [], always: false, ct);
        return Attachment.ExitCodeOf(run);
    }

    private async Task<Run> StartedAsync(Run run, CancellationToken ct)
    {
        for (; run.State.IsLive && run.State is not RunState.Running; await Task.Delay(500, ct))
        {
            app.Screen.Passing($"{run.Plan.Name}: {RunText.Describe(run, app.Clock.GetUtcNow()).Text}");
            run = await RefreshedAsync(run, TimeSpan.FromSeconds(15), ct);
        }
        return run;
    }

    /// <summary>The link may have ended a moment before the records were written.</summary>
    private async Task<Run> EndedAsync(Run run, CancellationToken ct)
    {
        for (; run.State.IsLive; await Task.Delay(300, ct))
            run = await RefreshedAsync(run, TimeSpan.FromSeconds(2), ct);
        return run;
    }

    private async Task<Run> RefreshedAsync(Run run, TimeSpan oldestWord, CancellationToken ct) =>
        (await app.Keeper.RefreshAsync([run], TimeSpan.FromSeconds(10), oldestWord, ct)).Single();

    /// <returns>False where the person has detached.</returns>
    [UnsupportedOSPlatform("windows")]
    private async Task<bool> StayAsync(OpenSite site, Run run, CancellationToken ct)
    {
        using var terminal = new RawTerminal();
        using var leave = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var keys = new TypedKeys();
        var typing = Task.Run(
            async () =>
            {
                await keys.ReadAsync(terminal.Keys, ct);
                await leave.CancelAsync();
            },
            ct
        );
        using var changes = new SemaphoreSlim(0);
        using var resized = PosixSignalRegistration.Create(PosixSignal.SIGWINCH, _ => changes.Release());
        var resizing = ResizeAsync(site, run, changes, leave.Token);
        try
        {
            for (var failures = 0; ; )
            {
                string? why;
                try
                {
                    why = await ConnectAsync(site, run, keys, leave.Token);
                    failures = why is null ? 0 : failures + 1;
                }
                catch (HostUnreachableException fault) when (fault.MayPass)
                {
                    why = fault.Message;
                    failures = Math.Max(failures + 1, Told);
                }
                finally
                {
                    keys.Disconnect();
                }
                // A scheduler may refuse the way in a moment before the end is known.
                if (failures == Told)
                    Say($"{why}; trying again. What is typed now is not sent; Ctrl-P Ctrl-Q detaches");
                run = await RefreshedAsync(run, TimeSpan.FromSeconds(2), leave.Token);
                if (!run.State.IsLive)
                    return true;
                await Task.Delay(1000, leave.Token);
            }
        }
        catch (OperationCanceledException) when (leave.IsCancellationRequested && !ct.IsCancellationRequested)
        {
            return false;
        }
        finally
        {
            await leave.CancelAsync();
            await resizing;
        }
    }

    /// <returns>What was said instead of a terminal; null where it was there.</returns>
    private async Task<string?> ConnectAsync(OpenSite site, Run run, TypedKeys keys, CancellationToken ct)
    {
        var (rows, columns) = RawTerminal.Size;
        var way = Way(site, run, EntranceKind.Input, ["attach", Text(_seen), Text(rows), Text(columns)]);
        var said = new StringBuilder();
        var code = await site.HostOf(way.Host)
            .PassAsync(
                way.Text,
                keys.Connect(),
                (bytes, isError) =>
                {
                    if (isError)
                        said.Append(Encoding.UTF8.GetString(bytes.Span));
                    else
                        Show(bytes, isError);
                },
                ct
            );
        return code == 0 ? null : SafeText.OneLine(said.ToString().Trim().Split('\n')[^1]);
    }

    /// <summary>Gives the run's terminal the size of this one, each time that this one's changes.</summary>
    private static async Task ResizeAsync(OpenSite site, Run run, SemaphoreSlim changes, CancellationToken ct)
    {
        try
        {
            while (true)
            {
                await changes.WaitAsync(ct);
                var (rows, columns) = RawTerminal.Size;
                var way = Way(site, run, EntranceKind.Closed, ["size", Text(rows), Text(columns)]);
                try
                {
                    await site.HostOf(way.Host).PassAsync(way.Text, null, (_, _) => { }, ct);
                }
                catch (HostUnreachableException) { } // the next connection brings the size, too
            }
        }
        catch (OperationCanceledException) { } // nobody looks any more
    }

    /// <summary>What the terminal showed at last, after the link to it ended; and what its supervisor says.</summary>
    private async Task RestAsync(OpenSite site, Run run, CancellationToken ct)
    {
        if (run.Handle is null)
            return;
        var host = site.HostOf(run.Plan.Host);
        await host.PassAsync(Log(run, ShellText.Of($"tail -c +{_seen + 1}"), "out"), null, Show, ct);
        await host.PassAsync(Log(run, ShellText.Of($"cat"), "err"), null, (bytes, _) => Show(bytes, isError: true), ct);
    }

    private ShellText Log(Run run, ShellText command, string which) =>
        ShellText.Of(
            $"""
            {RunFolder.Expand(app.GetSite(run.Plan.Site).Root)}
            {command} "$root"/runs/{run.Plan.FolderOn(run.Plan.Host)}/logs/main.0.{which}
            """
        );

    private void Show(ReadOnlyMemory<byte> bytes, bool isError)
    {
        if (!isError)
            _seen += bytes.Length;
        app.Screen.Pass(bytes, toNotes: isError);
    }

    private void Say(string text) =>
        app.Screen.Pass(Encoding.UTF8.GetBytes($"\r\n[muster: {text}]\r\n"), toNotes: true);

    private static Entrance Way(OpenSite site, Run run, EntranceKind kind, IReadOnlyList<string> words) =>
        Entrance.Of(run, null, site.Site.HasScheduler, site.Root, kind, words, inside: "Runs/Remote/terminal.sh");

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
