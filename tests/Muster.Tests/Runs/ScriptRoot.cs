using System.Diagnostics;
using Muster.Runs.Submit;

namespace Muster.Runs;

/// <summary>A site's root on this machine, in which runs are laid out for the real scripts.</summary>
internal sealed class ScriptRoot : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("muster-scripts-");

    public string FullName => _root.FullName;

    public void Dispose()
    {
        // A supervisor has still to leave when its last record is there.
        while (Sh($"pgrep -f [/]{FullName[1..]}/runs || :").Length > 0)
            Thread.Yield();
        _root.Delete(recursive: true);
    }

    public string Folder(RunPlan plan, string? host = null) =>
        Path.Combine(FullName, "runs", plan.FolderOn(host ?? plan.Host));

    /// <summary>Lays a run out, so that it can be launched.</summary>
    public void Lay(RunPlan plan, string? host = null)
    {
        var folder = Folder(plan, host);
        foreach (var name in (string[])["code", "in", "out", "logs", "status"])
            Directory.CreateDirectory(Path.Combine(folder, name));
        foreach (var file in RunFiles.For(plan, new Dictionary<string, string>(), host))
            File.WriteAllText(Path.Combine(folder, file.Name), file.Text);
        File.WriteAllText(Path.Combine(folder, "status", "staged"), "");
    }

    public bool HasEnded(RunPlan plan) => File.Exists(Path.Combine(Folder(plan), "status", "ended"));

    public static async Task UntilAsync(Func<Task<bool>> done)
    {
        for (var began = Stopwatch.GetTimestamp(); !await done(); )
        {
            Assert.True(Stopwatch.GetElapsedTime(began).TotalSeconds < 60, "not within a minute");
            await Task.Delay(50, TestContext.Current.CancellationToken);
        }
    }

    public static string Sh(string script)
    {
        using var process = Process.Start(
            new ProcessStartInfo("sh", ["-c", script]) { RedirectStandardOutput = true }
        )!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return output;
    }
}
