using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Muster.Node.Engines;

namespace Muster.Node;

public sealed class ProgressPortTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("muster-progress-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task A_task_whose_progress_cannot_be_noted_keeps_no_other_from_being_heard()
    {
        using var port = new ProgressPort(Path.Combine(_folder.FullName, "port"), NullLogger.Instance);
        var heard = new TaskCompletionSource<double>();
        using var bad = port.Listen("bad", _ => throw new InvalidOperationException("the disk is full"));
        using var good = port.Listen("good", percent => heard.TrySetResult(percent));
        using var engine = new UdpClient();
        var to = new IPEndPoint(IPAddress.Loopback, port.Port);
        await engine.SendAsync("PGUP/1/bad/10"u8.ToArray(), to, TestContext.Current.CancellationToken);
        await engine.SendAsync("PGUP/1/good/20"u8.ToArray(), to, TestContext.Current.CancellationToken);
        Assert.Equal(20, await heard.Task.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken));
    }
}
