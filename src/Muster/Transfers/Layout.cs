using System.IO.Compression;
using System.Text;
using Muster.Faults;
using Muster.Hosts;
using Muster.Shell;

namespace Muster.Transfers;

/// <summary>
/// The channel in which a run's folder is laid out and the shipment's last word is run: our side of <c>layout.sh</c>.
/// </summary>
internal sealed class Layout : IAsyncDisposable
{
    private readonly Remote _remote;
    private readonly Shipment _shipment;
    private readonly string _attempt;
    private readonly ShellChannel _channel;
    private readonly StreamReader _lines;
    private readonly Room _room = new();
    private string? _next;

    private Layout(Remote remote, Shipment shipment, string attempt, ShellChannel channel)
    {
        (_remote, _shipment, _attempt, _channel) = (remote, shipment, attempt, channel);
        _lines = new(channel.Output);
    }

    /// <param name="bytes">What is to come, large files included.</param>
    public static async Task<Layout> OpenAsync(Remote remote, Shipment shipment, long bytes, CancellationToken ct)
    {
        var attempt = Remote.NewAttempt();
        var separate = shipment
            .Areas.Where(area => area.Mode != AreaMode.Link)
            .Select(area => $"{(area.Mode == AreaMode.Copy || area.IsSmall ? "copy" : "root")}:{area.Name}");
        var layout = remote.Script(
            "layout.sh",
            [shipment.Run, Remote.PrefixOf(shipment.Run), attempt, $"{bytes}", .. separate]
        );
        var script = ShellText.Of($"{layout}\n(\n{shipment.Then}\n) < /dev/null");
        return new(remote, shipment, attempt, await remote.Host.OpenAsync(script, ct));
    }

    /// <summary>
    /// Whether the folder is still to be laid out. What an earlier attempt brought is noted in <paramref name="site"/>.
    /// </summary>
    public async Task<bool> BeginAsync(SiteContents site, CancellationToken ct)
    {
        while ((_next ?? await _lines.ReadLineAsync(ct)) is { } line)
        {
            _next = null;
            if (_room.Read(line))
                continue;
            if (line == "ready")
                return true;
            if (line == "done")
                return false;
            if (line.StartsWith("has ", StringComparison.Ordinal) && StoreName.TryParse(line.AsSpan(4), out var name))
                site.Add(name);
        }
        throw _remote.Fault((await _channel.EndAsync(ct)).Said);
    }

    /// <summary>Throws where the site has no room for so much, before the first byte of it is sent.</summary>
    public async Task CheckRoomAsync(long bytes, CancellationToken ct)
    {
        while (_next is null && await _lines.ReadLineAsync(ct) is { } line)
            if (!_room.Read(line))
                _next = line;
        if (_room.Free < bytes)
            throw _remote.NoRoom(bytes, _room.Free.Value, _room.IsQuota);
    }

    /// <summary>
    /// Sends the archive. Gives the fault when the site could not make the run's folder of it; other faults are thrown.
    /// </summary>
    public async Task<UserException?> SendAsync(
        DeliveryPlan plan,
        ContentCache cache,
        SiteContents site,
        TransferMeter meter,
        CancellationToken ct
    )
    {
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var tar = new CargoTar(_shipment, plan, cache, $"incoming/{Remote.PrefixOf(_shipment.Run)}.{_attempt}", meter);
        var sending = WriteAsync(tar, plan.Compress, enough.Token);
        var said = new StringBuilder();
        string? line;
        while ((line = await _lines.ReadLineAsync(ct)) is not (null or "laid" or "done" or "failed"))
        {
            if (said.Length < 10_000)
                said.AppendLine(line);
            if (Remote.IsFull(line))
                await enough.CancelAsync(); // the rest would be read for nothing
        }
        await enough.CancelAsync();
        Exception? broken = null;
        try
        {
            await sending;
        }
        catch (IOException fault)
        {
            broken = fault;
        }
        catch (OperationCanceledException fault) when (!ct.IsCancellationRequested)
        {
            broken = fault;
        }

        if (line == "laid")
        {
            foreach (var name in tar.Sent)
                site.Add(name);
            return null;
        }
        if (line == "done")
            return null; // an earlier attempt, thought dead, was quicker
        var end = await _channel.EndAsync(ct); // throws when it was the connection that ended
        var complaints = $"{said}{end.Said}";
        if (Remote.IsFull(complaints))
            await _remote.ClearAsync(_shipment.Run);
        else if (broken is not null)
            throw _remote.Broken(broken);
        return _remote.Fault(complaints);
    }

    /// <summary>How the shipment's last word ended, and what it printed.</summary>
    public async Task<(ShellEnd End, string Output)> EndAsync(CancellationToken ct)
    {
        var output = new StringBuilder();
        var reading = ReadAsync();
        var end = await _channel.EndAsync(ct);
        // Something it started may keep the stream open.
        await Task.WhenAny(reading, Task.Delay(TimeSpan.FromSeconds(5), ct));
        return (end, output.ToString());

        async Task ReadAsync()
        {
            var buffer = new char[4096];
            int read;
            while ((read = await _lines.ReadAsync(buffer, ct)) > 0)
                output.Append(buffer, 0, read);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _channel.DisposeAsync();
        _lines.Dispose();
    }

    private async Task WriteAsync(CargoTar tar, bool compress, CancellationToken ct)
    {
        try
        {
            await _channel.Input.WriteAsync(compress ? "gzip\n"u8.ToArray() : "plain\n"u8.ToArray(), ct);
            if (compress)
            {
                await using var packed = new GZipStream(_channel.Input, CompressionLevel.Fastest);
                await tar.WriteAsync(packed, ct);
            }
            else
            {
                await tar.WriteAsync(_channel.Input, ct);
            }
        }
        finally
        {
            _channel.Input.Close();
        }
    }
}
