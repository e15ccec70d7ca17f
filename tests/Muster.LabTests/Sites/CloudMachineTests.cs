using System.Diagnostics;
using Muster.Clouds;
using Muster.Clouds.Hetzner;
using Muster.Sites.Clouds.Hetzner;

namespace Muster.Sites.Clouds;

/// <summary>
/// A machine that the stand-in makes in earnest: an sshd behind an address of its own, with the host key and the lease
/// that our user data brought.
/// </summary>
public sealed class CloudMachineTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("muster-machine-");

    public void Dispose() => _folder.Delete(recursive: true);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task It_is_known_by_its_key_from_the_first_connection_and_goes_off_when_nobody_renews_its_lease()
    {
        Keygen("key");
        using var real = new RealMachines(Path.Combine(Lab.Repository, "tests", "lab", "machine"));
        var world = new World(TimeProvider.System, seed: Environment.ProcessId) { Real = real };
        var hetzner = new HetznerProvider(world)
        {
            CreateTakes = TimeSpan.FromSeconds(0.5),
            StartTakes = TimeSpan.FromSeconds(0.5),
            DeleteTakes = TimeSpan.FromSeconds(0.5),
        };
        await using var server = await StandIn.StartAsync(world, hetzner);
        using var cloud = new HetznerCloud(Settings(server), new([]), TimeProvider.System);
        var host = HostKey.New();
        var publicKey = (await File.ReadAllTextAsync(At("key.pub"), Ct)).Trim();
        var made = Assert.IsType<CreateAnswer.Made>(await cloud.CreateAsync(Order(host, publicKey), Ct)).Machine;
        try
        {
            // The key alone decides, under a name that no other machine has.
            Know(made, host);
            await UntilAsync(async () => (await SshAsync(made, "cloud-init status --wait")).Code == 0);
            Assert.Equal(made.Name, (await SshAsync(made, "hostname")).Output);
            Know(made, HostKey.New());
            var stranger = await SshAsync(made, "true");
            Assert.Equal(255, stranger.Code);
            Assert.Contains("Host key verification failed", stranger.Errors, StringComparison.Ordinal);
            Know(made, host);

            var booting = await SshAsync(made, "muster-lease show");
            Assert.InRange(Number(booting.Output), 1, 900);
            Assert.Equal(0, (await SshAsync(made, "muster-lease renew 3000")).Code);
            Assert.InRange(Number((await SshAsync(made, "muster-lease show")).Output), 901, 3000);
            Assert.Equal("600", (await SshAsync(made, "stat -c %a /etc/muster/lease.conf")).Output);

            Assert.Equal(0, (await SshAsync(made, "muster-lease renew 0")).Code);
            await UntilAsync(async () => (await cloud.GetAsync(made.Place, made.Id, Ct))?.State is CloudState.Stopped);
            // Off, and not gone: it is still on the bill.
            Assert.Contains(made.Id, world.Bill.Running("hetzner"));
        }
        finally
        {
            await UntilAsync(async () => await EndAsync(cloud, made));
        }
        Assert.Empty(world.Bill.Running("hetzner"));
        Assert.DoesNotContain(made.Name[^8..], await OutputAsync("ip", "netns", "list"), StringComparison.Ordinal);
        Assert.DoesNotContain(made.Name[^8..], await OutputAsync("ip", "link"), StringComparison.Ordinal);
    }

    private static MachineOrder Order(HostKey host, string publicKey)
    {
        var until = TimeProvider.System.GetUtcNow().AddHours(1);
        var lease = new LeaseTimes(TimeSpan.FromMinutes(15), TimeSpan.FromHours(1), until);
        return new()
        {
            Id = Guid.CreateVersion7(),
            Attempt = 1,
            Fleet = "4be1c02a77d9",
            Until = until,
            Place = "fsn1",
            Type = "cx22",
            Image = "ubuntu-24.04",
            UserData = UserData.For(host, publicKey, lease, []),
            PublicKey = publicKey,
        };
    }

    private static CloudSettings Settings(StandIn server) =>
        new()
        {
            Site = "burst",
            Provider = CloudProvider.Hetzner,
            Folder = "/",
            Machines = [new(null, "cx22")],
            Limit = 1,
            Image = "ubuntu-24.04",
            Endpoint = new(server.Address, "/v1/"),
            Token = new(HetznerProvider.Token, "HCLOUD_TOKEN"),
        };

    private static async Task<bool> EndAsync(HetznerCloud cloud, CloudMachine machine)
    {
        try
        {
            return await cloud.DestroyAsync(machine, Ct);
        }
        catch (CloudException fault) when (fault.Fault is CloudFault.Busy)
        {
            return false;
        }
    }

    private void Know(CloudMachine machine, HostKey host) =>
        File.WriteAllText(At("known_hosts"), $"{machine.Name} {host.PublicText}\n");

    private Task<(int Code, string Output, string Errors)> SshAsync(CloudMachine machine, string command) =>
        RunAsync(
            "ssh",
            "-F",
            "/dev/null",
            "-i",
            At("key"),
            "-o",
            "BatchMode=yes",
            "-o",
            "StrictHostKeyChecking=yes",
            "-o",
            "ConnectTimeout=5",
            "-o",
            $"UserKnownHostsFile={At("known_hosts")}",
            "-o",
            $"HostKeyAlias={machine.Name}",
            $"root@{machine.PublicAddress}",
            command
        );

    private void Keygen(string name)
    {
        using var keygen = Process.Start("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", At(name)]);
        keygen.WaitForExit();
        Assert.Equal(0, keygen.ExitCode);
    }

    private static async Task<string> OutputAsync(string program, params string[] words) =>
        (await RunAsync(program, words)).Output;

    private static async Task<(int Code, string Output, string Errors)> RunAsync(string program, params string[] words)
    {
        using var process = Process.Start(
            new ProcessStartInfo(program, words) { RedirectStandardOutput = true, RedirectStandardError = true }
        )!;
        var errors = process.StandardError.ReadToEndAsync(Ct);
        var output = await process.StandardOutput.ReadToEndAsync(Ct);
        await process.WaitForExitAsync(Ct);
        return (process.ExitCode, output.Trim(), await errors);
    }

    private static async Task UntilAsync(Func<Task<bool>> done)
    {
        for (var i = 0; i < 240; i++)
        {
            if (await done())
                return;
            await Task.Delay(500, Ct);
        }
        Assert.Fail("it did not happen within two minutes");
    }

    private static int Number(string text) => int.Parse(text, System.Globalization.CultureInfo.InvariantCulture);

    private string At(string name) => Path.Combine(_folder.FullName, name);
}
