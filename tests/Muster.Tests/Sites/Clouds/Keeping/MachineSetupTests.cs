using Muster.Faults;
using Muster.Hosts;
using Muster.Shell;

namespace Muster.Sites.Clouds.Keeping;

/// <summary>On this machine, where the commands of an image are small scripts that note their calls.</summary>
public sealed class MachineSetupTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("muster-setup-");

    public MachineSetupTests()
    {
        foreach (var name in (string[])["muster-lease", "cloud-init", "fallocate", "mkswap", "swapon"])
            Command(name, "");
        Command("sudo", "shift; exec \"$@\"");
        Command("curl", $"echo 'echo it ran >>{_folder.FullName}/calls'");
        Command("docker", $"echo \"with $(cat)\" >>{_folder.FullName}/calls");
        Command("podman", "");
        Command("nvidia-smi", "echo 'GPU 0: one'; echo 'GPU 1: another'");
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private string Calls =>
        File.ReadAllText(Path.Combine(_folder.FullName, "calls")).Replace("sudo -n", "", StringComparison.Ordinal);

    private void Command(string name, string text)
    {
        var path = Path.Combine(_folder.FullName, name);
        File.WriteAllText(
            path,
            $"#!/bin/sh\n[ {name} = sudo ] || echo \"{name} $*\" >> {_folder.FullName}/calls\n{text}\n"
        );
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    private async Task<List<string>> RunAsync(MachineSetup setup)
    {
        var said = new List<string>();
        await setup.RunAsync(new PreparedHost(_folder.FullName), said.Add, TestContext.Current.CancellationToken);
        return said;
    }

    [Fact]
    public async Task The_lease_is_renewed_before_anything_that_takes_long()
    {
        Assert.Equal(
            [
                "waiting for cloud-init",
                "installing Docker by https://example.org/docker.sh",
                "swap",
                "signing in to registry.example.org as me",
                "looking for 2 GPUs",
            ],
            await RunAsync(
                new()
                {
                    Lease = TimeSpan.FromMinutes(15),
                    EngineScript = "https://example.org/docker.sh",
                    Registry = new("registry.example.org", "me", new("s3cret", "a test")),
                    Swap = 0.5m,
                    Gpus = 2,
                }
            )
        );
        // Where this machine has a swap file of its own, it stays.
        var swap = File.Exists("/swapfile") ? "" : @"fallocate -l \d+M /swapfile\nmkswap /swapfile\nswapon /swapfile\n";
        Assert.Matches(
            $@"^muster-lease renew 900\ncloud-init status --wait\ncurl -fsSL \S+\nit ran\n{swap}"
                + @"docker login -u me --password-stdin registry.example.org\nwith s3cret\n"
                + @"podman login -u me --password-stdin registry.example.org\nnvidia-smi -L\n$",
            Calls
        );
    }

    [Fact]
    public async Task A_step_that_fails_says_what_it_printed()
    {
        Command("curl", "echo no such address >&2; exit 22");
        Command("wget", "exit 8");
        var setup = new MachineSetup { Lease = TimeSpan.FromMinutes(15), EngineScript = "https://example.org/x" };
        var fault = await Assert.ThrowsAsync<UserException>(() => RunAsync(setup));
        Assert.Contains("installing Docker by https://example.org/x: no such address", fault.Message);

        fault = await Assert.ThrowsAsync<UserException>(() => RunAsync(new() { Lease = setup.Lease, Gpus = 4 }));
        Assert.Contains("2 of 4 GPUs found", fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1, true)]
    [InlineData(2, false)]
    public async Task What_cloud_init_could_not_do_counts_only_where_it_crashed(int code, bool fails)
    {
        Command("cloud-init", $"exit {code}");
        var setup = new MachineSetup { Lease = TimeSpan.FromMinutes(15) };
        if (fails)
            await Assert.ThrowsAsync<UserException>(() => RunAsync(setup));
        else
            await RunAsync(setup);
    }

    /// <summary>Read by the real client: it takes no key but the machine's own.</summary>
    [Fact]
    public async Task A_machine_is_reached_under_its_own_name_with_its_own_key()
    {
        var access = new MachineAccess(_folder.FullName, _folder.FullName, "/keys/fleet", "root");
        var record = MachineLedgerTests.Line(new(TimeSpan.FromHours(1), TimeSpan.Zero), TimeSpan.Zero) with
        {
            HostKey = "ecdsa-sha2-nistp256 AAAA muster",
            Machine = new()
            {
                Id = "i-1",
                Name = "muster-000000000000",
                Place = "north",
                Type = "large",
                State = CloudState.Running,
                Word = "running",
                PublicAddress = "192.0.2.7",
                PrivateAddress = "10.0.0.7",
            },
        };
        var host = new OpenSshHost(access.Of(record), SshPatience.Usual);
        Assert.Equal("root@192.0.2.7", (await host.RouteAsync(TestContext.Current.CancellationToken)).ToString());
        var read = await new LocalHost().RunAsync(
            $"ssh -F {Path.Combine(_folder.FullName, record.Name + ".conf")} -G {record.Name}",
            TestContext.Current.CancellationToken
        );
        Assert.Contains("\nstricthostkeychecking true\n", read.Output, StringComparison.Ordinal);
        Assert.Contains("\nhostkeyalias muster-000000000000\n", read.Output, StringComparison.Ordinal);
        Assert.Contains("\nglobalknownhostsfile /dev/null\n", read.Output, StringComparison.Ordinal);
        Assert.Equal(
            "muster-000000000000 ecdsa-sha2-nistp256 AAAA muster\n",
            await File.ReadAllTextAsync(
                Path.Combine(_folder.FullName, record.Name + ".known"),
                TestContext.Current.CancellationToken
            )
        );
        Assert.Throws<UserException>(() => access.Of(record with { HostKey = null }));
        Assert.Equal("10.0.0.7", (await RouteAsync(access with { IsPrivate = true })).Address);

        access.Forget(record);
        Assert.Empty(_folder.GetFiles("muster-*.conf"));

        Task<SshRoute> RouteAsync(MachineAccess other) =>
            new OpenSshHost(other.Of(record), SshPatience.Usual).RouteAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>This machine, with other commands first on its path.</summary>
    private sealed class PreparedHost(string folder) : IHost
    {
        private readonly LocalHost _host = new();

        public string Name => "muster-1";

        public Task<ShellChannel> OpenAsync(ShellText script, CancellationToken ct) =>
            _host.OpenAsync(ShellText.Of($"PATH={folder}:$PATH; export PATH\n{script}"), ct);

        public Task<Stream> ConnectAsync(string address, int port, CancellationToken ct) =>
            _host.ConnectAsync(address, port, ct);
    }
}
