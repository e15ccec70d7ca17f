using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Muster.Hosts;
using Yarp.ReverseProxy.Forwarder;

namespace Muster.Gateway.Shared;

/// <summary>Hands a request to the gateway that leads, and its answer to the client, as they come.</summary>
internal sealed class LeaderProxy : IDisposable
{
    /// <summary>What was forwarded once is not forwarded again.</summary>
    public const string Mark = "Muster-Forwarded";

    private static readonly ForwarderRequestConfig Config = new()
    {
        // Nothing comes and nothing goes: a commit of thousands of photos may take its time.
        ActivityTimeout = TimeSpan.FromMinutes(10),
        Version = HttpVersion.Version11,
        VersionPolicy = HttpVersionPolicy.RequestVersionExact,
    };

    private readonly ServiceProvider _services = new ServiceCollection()
        .AddLogging()
        .AddHttpForwarder()
        .BuildServiceProvider();
    private readonly IHttpForwarder _forwarder;
    private readonly HttpMessageInvoker _http = new(
        new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
            ConnectTimeout = TimeSpan.FromSeconds(2),
            AutomaticDecompression = DecompressionMethods.None,
            ActivityHeadersPropagator = null,
        }
    );

    public LeaderProxy() => _forwarder = _services.GetRequiredService<IHttpForwarder>();

    /// <param name="standing">Ends when another leads.</param>
    /// <returns>False when the leader is not there and nothing has been sent that may not be sent again.</returns>
    public async Task<bool> ForwardAsync(HttpContext http, Uri leader, CancellationToken standing)
    {
        var body = new WatchedBody(http.Request.Body);
        http.Request.Body = body;
        var to = leader.GetLeftPart(UriPartial.Authority);
        var error = await _forwarder.SendAsync(http, to, _http, Config, Marking.Transformer, standing);
        if (error == ForwarderError.None)
            return true;
        if (http.Response.HasStarted || http.RequestAborted.IsCancellationRequested || !MayBeRepeated(http, body))
        {
            http.Abort(); // clients try again after that, and give up after an error
            return true;
        }
        http.Response.Clear();
        http.Request.Body = body.Inner;
        return false;
    }

    /// <summary>
    /// An upload of which nothing was read can still be sent; and a commit that is made twice is made once.
    /// </summary>
    private static bool MayBeRepeated(HttpContext http, WatchedBody body) =>
        http.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody is true
            ? !body.Begun
            : HttpMethods.IsGet(http.Request.Method)
                || HttpMethods.IsHead(http.Request.Method)
                || http.Request.Path.StartsWithSegments("/task/new/commit", StringComparison.Ordinal);

    public void Dispose()
    {
        _http.Dispose();
        _services.Dispose();
    }

    private sealed class Marking : HttpTransformer
    {
        public static readonly Marking Transformer = new();

        public override async ValueTask TransformRequestAsync(
            HttpContext httpContext,
            HttpRequestMessage proxyRequest,
            string destinationPrefix,
            CancellationToken cancellationToken
        )
        {
            await base.TransformRequestAsync(httpContext, proxyRequest, destinationPrefix, cancellationToken);
            // Of the request only path and query as they were parsed: its first line as it was sent may name another
            // host, GET http://elsewhere/ or GET //elsewhere/.
            var (path, query) = (httpContext.Request.Path, httpContext.Request.QueryString);
            proxyRequest.RequestUri = new($"{destinationPrefix}{path.ToUriComponent()}{query.ToUriComponent()}");
            proxyRequest.Headers.TryAddWithoutValidation(Mark, "1");
        }
    }

    /// <summary>A client's body, which tells whether it was begun.</summary>
    private sealed class WatchedBody(Stream inner) : ReadOnlyStream
    {
        public Stream Inner => inner;
        public bool Begun { get; private set; }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Begun = true;
            return inner.ReadAsync(buffer, cancellationToken);
        }
    }
}
