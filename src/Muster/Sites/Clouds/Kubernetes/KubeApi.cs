using System.Net;
using System.Net.Http.Headers;
using System.Net.WebSockets;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Muster.Faults;

namespace Muster.Sites.Clouds.Kubernetes;

/// <summary>
/// Requests to a cluster: its faults in our words, all pages as one list, and the sockets that lead into pods. A client
/// of our own: a dozen calls with a document each, which the whole of the public package would be brought along for.
/// </summary>
internal sealed class KubeApi(CloudSettings settings, Func<KubeConfig> read, TimeProvider clock) : IDisposable
{
    private const int PageSize = 250;

    /// <summary>A list that changes faster than its pages are read is not read for ever.</summary>
    private const int MostLists = 5;
    private static readonly TimeSpan Early = TimeSpan.FromMinutes(1);
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly List<Way> _all = [];
    private Way? _way;

    /// <summary>How it is reached; read when it is first needed.</summary>
    public KubeConfig Config
    {
        get => field ??= read();
        private set;
    }

    public async Task<T> GetAsync<T>(string path, JsonTypeInfo<T> form, CancellationToken ct)
        where T : class => Read(await SendAsync(HttpMethod.Get, path, null, CloudHttp.Patience, ct), form);

    /// <summary>Null when there is no such thing.</summary>
    public async Task<T?> FindAsync<T>(string path, JsonTypeInfo<T> form, CancellationToken ct)
        where T : class
    {
        try
        {
            return await GetAsync(path, form, ct);
        }
        catch (CloudException fault) when (fault.Fault is CloudFault.Gone)
        {
            return null;
        }
    }

    public async Task<T> PostAsync<T>(
        string path,
        byte[] body,
        JsonTypeInfo<T> form,
        TimeSpan patience,
        CancellationToken ct
    )
        where T : class => Read(await SendAsync(HttpMethod.Post, path, body, patience, ct), form);

    /// <summary>Accepted, or gone already.</summary>
    public async Task DeleteAsync(string path, CancellationToken ct)
    {
        // Without a word about it, what a Job has started would be left running.
        var options = JsonSerializer.SerializeToUtf8Bytes(
            new("v1", "DeleteOptions", "Background"),
            KubeWire.Default.KubeDelete
        );
        try
        {
            await SendAsync(HttpMethod.Delete, path, options, CloudHttp.Patience, ct);
        }
        catch (CloudException fault) when (fault.Fault is CloudFault.Gone) { }
    }

    /// <summary>
    /// All pages. When the list has changed so much that they no longer fit together, from the beginning.
    /// </summary>
    /// <param name="path">With a selector, so that it has a question mark.</param>
    public async Task<IReadOnlyList<T>> ListAsync<T>(string path, JsonTypeInfo<KubeList<T>> form, CancellationToken ct)
    {
        for (var tries = 1; ; tries++)
        {
            var all = new List<T>();
            try
            {
                string? next = null;
                do
                {
                    var page = await GetAsync(
                        $"{path}&limit={PageSize}{(next is null ? "" : $"&continue={Uri.EscapeDataString(next)}")}",
                        form,
                        ct
                    );
                    all.AddRange(page.Items ?? []);
                    next = page.Metadata?.Continue;
                } while (next is { Length: > 0 });
                return all;
            }
            catch (CloudException fault) when (fault.Code is "410" && tries < MostLists) { }
        }
    }

    /// <summary>A socket into a pod.</summary>
    public Task<WebSocket> ConnectAsync(string path, string protocol, CancellationToken ct) =>
        TryAsync(http => http.ConnectAsync(path, protocol, ct), _ => false, ct);

    public CloudException Fault(CloudFault fault, string message, string? code = null) =>
        new(fault, message, CloudFixes.For(fault, settings, KubeFaults.Rights), code);

    public void Dispose()
    {
        foreach (var way in _all)
            way.Http.Dispose();
        _turn.Dispose();
    }

