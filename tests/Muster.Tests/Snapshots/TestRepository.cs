using System.Diagnostics;
using System.Text;
using Muster.Transfers;

namespace Muster.Snapshots;

/// <summary>A real git repository in a folder of its own, with no settings of whoever runs the tests.</summary>
internal sealed class TestRepository : IDisposable
{
    private readonly DirectoryInfo _place = Directory.CreateTempSubdirectory("muster-test-");

    static TestRepository()
    {
        Environment.SetEnvironmentVariable("GIT_CONFIG_GLOBAL", "/dev/null");
        Environment.SetEnvironmentVariable("GIT_CONFIG_NOSYSTEM", "1");
        foreach (var who in new[] { "AUTHOR", "COMMITTER" })
        foreach (var what in new[] { "NAME", "EMAIL", "DATE" })
            Environment.SetEnvironmentVariable($"GIT_{who}_{what}", null);
    }

    public TestRepository(bool withFirstCommit = true)
    {
        Root = _place.CreateSubdirectory("repository").FullName;
        Git("init -q -b main");
        Git("config user.name Tester");
        Git("config user.email tester@example.org");
        if (!withFirstCommit)
            return;
        Write("main.py", "print('one')\n");
        Write("lib/util.py", "x = 1\n");
        Git("add -A");
        Git("commit -q -m first");
    }

    public string Root { get; }
    public string Beside => _place.FullName;
    public ContentCache Cache => new(Path.Combine(_place.FullName, "cache"));

    public string Git(string arguments) => Sh($"git {arguments}");

    public string Sh(string command)
    {
        var start = new ProcessStartInfo("sh", ["-ec", command])
        {
            WorkingDirectory = Root,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var said = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0
            ? output.TrimEnd('\n')
            : throw new InvalidOperationException($"{command}: {said.Result}");
    }

    public void Write(string path, string text)
    {
        var full = Path.Combine(Root, path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        File.WriteAllText(full, text);
    }

    /// <param name="same">The commit of an earlier snapshot.</param>
    public Task<Snapshot?> TakeAsync(string run = "run-1", string below = "", string? same = null) =>
        GitSnapshot.TakeAsync(
            Path.Combine(Root, below),
            new RunRef(run),
            same,
            Cache,
            TestContext.Current.CancellationToken
        );

    public async Task<Snapshot> GetAsync(string run = "run-1", string below = "", string? same = null) =>
        Assert.IsType<Snapshot>(await TakeAsync(run, below, same));

    // Not Directory.Delete: .NET cannot name a file whose name is not UTF-8.
    public void Dispose() => Process.Start("rm", ["-rf", _place.FullName]).WaitForExit();
}

internal static class SnapshotReading
{
    /// <summary>Path and content of every file of a snapshot.</summary>
    public static async Task<Dictionary<string, string>> FilesAsync(this Snapshot snapshot)
    {
        var files = new Dictionary<string, string>();
        foreach (var group in snapshot.Items.Where(item => item.IsFile).GroupBy(item => item.Source!))
        {
            await foreach (var open in group.Key.ReadAsync([.. group], TestContext.Current.CancellationToken))
            {
                using var content = new MemoryStream();
                await open.Bytes.CopyToAsync(content);
                Assert.Equal(open.Item.Size, content.Length);
                files[open.Item.Path.ToString()] = Encoding.UTF8.GetString(content.ToArray());
            }
        }
        return files;
    }
}
