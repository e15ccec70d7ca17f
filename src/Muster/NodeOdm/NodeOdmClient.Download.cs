using System.Net;
using System.Net.Http.Headers;

namespace Muster.NodeOdm;

public sealed partial class NodeOdmClient
{
    private const int BlockBytes = 256 << 10;

    /// <summary>How often in a row a download may break, with hardly a new byte, until it is given up.</summary>
    private const int MostBreaks = 5;
    private const int MostHops = 5;

    /// <summary>
    /// Brings a result home. After a break it goes on where it stopped, where the node serves ranges, and begins again
    /// where it does not.
    /// The reply says how many bytes there are; they are all in <paramref name="into"/> then.
    /// </summary>
    /// <param name="watch">Whoever watches is told of breaks, and waits for their end however long they are.</param>
    public async Task<NodeReply<long>> DownloadAsync(
        string uuid,
        string asset,
        FileStream into,
        CancellationToken ct,
        DownloadWatch? watch = null,
        DownloadRoom? room = null
    )
    {
        EntityTagHeaderValue? version = null;
        for (var breaks = 0; ; )
        {
            var before = version is null ? 0 : into.Length;
            if (before == 0)
                into.SetLength(0);
            into.Position = before;
            var (reply, tag) = await OnceAsync(uuid, asset, into, version, watch, room, ct);
            if (reply is not (NodeReply<long>.Silent or NodeReply<long>.Away))
                return reply;
            watch?.Broke(reply.Text);
            version = tag;
            breaks = into.Length - before >= Limits.WindowBytes ? 0 : breaks + 1;
            if (breaks >= MostBreaks && watch is null)
                return reply;
            await Task.Delay(TimeSpan.FromSeconds(Math.Min(breaks, 5)), clock, ct);
        }
    }

    /// <param name="version">What the bytes that are here already belong to; null when there are none.</param>
    private async Task<(NodeReply<long> Reply, EntityTagHeaderValue? Version)> OnceAsync(
        string uuid,
        string asset,
        FileStream into,
        EntityTagHeaderValue? version,
        DownloadWatch? watch,
        DownloadRoom? room,
        CancellationToken ct
    )
    {
        using var idle = new CancellationTokenSource(patience, clock);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct, idle.Token);
        try
        {
            using var response = await AskFromAsync(
                () =>
                {
                    var request = Request(HttpMethod.Get, $"task/{uuid}/download/{asset}", "");
                    if (version is null)
                        return request;
                    request.Headers.Range = new(into.Position, null);
                    request.Headers.IfRange = new(version);
                    return request;
                },
                limit.Token
            );
            if (
                response.Content.Headers.ContentType?.MediaType == "application/json"
                || response.StatusCode is not (HttpStatusCode.OK or HttpStatusCode.PartialContent)
            )
            {
                return (
                    (
                        await ReadAsync(
                            response,
                            (bytes, isWhole) =>
                                isWhole
                                    ? Read(bytes, OdmJson.Wire.JsonElement)
                                    : TooLong<System.Text.Json.JsonElement>(),
                            Limits.AnswerBytes,
                            limit.Token
                        )
                    )
                        is NodeReply<System.Text.Json.JsonElement>.Denied denied
                        ? new NodeReply<long>.Denied(denied.Error)
                        : new NodeReply<long>.Garbled($"{Name} answered a download with {StatusOf(response)}"),
                    version
                );
            }
            if (response.StatusCode == HttpStatusCode.OK)
            {
                into.SetLength(0);
                into.Position = 0;
            }
            else if (response.Content.Headers.ContentRange is not { From: { } from } || from != into.Position)
            {
                return (new NodeReply<long>.Garbled($"{Name} sent another range than asked for"), version);
            }
            version =
                response.Headers.ETag is { IsWeak: false } tag && response.Headers.AcceptRanges.Contains("bytes")
                    ? tag
                    : version;
            var total =
                response.StatusCode == HttpStatusCode.OK
                    ? response.Content.Headers.ContentLength
                    : response.Content.Headers.ContentRange?.Length;
            if (
                total > room?.Most
                || !await CopyAsync(
                    await response.Content.ReadAsStreamAsync(limit.Token),
                    into,
                    idle,
                    bytes => watch?.Moved(bytes, total),
                    room,
                    limit.Token
                )
            )
            {
                return (
                    new NodeReply<long>.TooLong(
                        $"{Name} sends more than {room!.Most} bytes, which is no result of this task"
                    ),
                    version
                );
            }
            return (
                total is { } all && into.Length != all
                    ? new NodeReply<long>.Silent($"{Name} ended the download early")
                    : new NodeReply<long>.Said(into.Length),
                version
            );
        }
        catch (Exception fault) when (FaultOf<long>(fault, ct) is { } reply)
        {
            return (reply, version);
        }
    }

    private async Task<HttpResponseMessage> AskFromAsync(Func<HttpRequestMessage> ask, CancellationToken ct)
    {
        for (var (hops, next) = (0, (Uri?)null); ; hops++)
        {
            using var request = ask();
            request.RequestUri = next ?? request.RequestUri!;
            var response = await http.SendAsync(request, ct);
            if (hops == MostHops || (next = Next(request.RequestUri, response)) is null)
                return response;
            response.Dispose();
        }
    }

    /// <summary>Where a redirect leads that may be followed; null where there is none.</summary>
    private Uri? Next(Uri from, HttpResponseMessage response) =>
        (int)response.StatusCode is 301 or 302 or 303 or 307 or 308
        && Uri.TryCreate(from, response.Headers.Location, out var to)
        && to.Scheme is "http" or "https"
        && (to.Scheme == from.Scheme || to.Scheme == "https")
        && (DownloadsFromElsewhere || to.GetLeftPart(UriPartial.Authority) == node.GetLeftPart(UriPartial.Authority))
            ? to
            : null;

    /// <summary>False where more comes than there may be.</summary>
    private async Task<bool> CopyAsync(
        Stream from,
        FileStream into,
        CancellationTokenSource idle,
        Action<long> moved,
        DownloadRoom? room,
        CancellationToken ct
    )
    {
        var block = new byte[BlockBytes];
        var fresh = Limits.WindowBytes; // the first bytes count, however few
        while (await from.ReadAsync(block, ct) is > 0 and var read)
        {
            // A node that sends a byte now and then is as silent as one that sends none.
            if ((fresh += read) >= Limits.WindowBytes)
            {
                fresh = 0;
                idle.CancelAfter(patience);
            }
            if (into.Position + read > room?.Most)
                return false;
            room?.Grows(into.Position + read);
            await into.WriteAsync(block.AsMemory(0, read), ct);
            moved(into.Position);
        }
        await into.FlushAsync(ct);
        return true;
    }
}

/// <param name="Broke">Is told why a download stopped for now.</param>
/// <param name="Moved">Is told how many bytes are here, and of how many, where that is known.</param>
public sealed record DownloadWatch(Action<string> Broke, Action<long, long?> Moved);

/// <param name="Most">How many bytes may come.</param>
/// <param name="Grows">Is told how large the file is about to be, and may throw where there is no room.</param>
public sealed record DownloadRoom(long Most, Action<long> Grows);
