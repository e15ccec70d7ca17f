using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Muster.Gateway.Shared;

/// <summary>Hands a request to the gateway that leads, and its answer to the client, as they come.</summary>
internal sealed class LeaderProxy : IDisposable
{
    /// <summary>What was forwarded once is not forwarded again.</summary>
    public const string Mark = "Muster-Forwarded";

    private static readonly HashSet<string> OfOneConnection = new(StringComparer.OrdinalIgnoreCase)
    {
        "Connection",
        "Keep-Alive",
        "Transfer-Encoding",
        "Upgrade",
        "Expect",
        "Proxy-Connection",
        "Content-Length",
    };

    private readonly HttpMessageInvoker _http = new(
        new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
            ConnectTimeout = TimeSpan.FromSeconds(2),
            AutomaticDecompression = DecompressionMethods.None,
        }
    );

    /// <param name="standing">Ends when another leads.</param>
    /// <returns>False when the leader is not there and nothing has been sent that may not be sent again.</returns>
    public async Task<bool> ForwardAsync(HttpContext http, Uri leader, CancellationToken standing)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, standing);
        var body = http.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody is true
            ? new BodyOf(http.Request)
            : null;
        try
        {
            using var request = RequestFor(http, leader, body);
            using var answer = await _http.SendAsync(request, either.Token);
            http.Response.StatusCode = (int)answer.StatusCode;
            http.Features.Get<IHttpResponseFeature>()!.ReasonPhrase = answer.ReasonPhrase;
            foreach (var (name, values) in answer.Headers.NonValidated.Concat(answer.Content.Headers.NonValidated))
            {
                if (!OfOneConnection.Contains(name))
                    http.Response.Headers[name] = values.ToArray();
            }
            http.Response.ContentLength = answer.Content.Headers.ContentLength;
            await http.Response.StartAsync(either.Token);
            await using var content = await answer.Content.ReadAsStreamAsync(either.Token);
            await content.CopyToAsync(http.Response.Body, 1 << 18, either.Token);
            return true;
        }
        catch (Exception fault) when (fault is HttpRequestException or IOException or OperationCanceledException)
        {
            if (
                !http.Response.HasStarted
                && !http.RequestAborted.IsCancellationRequested
                && (body is null ? MayBeRepeated(http.Request) : !body.Begun)
            )
                return false;
            http.Abort(); // clients try again after that, and give up after an error
            return true;
        }
    }

    /// <summary>A commit that is made twice is made once.</summary>
    private static bool MayBeRepeated(HttpRequest request) =>
        HttpMethods.IsGet(request.Method)
        || HttpMethods.IsHead(request.Method)
        || request.Path.StartsWithSegments("/task/new/commit", StringComparison.Ordinal);

    private static HttpRequestMessage RequestFor(HttpContext http, Uri leader, BodyOf? body)
    {
        var request = new HttpRequestMessage(new(http.Request.Method), AddressOf(http.Request, leader))
        {
            Content = body,
            Version = HttpVersion.Version11,
        };
        foreach (var (name, values) in http.Request.Headers)
        {
            if (OfOneConnection.Contains(name))
                continue;
            if (!request.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values))
                body?.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values);
        }
        if (body is not null)
            body.Headers.ContentLength = http.Request.ContentLength;
        request.Headers.TryAddWithoutValidation(Mark, "1");
        return request;
    }

    /// <summary>
    /// The leader's host, and of the request only the path and the query as they were parsed. Its first line as it was
    /// sent may name
    /// another host, <c>GET http://elsewhere/</c> or <c>GET //elsewhere/</c>.
    /// </summary>
    private static Uri AddressOf(HttpRequest request, Uri leader) =>
        new(
            $"{leader.GetLeftPart(UriPartial.Authority)}{request.Path.ToUriComponent()}{request.QueryString.ToUriComponent()}"
        );

    public void Dispose() => _http.Dispose();

    /// <summary>A client's body, read while it is sent on.</summary>
    private sealed class BodyOf(HttpRequest request) : HttpContent
    {
        public bool Begun { get; private set; }

        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
            SerializeToStreamAsync(stream, context, CancellationToken.None);

        protected override Task SerializeToStreamAsync(
            Stream stream,
            TransportContext? context,
            CancellationToken cancellationToken
        )
        {
            Begun = true;
            return request.Body.CopyToAsync(stream, 1 << 18, cancellationToken);
        }

        protected override bool TryComputeLength(out long length)
        {
            length = request.ContentLength ?? 0;
            return request.ContentLength is not null;
        }
    }
}
