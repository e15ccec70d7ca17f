using System.Collections.Concurrent;
using System.IO.Compression;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Muster.NodeOdm;

namespace Muster.Bench;

/// <summary>
/// A thousand nodes in this process, each at a loopback address of its own. They take tasks, say how those go, and
/// compute nothing.
/// </summary>
internal sealed class ManyNodes : IDisposable
{
    private static readonly OptionDescription[] Options =
    [
        new()
        {
            Name = "fast-orthophoto",
            Type = "bool",
            Value = "false",
            Domain = new("bool"),
            Help = "Skip dense reconstruction",
        },
    ];

    private readonly WebApplication _web;
    private readonly byte[] _archive = Archive();
    private readonly ConcurrentDictionary<IPAddress, ConcurrentDictionary<string, long>> _running = [];
    private int _committed;
    private int _asked;

    public ManyNodes(int count, int slots)
    {
        Slots = slots;
        var port = Server.FreePort();
        var addresses = Enumerable
            .Range(0, count)
            .Select(n => new IPAddress([127, 1, (byte)(1 + n / 250), (byte)(1 + n % 250)]))
            .ToList();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            OdmEndpoints.SetLimits(kestrel);
            foreach (var address in addresses)
                kestrel.Listen(address, port);
        });
        _web = builder.Build();
        _web.Run(AnswerAsync);
        _web.StartAsync().Wait();
        Addresses = [.. addresses.Select(address => new Uri($"http://{address}:{port}/"))];
    }

    public IReadOnlyList<Uri> Addresses { get; }
    public int Slots { get; }

    /// <summary>From now on every task is done as soon as it is asked for.</summary>
    public bool Done { get; set; }

    /// <summary>Tasks that were committed to some node.</summary>
    public int Committed => _committed;

    /// <summary>Questions that were answered.</summary>
    public int Asked => _asked;

    private async Task AnswerAsync(HttpContext http)
    {
        var tasks = _running.GetOrAdd(http.Connection.LocalIpAddress!, _ => []);
        switch (http.Request.Path.Value!.Trim('/').Split('/'))
        {
            case ["info"]:
                Interlocked.Increment(ref _asked);
                await http.AnswerAsync(
                    new()
                    {
                        Version = "2.2.4",
                        TaskQueueCount = Done ? 0 : tasks.Count,
                        MaxParallelTasks = Slots,
                        TotalMemory = 32L << 30,
                        AvailableMemory = 16L << 30,
                        CpuCores = 8,
                        Engine = "bench",
                        EngineVersion = "1",
                    },
                    OdmJson.Wire.NodeInfo
                );
                break;
            case ["options"]:
                await http.AnswerAsync(Options, OdmJson.Wire.IReadOnlyListOptionDescription);
                break;
            case ["task", "new", "init"]:
                await http.Request.Body.CopyToAsync(Stream.Null);
                await http.AnswerAsync(new(http.Request.Headers["set-uuid"].ToString()), OdmJson.Wire.UuidAnswer);
                break;
            case ["task", "new", "commit", var id]:
                tasks[id] = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
                Interlocked.Increment(ref _committed);
                await http.AnswerAsync(new(id), OdmJson.Wire.UuidAnswer);
                break;
            case ["task", var id, "info"] when tasks.TryGetValue(id, out var since):
                Interlocked.Increment(ref _asked);
                await http.AnswerAsync(
                    new()
                    {
                        Uuid = id,
                        Name = "",
                        DateCreated = since,
                        ProcessingTime = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() - since,
                        Status = new(Done ? TaskCode.Completed : TaskCode.Running),
                        Options = [],
                        ImagesCount = 5,
                        Progress = Done ? 100 : 10,
                        Output = [],
                    },
                    OdmJson.Wire.TaskInfo
                );
                break;
            case ["task", var id, "download", _] when tasks.ContainsKey(id):
                http.Response.ContentLength = _archive.Length;
                await http.Response.Body.WriteAsync(_archive);
                break;
            case ["task", _, _]:
                await http.RefuseAsync("not found");
                break;
            default: // files, and what is to be cancelled or removed
                await http.Request.Body.CopyToAsync(Stream.Null);
                await http.AnswerAsync(ActionAnswer.Done, OdmJson.Wire.ActionAnswer);
                break;
        }
    }

    private static byte[] Archive()
    {
        using var bytes = new MemoryStream();
        using (var archive = new ZipArchive(bytes, ZipArchiveMode.Create, leaveOpen: true))
            archive.CreateEntry("report.txt").Open().Dispose();
        return bytes.ToArray();
    }

    public void Dispose() => _web.DisposeAsync().AsTask().Wait();
}