    private async Task<CloudReply> SendAsync(
        HttpMethod method,
        string path,
        byte[]? body,
        TimeSpan patience,
        CancellationToken ct
    )
    {
        var (http, reply) = await TryAsync(OnceAsync, answer => answer.Reply.Status is HttpStatusCode.Unauthorized, ct);
        if (reply.IsSuccess)
            return reply;
        var said = reply.Read(KubeWire.Default.KubeStatus);
        var status = (int)reply.Status;
        var kind = KubeFaults.Of(status, said);
        var words = http.Clean(
            $"the cluster says: {said?.Message ?? $"{status} {reply.Status} to {reply.What}: {reply.Quote()}"}"
        );
        if (kind is CloudFault.Throttled)
            throw http.Throttled(words, reply.RetryAfter ?? reply.At + TimeSpan.FromSeconds(1), $"{status}");
        throw Fault(kind, words, $"{status}");

        async Task<(CloudHttp Http, CloudReply Reply)> OnceAsync(CloudHttp way)
        {
            using var content = body is null ? null : new ByteArrayContent(body);
            if (content is not null)
                content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            return (way, await way.SendAsync(method, path, content, patience, ct));
        }
    }

    private T Read<T>(CloudReply reply, JsonTypeInfo<T> form)
        where T : class =>
        reply.Read(form)
        ?? throw Fault(CloudFault.Upstream, $"the cluster's answer to {reply.What} cannot be read: {reply.Quote()}");

    /// <summary>
    /// Once more when the credentials, or the certificate that the cluster is known by, were only too old: refused
    /// before it was looked at, nothing was done.
    /// </summary>
    private async Task<T> TryAsync<T>(Func<CloudHttp, Task<T>> send, Func<T, bool> isRefused, CancellationToken ct)
    {
        var way = await WayAsync(null, ct);
        try
        {
            var answer = await send(way.Http);
            if (!isRefused(answer))
                return answer;
            var other = await WayAsync(way, ct);
            return other == way ? answer : await send((way = other).Http);
        }
        catch (CloudException fault) when (fault.Code is "401" || way.Trust.Distrust is not null)
        {
            var other = await WayAsync(way, ct);
            try
            {
                return other == way ? throw Words(fault, way) : await send(other.Http);
            }
            catch (CloudException again) when (other != way)
            {
                throw Words(again, other);
            }
        }

        static CloudException Words(CloudException fault, Way way) =>
            way.Trust.Distrust is var (message, fix)
                ? new(CloudFault.BadCredentials, message, fix, inner: fault) { NeverSent = true }
                : fault;
    }

    /// <summary>The way to the cluster, with credentials that still hold.</summary>
    /// <param name="refused">The one that has just failed: the files are read again, and a plugin is asked.</param>
    private async Task<Way> WayAsync(Way? refused, CancellationToken ct)
    {
        await _turn.WaitAsync(ct);
        try
        {
            if (_way is { } known && known != refused && !(known.Expires - Early <= clock.GetUtcNow()))
                return known;
            // Another cluster than the one that pods were made in is not gone over to, whatever context is current now.
            if (refused is not null && read() is var now && (now.Source, now.Server) == (Config.Source, Config.Server))
                Config = now with { Namespace = Config.Namespace };
            var login = await KubeLogin.GetAsync(Config, clock, ct);
            var token = login.Token?.Reveal() ?? "";
            var shown = $"{token}\n{login.Certificates.FirstOrDefault()?.Thumbprint}\n{Config.Authority}";
            if (refused?.Shown == shown)
                return refused; // there are no others
            var trust = new KubeTrust(Config, login.Certificates);
            var http = new CloudHttp(
                "the cluster",
                Config.Server,
                token.Length > 0 ? ("Authorization", $"Bearer {token}") : ("Accept", "application/json"),
                new Redactor(login.Token is { } secret ? [secret] : []),
                clock,
                trust.Options,
                Config.Proxy,
                Config.TlsName
            );
            _all.Add(_way = new(http, trust, login.Expires, shown));
            return _way;
        }
        catch (UserException fault) when (fault is not CloudException)
        {
            throw new CloudException(CloudFault.BadCredentials, fault.Message, fault.Fix, inner: fault);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <param name="Shown">What the cluster sees of us, and is known by: another text is another attempt.</param>
    private sealed record Way(CloudHttp Http, KubeTrust Trust, DateTimeOffset? Expires, string Shown);
}
