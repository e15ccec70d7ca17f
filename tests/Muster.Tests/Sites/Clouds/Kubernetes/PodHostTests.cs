using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Muster.Clouds;
using Muster.Clouds.Kubernetes;
using Muster.Faults;
using Muster.Hosts;
using Muster.Shell;

namespace Muster.Sites.Clouds.Kubernetes;

/// <summary>A pod as a host: real processes behind the stand-in's sockets.</summary>
public sealed class PodHostTests : IAsyncLifetime
{
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("muster-kube-");
    private readonly World _world = new(TimeProvider.System, seed: 6);
    private KubeProvider _cluster = null!;
    private StandIn _server = null!;
    private KubeCloud _cloud = null!;
    private MachineOrder _order = null!;
    private IHost _pod = null!;

    public async ValueTask InitializeAsync()
    {
        _cluster = new(_world) { Folder = Path.Combine(_folder.FullName, "pods") };
        _server = await StandIn.StartAsync(_world, _cluster);
        _cloud = new(
            KubeSites.Settings(_folder.FullName, KubeSites.WriteConfig(_folder.FullName, _server.Address)),
            TimeProvider.System
        );
        _order = CloudOrders.New("lab", "1cpu-1Gi", "ubuntu:24.04") with { UserData = """["sleep","600"]""" };
        await _cloud.CreateAsync(_order, Ct);
        var machine = await _cloud.GetAsync("lab", _order.Name, Ct);
        _pod = _cloud.HostOf(_order.Name, "lab", machine!.PublicAddress!);
    }

    public async ValueTask DisposeAsync()
    {
        _cloud.Dispose();
        await _server.DisposeAsync();
        _cluster.Dispose();
        _folder.Delete(recursive: true);
    }

    [Fact]
    public async Task Scripts_run_with_their_input_output_words_and_exit_code()
    {
        var answer = await _pod.RunAsync($"echo out; echo err >&2; exit 7", Ct);
        Assert.Equal((7, "out\n", "err"), (answer.ExitCode, answer.Output, answer.Said));

        // Whoever reads to the end of the input is told that it has come.
        answer = await _pod.RunAsync($"wc -c; echo {"it's done"}", "12345", Ct);
        Assert.Equal("5\nit's done\n", answer.Output.TrimStart());
    }

    [Fact]
    public async Task Bytes_go_both_ways_unchanged_however_many()
    {
        var bytes = RandomNumberGenerator.GetBytes(9 << 20);
        await using var channel = await _pod.OpenAsync(ShellText.Of($"cat"), Ct);
        var writing = Task.Run(
            async () =>
            {
                await channel.Input.WriteAsync(bytes, Ct);
                channel.Input.Close();
            },
            Ct
        );
        using var back = new MemoryStream();
        await channel.Output.CopyToAsync(back, Ct);
        await writing;
        Assert.Equal(bytes, back.ToArray());
        Assert.Equal(0, (await channel.EndAsync(Ct)).ExitCode);
    }

    [Fact]
    public async Task A_socket_that_breaks_is_a_broken_connection_and_no_end_of_the_script()
    {
        _world.Faults.Next("exec", Stumble.CutWithin);
        var fault = await Assert.ThrowsAsync<HostUnreachableException>(() =>
            _pod.RunAsync($"echo out; sleep 1; echo more", Ct)
        );
        Assert.True(fault.MayPass);
        Assert.Equal("again\n", (await _pod.RunAsync($"echo again", Ct)).Output);
    }

    [Fact]
    public async Task A_pod_that_is_gone_and_a_right_that_is_missing_are_told_apart()
    {
        _cluster.Forbidden.Add("create pods/exec");
        var refused = await Assert.ThrowsAsync<HostUnreachableException>(() => _pod.RunAsync($"true", Ct));
        Assert.Equal(ContactFault.Refused, refused.Fault);
        Assert.Contains("pods/exec", refused.Fix, StringComparison.Ordinal);
        _cluster.Forbidden.Clear();

        while (!await _cloud.DestroyAsync((await _cloud.GetAsync("lab", _order.Name, Ct)) ?? Gone(), Ct)) { }
        var gone = await Assert.ThrowsAsync<HostUnreachableException>(() => _pod.RunAsync($"true", Ct));
        Assert.Equal(ContactFault.Silent, gone.Fault);

        CloudMachine Gone() =>
            new()
            {
                Id = _order.Name,
                Name = _order.Name,
                Place = "lab",
                Type = "1cpu-1Gi",
                State = CloudState.Deleting,
                Word = "",
            };
    }

    [Fact]
    public async Task Ports_of_the_pod_are_reached_and_one_that_nobody_listens_on_says_so()
    {
        var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        var serving = Task.Run(
            async () =>
            {
                using var client = await listener.AcceptTcpClientAsync(Ct);
                var stream = client.GetStream();
                var asked = new byte[4];
                await stream.ReadExactlyAsync(asked, Ct);
                await stream.WriteAsync(asked, Ct);
                await stream.WriteAsync(new byte[3 << 20], Ct);
            },
            Ct
        );
        await using (var way = await _pod.ConnectAsync("127.0.0.1", port, Ct))
        {
            await way.WriteAsync("ping"u8.ToArray(), Ct);
            using var back = new MemoryStream();
            await way.CopyToAsync(back, Ct);
            Assert.Equal(4 + (3 << 20), back.Length);
            Assert.Equal("ping"u8, back.ToArray().AsSpan(0, 4));
        }
        await serving;
        listener.Stop();

        await using var nowhere = await _pod.ConnectAsync("127.0.0.1", port, Ct);
        var fault = await Assert.ThrowsAsync<IOException>(() => nowhere.ReadExactlyAsync(new byte[1], Ct).AsTask());
        Assert.Contains($"port {port}", fault.Message, StringComparison.Ordinal);
    }
}
