using System.Diagnostics;
using Muster.Hosts;
using Muster.Sites.Reading;

namespace Muster.Sites;

/// <summary>The lab's sites, opened with connections of their own, and its faults, mended at the end.</summary>
internal sealed class LabSites : IAsyncDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("m-");
    private readonly List<OpenSite> _opened = [];
    private readonly List<string> _broken = [];

    /// <summary>Where the running lab keeps its files; null when there is none.</summary>
    private static string? Run { get; } =
        Environment.GetEnvironmentVariable("MUSTER_LAB_RUN") is { Length: > 0 } named ? named : Above();

    public LabSites() =>
        Assert.True(
            Run is not null && File.Exists(Path.Combine(Run, "muster.yaml")),
            "the lab is not up: tests/lab/lab up"
        );

    public string State => _folder.FullName;

    public Site Site(string name) =>
        ConfigReader
            .Read(
                new(
                    _folder.FullName,
                    new Dictionary<string, string>
                    {
                        ["MUSTER_CONFIG"] = Path.Combine(Run!, "muster.yaml"),
                        ["HOME"] = _folder.FullName,
                    }
                )
            )
            .Get(name);

    public OpenSite Open(Site site)
    {
        var open = new OpenSite(
            site,
            new(_folder.FullName, _folder.FullName, Path.Combine(_folder.FullName, "s"), MayAsk: false),
            TimeProvider.System
        );
        _opened.Add(open);
        return open;
    }

    public async Task BreakAsync(string host, string fault)
    {
        _broken.Add(host);
        await LabAsync("fault", fault, host);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var host in _broken)
            await LabAsync("mend", host);
        foreach (var site in _opened)
        {
            foreach (var name in site.HostNames)
                await ((OpenSshHost)site.HostOf(name)).GiveUpConnectionAsync();
        }
        _folder.Delete(recursive: true);
    }

    private static async Task LabAsync(params string[] words)
    {
        using var process = Process.Start(
            new ProcessStartInfo(Path.Combine(Path.GetDirectoryName(Run)!, "lab"), words)
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            }
        )!;
        var said = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"lab {string.Join(' ', words)}: {await said}");
    }

    private static string? Above()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var run = Path.Combine(folder.FullName, "tests", "lab", "run");
            if (Directory.Exists(run))
                return run;
        }
        return null;
    }
}
