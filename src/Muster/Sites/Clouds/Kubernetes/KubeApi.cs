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
internal sealed class KubeApi(CloudSettings settings, Func<string, string?> environment, TimeProvider clock)
    : IDisposable
{
    private const int PageSize = 250;

    /// <summary>A list that changes faster than its pages are read is not read for ever.</summary>
    private const int MostLists = 5;
    private static readonly TimeSpan Early = TimeSpan.FromMinutes(1);
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly List<CloudHttp> _all = [];
    private CloudHttp? _http;
    private DateTimeOffset? _expires;
    private string _known = "";

    /// <summary>How it is reached; read when it is first needed.</summary>
    public KubeConfig Config => field ??= KubeConfig.Read(settings, environment);

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
    public async Task<WebSocket> ConnectAsync(string path, string protocol, CancellationToken ct)
    {
        var http = await HttpAsync(null, ct);
        try
        {
            return await http.ConnectAsync(path, protocol, ct);
        }
        catch (CloudException fault) when (fault.Code is "401")
        {
            return await (await HttpAsync(http, ct)).ConnectAsync(path, protocol, ct);
        }
    }

    public CloudException Fault(CloudFault fault, string message, string? code = null) =>
        new(fault, message, CloudFixes.For(fault, settings, KubeFaults.Rights), code);

    public void Dispose()
    {
        foreach (var http in _all)
            http.Dispose();
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
        var http = await HttpAsync(null, ct);
        var reply = await OnceAsync(http);
        // Refused before it was looked at, so it may be sent again when the credentials were only too old.
        if (reply.Status is HttpStatusCode.Unauthorized)
            reply = await OnceAsync(http = await HttpAsync(http, ct));
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

        async Task<CloudReply> OnceAsync(CloudHttp way)
        {
            using var content = body is null ? null : new ByteArrayContent(body);
            if (content is not null)
                content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            return await way.SendAsync(method, path, content, patience, ct);
        }
    }

    private T Read<T>(CloudReply reply, JsonTypeInfo<T> form)
        where T : class =>
        reply.Read(form)
        ?? throw Fault(CloudFault.Upstream, $"the cluster's answer to {reply.What} cannot be read: {reply.Quote()}");

    /// <summary>The way to the cluster, with credentials that still hold.</summary>
    /// <param name="refused">The one whose credentials it has just refused: new ones are asked for, once.</param>
    private async Task<CloudHttp> HttpAsync(CloudHttp? refused, CancellationToken ct)
    {
        await _turn.WaitAsync(ct);
        try
        {
            if (_http is { } known && known != refused && !(_expires - Early <= clock.GetUtcNow()))
                return known;
            var login = await KubeLogin.GetAsync(Config, clock, ct);
            var token = login.Token?.Reveal() ?? "";
            if (refused is not null && token == _known)
                return refused; // there are no others
            _known = token;
            _expires = login.Expires;
            _http = new(
                "the cluster",
                Config.Server,
                token.Length > 0 ? ("Authorization", $"Bearer {token}") : ("Accept", "application/json"),
                new Redactor(login.Token is { } secret ? [secret] : []),
                clock,
                login.Tls(Config),
                Config.Proxy
            );
            _all.Add(_http);
            return _http;
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
}
