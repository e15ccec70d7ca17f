using System.Net;
using System.Net.Security;
using System.Net.WebSockets;

namespace Muster.Sites.Clouds;

/// <summary>
/// Requests to a provider that speaks JSON. Nothing is repeated here, and no redirection followed. A request that
/// makes something has a body: <see cref="HttpClient"/> sends one without a body again by itself when a connection
/// breaks.
/// </summary>
public sealed class CloudHttp : IDisposable
{
    /// <summary>Whoever gives up a create earlier makes doubts that the provider did not have.</summary>
    public static readonly TimeSpan CreatePatience = TimeSpan.FromSeconds(100);
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>Of an answer that never came.</summary>
    private const HttpStatusCode NoStatus = default;
    private const int LongestBody = 32 << 20;
    private readonly HttpClient _http;
    private readonly string _provider;
    private readonly Redactor _redactor;
    private readonly TimeProvider _clock;
    private readonly Lock _lock = new();
    private DateTimeOffset _pausedUntil = DateTimeOffset.MinValue;

    /// <param name="provider">For messages, such as <c>Hetzner</c>.</param>
    /// <param name="address">What paths are joined to; it ends with a slash.</param>
    /// <param name="header">How the provider knows us.</param>
    /// <param name="tls">Whom to believe, and who we are, where that is not the system's to say.</param>
    /// <param name="proxy">In place of the system's.</param>
    /// <param name="host">What the provider calls itself, in its certificate too, where the address is another.</param>
    public CloudHttp(
        string provider,
        Uri address,
        (string Name, string Value) header,
        Redactor redactor,
        TimeProvider clock,
        SslClientAuthenticationOptions? tls = null,
        Uri? proxy = null,
        string? host = null
    )
    {
        (_provider, _redactor, _clock) = (provider, redactor, clock);
        _http = new(
            new SocketsHttpHandler
            {
                AllowAutoRedirect = false,
                AutomaticDecompression = DecompressionMethods.All,
                ConnectTimeout = TimeSpan.FromSeconds(15),
                PooledConnectionLifetime = TimeSpan.FromMinutes(5),
                UseCookies = false,
                UseProxy = !address.IsLoopback || proxy is not null,
                Proxy = proxy is null ? null : new WebProxy(proxy),
                SslOptions = tls ?? new(),
            }
        )
        {
            BaseAddress = address,
            MaxResponseContentBufferSize = LongestBody,
            Timeout = Timeout.InfiniteTimeSpan, // each request has its own
        };
        _http.DefaultRequestHeaders.UserAgent.ParseAdd("muster");
        // What a handler asks for in a TLS handshake is this, and never what its options say.
        _http.DefaultRequestHeaders.Host = host;
        _http.DefaultRequestHeaders.TryAddWithoutValidation(header.Name, header.Value);
    }

    /// <summary>The text without our secrets.</summary>
    public string Clean(string text) => _redactor.Clean(text);

    /// <summary>No request of this token before then.</summary>
    public void PauseUntil(DateTimeOffset moment)
    {
        lock (_lock)
            _pausedUntil = moment > _pausedUntil ? moment : _pausedUntil;
    }

