using System.CommandLine;
using Muster.Cli.Context;
using Muster.Cli.Terminal;
using Muster.Faults;

namespace Muster.Cli.Demo;

internal static class DemoCommand
{
    public static Command Create()
    {
        var command = new Command(
            "demo",
            "See it work, on this machine alone: a job from its edited code to its results, and photos through a "
                + "server of your own. It leaves nothing behind."
        );
        command.SetAction(
            (parsed, ct) => new DemoRun(parsed.Invocation().Screen, parsed.Invocation().Json).RunAsync(ct)
        );
        return command;
    }
}

/// <summary>
/// Plays both halves in a temporary folder and says at each step what was seen. What was not seen ends it.
/// </summary>
internal sealed class DemoRun(Screen screen, bool json)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly TimeProvider _clock = TimeProvider.System;
    private readonly DemoTeller _teller = new(screen, json);

    public async Task<int> RunAsync(CancellationToken ct)
    {
        var began = _clock.GetTimestamp();
        var folder = Directory.CreateTempSubdirectory("muster-demo-").FullName;
        var job = new DemoJob(folder, _teller, _clock);
        using var interrupts = new Interrupts();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        stop.CancelAfter(Patience);
        string? left = null;
        var playing = PlayAsync(folder, job, stop.Token);
        try
        {
            if (await Task.WhenAny(playing, interrupts.Next) != playing)
                await stop.CancelAsync();
            await playing;
        }
        catch (OperationCanceledException) when (!interrupts.Next.IsCompleted && !ct.IsCancellationRequested)
        {
            throw new UserException(
                "the demo did not come to its end within a minute",
                "Try it once more on a quieter machine; if it stays so, please report it with the lines above."
            );
        }
        finally
        {
            left = await ClearAsync(folder, job);
            if (left is not null && !playing.IsCompletedSuccessfully)
                screen.Note("left", left, Tint.Yellow);
        }
        _teller.See(
            "clean",
            left is null,
            left is null ? $"nothing runs any more, and {folder} is gone" : $"left behind: {left}"
        );
        _teller.Say(Picture(_clock.GetElapsedTime(began)));
        return 0;
    }

    private async Task PlayAsync(string folder, DemoJob job, CancellationToken ct)
    {
        _teller.Say(
            "Muster's demo, on this machine alone, in a temporary folder: first a job, then photos. Your runs and your "
                + "configuration are not touched."
        );
        await job.PlayAsync(ct);
        await new DemoGateway(Path.Combine(folder, "gateway"), _teller, _clock).PlayAsync(ct);
        _teller.Say("");
    }

    /// <summary>Gives what is left, or null.</summary>
    private static async Task<string?> ClearAsync(string folder, DemoJob job)
    {
        if (await job.EndAsync() is { } alive)
            return $"{alive}, with their files in {folder}";
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        Directory.Delete(folder, recursive: true);
        return Directory.Exists(folder) ? folder : null;
    }

    private static string Picture(TimeSpan took) =>
        $"""

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
              docs/gateway.md         photos of your own: `muster serve`, and WebODM in front of it
              docs/architecture.md    how it works
            """;
}
