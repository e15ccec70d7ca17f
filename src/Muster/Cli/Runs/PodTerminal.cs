using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Muster.Cli.Terminal;
using Muster.Shell;
using Muster.Sites.Clouds.Kubernetes;

namespace Muster.Cli.Runs;

/// <summary>This terminal in the place of one in a pod: keys, what is shown, and the size.</summary>
internal static class PodTerminal
{
    /// <returns>The exit code of what ran there.</returns>
    [UnsupportedOSPlatform("windows")]
    public static async Task<int> RunAsync(PodHost pod, ShellText text, CancellationToken ct)
    {
        await using var there = await pod.OpenTerminalAsync(text, RunTerminal.Kind, ct);
        int code;
        using (var here = new RawTerminal())
        {
            using var end = CancellationTokenSource.CreateLinkedTokenSource(ct);
            using var changes = new SemaphoreSlim(1); // the first size is one, too
            using var resized = PosixSignalRegistration.Create(PosixSignal.SIGWINCH, _ => changes.Release());
            var sizing = ResizeAsync(there, changes, end.Token);
            // Not waited for: nobody can interrupt a read of the keys, and the program ends after this.
            _ = Task.Run(() => TypeAsync(here.Keys, there.Input), CancellationToken.None);
            await using (var screen = Console.OpenStandardOutput())
                await there.Output.CopyToAsync(screen, ct);
            code = await there.ExitCodeAsync(ct);
            await end.CancelAsync();
            await sizing;
        }
        return code is PodProcess.Unknown ? throw pod.Broken("") : code;
    }

    private static async Task TypeAsync(Stream keys, Stream input)
    {
        var buffer = new byte[4096];
        try
        {
            while (await keys.ReadAsync(buffer) is > 0 and var count)
                await input.WriteAsync(buffer.AsMemory(0, count));
        }
        catch (Exception gone) when (gone is IOException or ObjectDisposedException) { } // it has ended
    }

    [UnsupportedOSPlatform("windows")]
    private static async Task ResizeAsync(PodProcess there, SemaphoreSlim changes, CancellationToken ct)
    {
        try
        {
            while (true)
            {
                await changes.WaitAsync(ct);
                var (rows, columns) = RawTerminal.Size;
                await there.ResizeAsync(rows, columns, ct);
            }
        }
        catch (Exception gone) when (gone is IOException or OperationCanceledException or ObjectDisposedException) { }
    }
}
