using System.Diagnostics;
using Muster.Clouds;
using Muster.Clouds.Hetzner;

namespace Muster.Cli.Sites;

/// <summary>The three commands that take a reader from a token to a site that is known to work.</summary>
public sealed class CloudSiteCommandTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("muster-cloud-");

    public void Dispose() => _folder.Delete(recursive: true);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_site_is_added_checked_and_priced_and_a_plan_for_it_makes_nothing()
    {
        var world = new World(TimeProvider.System, seed: 1);
        await using var server = await StandIn.StartAsync(world, new HetznerProvider(world));
        string[] add =
        [
            "sites",
            "add",
            "burst",
            "--kind",
            "cloud",
            "--set",
            "provider=hetzner",
            "--set",
            "token=${HCLOUD_TOKEN}",
            "--set",
            "machines=[cx22,cx42]",
            "--set",
            $"endpoint={server.Address}v1",
            "--file",
            "muster.yaml",
        ];
        Assert.Equal(0, (await RunAsync(HetznerProvider.Token, add)).Code);
        var text = await File.ReadAllTextAsync(Path.Combine(_folder.FullName, "muster.yaml"), Ct);
        Assert.DoesNotContain(HetznerProvider.Token, text, StringComparison.Ordinal);

        var check = await RunAsync(HetznerProvider.Token, "sites", "check", "burst");
        Assert.Equal(0, check.Code);
        Assert.Contains("cx22: 0.008 EUR an hour in fsn1, nbg1, hel1", check.Output, StringComparison.Ordinal);

        var wrong = await RunAsync("wrong-wrong-wrong-wrong", "sites", "check", "burst");
        Assert.Equal(1, wrong.Code);
        Assert.Contains("HCLOUD_TOKEN", wrong.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("wrong-wrong", wrong.Output, StringComparison.Ordinal);

        var shown = await RunAsync(HetznerProvider.Token, "config", "show", "--json");
        Assert.DoesNotContain(HetznerProvider.Token, shown.Output, StringComparison.Ordinal);

        var dry = await RunAsync(HetznerProvider.Token, "submit", "-s", "burst", "--dry-run", "--", "true");
        Assert.Equal(0, dry.Code);
        var roles = await RunAsync(HetznerProvider.Token, "submit", "-s", "burst", "--role", "w=2", "--", "true");
        Assert.Equal(1, roles.Code);
        Assert.Contains("makes one machine for each run", roles.Output, StringComparison.Ordinal);
        var gpus = await RunAsync(HetznerProvider.Token, "submit", "-s", "burst", "--gpus", "1", "--", "true");
        Assert.Contains("machines of burst have 0 GPUs", gpus.Output, StringComparison.Ordinal);
        var unasked = await RunAsync("wrong-wrong-wrong", "submit", "-s", "burst", "--no-snapshot", "--", "true");
        Assert.Equal(1, unasked.Code);
        Assert.DoesNotContain("wrong-wrong", unasked.Output, StringComparison.Ordinal);
        Assert.Empty(world.Machines);
    }

    private async Task<(int Code, string Output)> RunAsync(string token, params string[] words)
    {
        var start = new ProcessStartInfo(MusterProgram.Path, words)
        {
            WorkingDirectory = _folder.FullName,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["HOME"] = _folder.FullName;
        start.Environment["XDG_STATE_HOME"] = Path.Combine(_folder.FullName, "state");
        start.Environment["XDG_CONFIG_HOME"] = Path.Combine(_folder.FullName, "config");
        start.Environment["HCLOUD_TOKEN"] = token;
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync(Ct);
        var output = await process.StandardOutput.ReadToEndAsync(Ct);
        await process.WaitForExitAsync(Ct);
        return (process.ExitCode, output + await errors);
    }
}
