using Muster.Cli.Terminal;
using Muster.Runs;

namespace Muster.Cli.Context;

/// <summary>
/// Standard input as a file of a run: read to its end before anything is sent, so a broken link changes nothing, and
/// kept, so that another time reads the same.
/// </summary>
internal static class KeptInput
{
    public static PlannedStdin For(App app, RunId id) => new(Path.Combine(FolderOf(app), id.ToString(), "input"));

    private static string FolderOf(App app) => Path.Combine(app.Folders.State, "stdin");

    /// <summary>A plan may have been found on a site, and name any file; what is ours lies here.</summary>
    private static IEnumerable<FileInfo> All(App app) =>
        Directory.Exists(FolderOf(app))
            ? Directory
                .GetDirectories(FolderOf(app))
                .Select(folder => new FileInfo(Path.Combine(folder, "input")))
                .Where(file => file.Exists)
            : [];

    /// <summary>What is kept for these runs, and will be read again by no other.</summary>
    /// <param name="mayReadAgain">Of the others, those that count.</param>
    /// <param name="age">Also what no run knows, as its submission was killed, once it is so old.</param>
    public static IReadOnlyList<PlannedStdin> OnlyOf(
        App app,
        IReadOnlyList<Run> going,
        Func<Run, bool> mayReadAgain,
        TimeSpan? age
    )
    {
        var files = All(app).ToList();
        if (files.Count == 0)
            return [];
        var others = app
            .Store.Live()
            .Concat(app.Store.Ended(int.MaxValue))
            .Where(run => run.Plan.Stdin is not null && going.All(gone => gone.Id != run.Id))
            .ToList();
        var theirs = going.Select(run => run.Plan.Stdin?.Path).OfType<string>().ToHashSet();
        var known = others.Select(run => run.Plan.Stdin!.Path).Concat(theirs).ToHashSet();
        var needed = others.Where(mayReadAgain).Select(run => run.Plan.Stdin!.Path).ToHashSet();
        var since = app.Clock.GetUtcNow() - age;
        return
        [
            .. files
                .Where(file =>
                    known.Contains(file.FullName)
                        ? theirs.Contains(file.FullName) && !needed.Contains(file.FullName)
                        : new DateTimeOffset(file.LastWriteTimeUtc) < since
                )
                .Select(file => new PlannedStdin(file.FullName) { Bytes = file.Length }),
        ];
    }

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
