using System.Text.Json;
using Muster.Clouds;
using Muster.Clouds.Hetzner;

namespace Muster.Sites.Clouds;

/// <summary>
/// `muster submit -s burst`: machines of the stand-in, each a real sshd behind an address of its own.
/// </summary>
public sealed class CloudRunTests : IAsyncDisposable
{
    private readonly Lab _lab = new();
    private readonly RealMachines _real = new(Path.Combine(Lab.Repository, "tests", "lab", "machine"));
    private readonly World _world;
    private StandIn? _server;

    public CloudRunTests() => _world = new(TimeProvider.System, seed: Environment.ProcessId + 2) { Real = _real };

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
            await _server.DisposeAsync();
        _real.Dispose();
        _lab.Dispose();
    }

    [Fact]
    public async Task A_run_makes_its_machine_brings_its_results_and_log_home_and_gives_it_back()
    {
        await StartAsync();
        var answer = Submit(["--keep", "10m"], "echo from the machine; echo result >$MUSTER_OUT/r.txt");
        Assert.Equal(0, answer.ExitCode);
        Assert.Contains("from the machine", answer.Output, StringComparison.Ordinal);
        Assert.Contains("0.008 EUR an hour", answer.Said, StringComparison.Ordinal);
        Assert.Equal("result\n", await File.ReadAllTextAsync(Path.Combine(_lab.Code, "muster-out/sh/r.txt"), Ct));
        Assert.Contains(
            Directory.EnumerateFiles(_lab.Code, "main.0.out", SearchOption.AllDirectories),
            log => File.ReadAllText(log) == "from the machine\n"
        );

        // The next run takes the same machine, and the one after a type that it is not.
        var first = Assert.Single(Machines()).GetProperty("name").GetString()!;
        Assert.Contains($"on {first}, which was kept", Submit([], "true").Said, StringComparison.Ordinal);
        Assert.Equal(0, _lab.Muster("sites", "give-back", "burst", first, "--yes").ExitCode);
        Lab.Until(
            () => _lab.Muster("ps").ExitCode == 0 && !_world.Bill.Running("hetzner").Any(),
            "the machine is gone at the provider",
            60
        );
        Assert.Contains("\"cost\":0.008", _lab.Muster("cost", "--json").Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_killed_submission_or_another_laptop_has_left_is_found()
    {
        await StartAsync();
        using (var submitting = _lab.Start("submit", "-s", "burst", "--", "true"))
        {
            submitting.ErrorDataReceived += (_, _) => { };
            submitting.BeginErrorReadLine();
            Lab.Until(() => _world.Bill.Running("hetzner").Any(), "the machine was made", 60);
            // Another terminal sees how far it is.
            Lab.Until(
                () => _lab.Muster("why", "last").Output.Contains("waits for its machine", StringComparison.Ordinal),
                "it says that its machine is being made"
            );
            Assert.Contains("planned", _lab.Muster("ps", "--cached").Output, StringComparison.Ordinal);
            submitting.Kill();
            await submitting.WaitForExitAsync(Ct);
        }
        // Its run was never sent, so the next look at the runs gives the machine back.
        Lab.Until(
            () => _lab.Muster("ps").ExitCode == 0 && !_world.Bill.Running("hetzner").Any(),
            "the machine is gone at the provider",
            120
        );

        Assert.Equal(0, Submit(["--detach"], "sleep 600").ExitCode);
        var made = Assert.Single(_world.Bill.Running("hetzner"), id => !id.StartsWith("ip ", StringComparison.Ordinal));
        var fleet = JsonDocument
            .Parse(_lab.Muster("sites", "sweep", "burst", "--dry-run", "--json").Output)
            .RootElement.GetProperty("sites")[0]
            .GetProperty("fleet")
            .GetString()!;
        _lab.Set("XDG_STATE_HOME", Path.Combine(_lab.Folder, "another-laptop"));
        Assert.Contains(made, _lab.Muster("sites", "sweep", "burst", "--fleet", fleet, "--dry-run", "--json").Output);
        _lab.Muster("sites", "sweep", "burst", "--fleet", fleet).IsFault(1, "would be removed");
        Assert.Contains(made, _world.Bill.Running("hetzner"));
        Assert.Equal(0, _lab.Muster("sites", "sweep", "burst", "--fleet", fleet, "--yes").ExitCode);
        Assert.Empty(_world.Bill.Running("hetzner"));
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private Answer Submit(IEnumerable<string> options, string script) =>
        _lab.Muster([.. (string[])["submit", "-s", "burst"], .. options, "--", "sh", "-c", script]);

    private JsonElement.ArrayEnumerator Machines() =>
        JsonDocument
            .Parse(_lab.Muster("sites", "machines", "--json").Output)
            .RootElement.GetProperty("machines")
            .EnumerateArray();

    private async Task StartAsync()
    {
        _server = await StandIn.StartAsync(
            _world,
            new HetznerProvider(_world)
            {
                CreateTakes = TimeSpan.FromSeconds(0.5),
                StartTakes = TimeSpan.FromSeconds(0.5),
                DeleteTakes = TimeSpan.FromSeconds(0.5),
            }
        );
        var config = Path.Combine(_lab.Folder, "muster.yaml");
        await File.WriteAllTextAsync(
            config,
            $$"""
            sites:
              burst:
                kind: cloud
                provider: hetzner
                token: ${HCLOUD_TOKEN}
                endpoint: {{new Uri(_server.Address, "/v1/")}}
                machines: [cx22, cx42]
                limit: 2
                swap: 0
            """,
            Ct
        );
        _lab.Set("MUSTER_CONFIG", config);
        _lab.Set("HCLOUD_TOKEN", HetznerProvider.Token);
    }
}
