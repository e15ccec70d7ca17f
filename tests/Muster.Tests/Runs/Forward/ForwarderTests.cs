using System.Net;
using System.Net.Sockets;
using Muster.Configuration;
using Muster.Sites;

namespace Muster.Runs.Forward;

public sealed class ForwarderTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("muster-forward-");
    private readonly TcpListener _viewer = new(IPAddress.Loopback, 0);

    public ForwarderTests() => _viewer.Start();

    public void Dispose()
    {
        _viewer.Dispose();
        _folder.Delete(recursive: true);
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private (Forwarder Forwarder, LocalPort Local) Forward()
    {
        var plan = Plans.Nothing();
        var places = new SitePlaces(_folder.FullName, _folder.FullName, _folder.FullName, MayAsk: false);
        var site = new OpenSite(new LocalSite { Name = "here", Origin = Origin.BuiltIn }, places, TimeProvider.System);
        var forwarder = new Forwarder(site, plan);
        // Another name than ours, so that the bytes are carried rather than the address told.
        var port = new SeenPort("web", "main.0", "elsewhere", "any", ((IPEndPoint)_viewer.LocalEndpoint).Port);
        return (forwarder, forwarder.Bring(port, null));
    }

    [Fact]
    public async Task A_client_that_is_reset_ends_the_way_to_the_port_though_nothing_comes_from_there()
    {
        var (forwarder, local) = Forward();
        await using var _ = forwarder;
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, local.Port, Ct);
        using var there = await _viewer.AcceptTcpClientAsync(Ct);
        client.LingerState = new(true, 0);
        client.Close();
        // A way that stays open would never say anything.
        Assert.Equal(0, await ReadAsync(there));
    }

    [Fact]
    public async Task A_client_that_has_said_all_still_gets_its_answer()
    {
        var (forwarder, local) = Forward();
        await using var _ = forwarder;
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, local.Port, Ct);
        using var there = await _viewer.AcceptTcpClientAsync(Ct);
        using var answer = new StreamReader(client.GetStream());
        client.Client.Shutdown(SocketShutdown.Send);
        Assert.Equal(0, await ReadAsync(there));
        await there.GetStream().WriteAsync("late"u8.ToArray(), Ct);
        there.Close();
        Assert.Equal("late", await answer.ReadToEndAsync(Ct).WaitAsync(TimeSpan.FromSeconds(20), Ct));
    }

    private static Task<int> ReadAsync(TcpClient client) =>
        client.GetStream().ReadAsync(new byte[1], Ct).AsTask().WaitAsync(TimeSpan.FromSeconds(20), Ct);
}