    /// <summary>
    /// The provider's answer, whatever its status. Throws <see cref="CloudException"/> when there was none, and then
    /// <see cref="CloudException.NeverSent"/> says whether the provider can have seen the request.
    /// </summary>
    /// <param name="path">Below the address, without a slash in front.</param>
    public async Task<CloudReply> SendAsync(
        HttpMethod method,
        string path,
        HttpContent? body,
        TimeSpan patience,
        CancellationToken ct
    )
    {
        using var request = new HttpRequestMessage(method, path) { Content = body };
        var what = $"{method} {path.Split('?')[0]}";
        DateTimeOffset paused;
        lock (_lock)
            paused = _pausedUntil;
        if (_clock.GetUtcNow() < paused)
            throw Throttled($"{_provider} asked for a pause until {paused:HH:mm:ss}; {what} was not sent", paused);

        using var limit = new CancellationTokenSource(patience, _clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, limit.Token);
        try
        {
            using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseContentRead, either.Token);
            var headers = response
                .Headers.Concat(response.Content.Headers)
                .Select(header => KeyValuePair.Create(header.Key, string.Join(", ", header.Value)));
            return new(
                what,
                response.StatusCode,
                new Dictionary<string, string>(headers, StringComparer.OrdinalIgnoreCase),
                await response.Content.ReadAsByteArrayAsync(either.Token),
                _clock.GetUtcNow()
            );
        }
        catch (OperationCanceledException fault) when (!ct.IsCancellationRequested)
        {
            throw Silent($"{_provider} did not answer {what} within {patience.TotalSeconds:0} s", false, fault);
        }
        catch (HttpRequestException fault)
        {
            var neverSent =
                fault.HttpRequestError
                is HttpRequestError.ConnectionError
                    or HttpRequestError.NameResolutionError
                    or HttpRequestError.SecureConnectionError
                    or HttpRequestError.ProxyTunnelError;
            var how = neverSent ? "cannot be reached" : "broke off";
            // The outer one of a handshake only says that there is an inner one.
            var said = fault.HttpRequestError is HttpRequestError.SecureConnectionError ? fault.InnerException : null;
            throw Silent($"{_provider}: {what} {how}: {_redactor.Clean((said ?? fault).Message)}", neverSent, fault);
        }
        catch (IOException fault)
        {
            throw Silent($"{_provider}: {what} broke off: {_redactor.Clean(fault.Message)}", false, fault);
        }
    }

    /// <summary>
    /// A WebSocket. Throws <see cref="CloudException"/> when there is none; its code is the status of the answer.
    /// </summary>
    public async Task<WebSocket> ConnectAsync(string path, string protocol, CancellationToken ct)
    {
        var address = new UriBuilder(new Uri(_http.BaseAddress!, path));
        address.Scheme = address.Scheme is "https" ? "wss" : "ws";
        var socket = new ClientWebSocket();
        socket.Options.AddSubProtocol(protocol);
        socket.Options.CollectHttpResponseDetails = true;
        socket.Options.KeepAliveInterval = TimeSpan.FromSeconds(10);
        socket.Options.KeepAliveTimeout = TimeSpan.FromSeconds(20);
        using var limit = new CancellationTokenSource(Patience, _clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, limit.Token);
        try
        {
            await socket.ConnectAsync(address.Uri, _http, either.Token);
            return socket;
        }
        catch (Exception fault)
            when (fault is WebSocketException or HttpRequestException or IOException
                || (fault is OperationCanceledException && !ct.IsCancellationRequested)
            )
        {
            var status = socket.HttpStatusCode;
            socket.Dispose();
            throw new CloudException(
                CloudFault.Upstream,
                $"{_provider}: GET {path.Split('?')[0]} gave no connection: "
                    + (status is NoStatus ? _redactor.Clean(fault.Message) : $"status {(int)status} ({status})"),
                "Check this machine's network and the provider's status page.",
                status is NoStatus ? null : $"{(int)status}",
                inner: fault
            );
        }
    }

    /// <summary>A fault that says not before when.</summary>
    public CloudException Throttled(string message, DateTimeOffset until, string? code = null, string? id = null)
    {
        PauseUntil(until);
        return new(
            CloudFault.Throttled,
            _redactor.Clean(message),
            "Wait; Muster asks again by itself. Other programs with the same token count too.",
            code,
            id
        )
        {
            Until = until,
        };
    }

    public void Dispose() => _http.Dispose();

    private static CloudException Silent(string message, bool neverSent, Exception fault) =>
        new(CloudFault.Upstream, message, "Check this machine's network and the provider's status page.", inner: fault)
        {
            NeverSent = neverSent,
        };
}
