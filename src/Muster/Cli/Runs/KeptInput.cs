using Muster.Cli.Context;
using Muster.Cli.Terminal;
using Muster.Runs;

namespace Muster.Cli.Runs;

/// <summary>
/// Standard input as a file of a run: read to its end before anything is sent, so a broken link changes nothing, and
/// kept, so that another time reads the same.
/// </summary>
internal static class KeptInput
{
    public static PlannedStdin For(App app, RunId id) =>
        new(Path.Combine(app.Folders.State, "stdin", id.ToString(), "input"));

    public static async Task<PlannedStdin> ReadAsync(App app, PlannedStdin planned, CancellationToken ct)
    {
        if (!Console.IsInputRedirected)
            app.Screen.Note("input", "reading standard input to its end; Ctrl-D ends it");
        Directory.CreateDirectory(Path.GetDirectoryName(planned.Path)!);
        try
        {
            // Nobody can interrupt a read of a terminal or a pipe; so it is left alone, and ends with this process.
            var bytes = await Task.Run(() => Copy(app, planned.Path), ct).WaitAsync(ct);
            app.Screen.Note("input", $"{Words.Size(bytes)} from standard input");
            return planned with { Bytes = bytes };
        }
        catch
        {
            Forget(planned);
            throw;
        }
    }

    /// <summary>Of a run that was not submitted.</summary>
    public static void Forget(PlannedStdin planned)
    {
        try
        {
            Directory.Delete(Path.GetDirectoryName(planned.Path)!, recursive: true);
        }
        catch (IOException) { } // it is only in the way of nobody
    }

    private static long Copy(App app, string path)
    {
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using var from = Console.OpenStandardInput();
        using var to = new FileStream(path, options);
        var buffer = new byte[1 << 17];
        long all = 0;
        for (int read; (read = from.Read(buffer)) > 0; all += read)
        {
            to.Write(buffer, 0, read);
            app.Screen.Passing($"reading standard input: {Words.Size(all + read)}");
        }
        return all;
    }
}
