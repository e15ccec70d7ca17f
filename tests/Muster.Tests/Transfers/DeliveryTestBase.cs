using System.Runtime.Versioning;
using System.Security.Cryptography;
using Muster.Hosts;
using Muster.Shell;
using Muster.Snapshots;

namespace Muster.Transfers;

/// <summary>A site in a folder of this machine, and code to deliver there.</summary>
[UnsupportedOSPlatform("windows")]
public abstract class DeliveryTestBase : IDisposable
{
    private protected TestRepository Repository { get; } = new();
    private protected string Root { get; }

    protected DeliveryTestBase() => Root = Path.Combine(Repository.Beside, "site");

    private protected static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        Repository.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected static ShellText Nothing => ShellText.Of($":");

    private protected SiteStore Store(IHost host) => new(host, Root, "here", Repository.Cache);

    private protected static Shipment Shipment(string run, IReadOnlyList<CargoItem> items, ShellText? then = null) =>
        new(run, [new("code", items, AreaMode.Copy)], [], then ?? Nothing);

    private protected string Code(string path, string run = "run-1") => Path.Combine(Root, "runs", run, "code", path);

    private protected string LargeFile(long size)
    {
        var path = Path.Combine(Repository.Beside, "film.raw");
        using var file = File.Create(path);
        file.SetLength(size);
        for (var at = 0L; at < size; at += 1 << 20)
        {
            file.Position = at;
            file.Write(BitConverter.GetBytes(at));
        }
        return path;
    }

    /// <summary>
    /// Every file of the store is what its name says and cannot be written to, and nothing lies about.
    /// </summary>
    private protected async Task IsConsistentAsync()
    {
        foreach (var path in Directory.EnumerateFiles(Path.Combine(Root, "store"), "*", SearchOption.AllDirectories))
        {
            await using var file = File.OpenRead(path);
            Assert.Equal(
                Path.GetFileNameWithoutExtension(path),
                Convert.ToHexStringLower(await SHA256.HashDataAsync(file, Ct))
            );
            Assert.Equal(path.EndsWith(".x") ? "555" : "444", Convert.ToString((int)File.GetUnixFileMode(path), 8));
        }
        Assert.Empty(Directory.GetFileSystemEntries(Path.Combine(Root, "incoming")));
    }
}
