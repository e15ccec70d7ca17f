using System.CommandLine;
using System.CommandLine.Parsing;
using System.Runtime.InteropServices;
using Muster.Cli.Terminal;
using Muster.Faults;
using Muster.Sites.Reading;

namespace Muster.Cli.Context;

/// <summary>Something that goes on without this command.</summary>
/// <param name="Where">What it is and where, before the question.</param>
/// <param name="CancelAsync">Asks for its end.</param>
/// <param name="Cancelling">Said when that was done.</param>
/// <param name="Detached">Said when the person goes: how to come back.</param>
internal sealed record Followed(string Where, Func<Task> CancelAsync, string Cancelling, string Detached);

/// <summary>What Ctrl-C and its kin mean to a command that stays with something, from the moment it is made.</summary>
internal sealed class CtrlC(App app, OnInterrupt onInterrupt) : IDisposable
{
    private readonly Interrupts _interrupts = new();

    public static Option<OnInterrupt> Option() =>
        new("--on-interrupt")
        {
            Description = "What Ctrl-C does: ask, detach or cancel (default: ask).",
            HelpName = "ask|detach|cancel",
            CustomParser = result =>
                Enum.TryParse<OnInterrupt>(result.Tokens[0].Value, ignoreCase: true, out var value)
                    ? value
                    : Wrong(result),
        };

    public void Dispose() => _interrupts.Dispose();

    /// <summary>Waits for work that every signal breaks off. False when one did.</summary>
    public async Task<bool> EndsAsync(Task work, CancellationTokenSource stop)
    {
        if (await Task.WhenAny(work, _interrupts.Next) != work)
        {
            await StopAsync(work, stop);
            return false;
        }
        await work;
        return true;
    }

    /// <summary>
    /// Waits until the work is done, however it ends, and meanwhile does at a signal what the person wants. Gives the
    /// exit code once the person goes, which stops the work; else null.
    /// </summary>
    public async Task<int?> FollowAsync(Task work, Followed what, CancellationTokenSource stop)
    {
        // A signal counts also where there is always something more to show.
        while (await Task.WhenAny(_interrupts.Next, work) != work)
        {
            var isInterrupt = await _interrupts.Next == PosixSignal.SIGINT;
            _interrupts.Forget();
            var choice = isInterrupt ? await ChooseAsync(what) : 'd';
            try
            {
                if (choice == 'c')
                {
                    await what.CancelAsync();
                    app.Screen.Note("cancelling", what.Cancelling);
                }
            }
            catch
            {
                await StopAsync(work, stop);
                throw;
            }
            if (choice != 'd')
                continue;
            await StopAsync(work, stop);
            app.Screen.Note("detached", what.Detached);
            return isInterrupt && !app.Screen.MayAsk ? ExitCodes.Interrupted : ExitCodes.Done;
        }
        return null;
    }

    private async Task<char> ChooseAsync(Followed what)
    {
        if (onInterrupt is OnInterrupt.Cancel)
            return 'c';
        if (onInterrupt is OnInterrupt.Detach || !app.Screen.MayAsk || app.Json)
            return 'd';
        var question = Task.Run(() =>
            app.Screen.Ask($"\n{what.Where}. [d]etach, [c]ancel it, or [k]eep following?", "dckr")
        );
        // End of input and a second Ctrl-C mean: let me go.
        return await Task.WhenAny(question, _interrupts.Next) == question ? await question ?? 'd' : 'd';
    }

    private static async Task StopAsync(Task work, CancellationTokenSource stop)
    {
        await stop.CancelAsync();
        try
        {
            await work;
        }
        catch (OperationCanceledException) { }
    }

    private static OnInterrupt Wrong(ArgumentResult result)
    {
        result.AddError($"--on-interrupt takes ask, detach or cancel, not '{result.Tokens[0].Value}'");
        return OnInterrupt.Ask;
    }
}
