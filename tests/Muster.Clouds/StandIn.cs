using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Muster.Clouds;

/// <summary>
/// A provider's API on loopback: its routes over a world, with what goes wrong on the network before and behind them.
/// </summary>
public sealed class StandIn : IAsyncDisposable
{
    /// <summary>Longer than the patience of a client with a create.</summary>
    private static readonly TimeSpan Late = TimeSpan.FromMinutes(10);
    private readonly WebApplication _app;

    private StandIn(WebApplication app, World world) => (_app, World) = (app, world);

    public World World { get; }
    public Uri Address =>
        new(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());

    /// <param name="port">0 takes a free one.</param>
    /// <param name="tls">How it is encrypted; null leaves it in the clear.</param>
    public static async Task<StandIn> StartAsync(
        World world,
        IProvider provider,
        int port = 0,
        Action<HttpsConnectionAdapterOptions>? tls = null
    )
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder
            .WebHost.UseKestrelCore()
            .UseKestrelHttpsConfiguration()
            .ConfigureKestrel(kestrel =>
                kestrel.Listen(
                    IPAddress.Loopback,
                    port,
                    listen =>
                    {
                        if (tls is not null)
                            listen.UseHttps(tls);
                    }
                )
            );
        var app = builder.Build();
        app.UseWebSockets();
        app.Use((context, next) => AnswerAsync(world, provider, context, next));
        app.UseRouting();
        provider.Map(app);
        await app.StartAsync();
        return new(app, world);
    }

    public async ValueTask DisposeAsync()
    {
        // An answer that is late on purpose is not waited for.
        using var now = new CancellationTokenSource(TimeSpan.Zero);
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
    }

    private static async Task AnswerAsync(World world, IProvider provider, HttpContext context, RequestDelegate next)
    {
        var request = context.Request;
        using var body = new MemoryStream();
        await request.Body.CopyToAsync(body, context.RequestAborted);
        request.Body = new MemoryStream(body.ToArray());
        var text = Encoding.UTF8.GetString(body.ToArray());
        var noted = new WorldRequest(provider.Name, world.Now, provider.Describe(request, text), text);
        lock (world.Lock)
            world.Requests.Add(noted);
        context.Response.Headers.Date = noted.At.ToString("R");
        var stumble = world.Faults.Draw(noted.What);
        switch (stumble)
        {
            case Stumble.CutBefore:
                context.Abort();
                return;
            case Stumble.Status500 or Stumble.Status502 or Stumble.Status503 or Stumble.Status504:
                context.Response.StatusCode = noted.Status ??= stumble switch
                {
                    Stumble.Status500 => 500,
                    Stumble.Status502 => 502,
                    Stumble.Status503 => 503,
                    _ => 504,
                };
                context.Response.ContentType = "text/html";
                await context.Response.WriteAsync("<html><head><title>Bad</title></head><body><h1>Bad gateway</h1>");
                return;
        }

        // What is said over a socket is the provider's alone to break.
        if (context.WebSockets.IsWebSocketRequest)
        {
            await next(context);
            return;
        }

        // The whole answer first: so that it can break off, come late, or not at all.
        var kept = new MemoryStream();
        var real = context.Features.GetRequiredFeature<IHttpResponseBodyFeature>();
        context.Features.Set<IHttpResponseBodyFeature>(new StreamResponseBodyFeature(kept));
        await next(context);
        context.Features.Set(real);
        noted.Status = context.Response.StatusCode;
        var answer = kept.ToArray();
        switch (stumble)
        {
            case Stumble.CutAfter:
                context.Abort();
                return;
            case Stumble.CutWithin:
                context.Response.ContentLength = answer.Length + 10;
                await context.Response.Body.WriteAsync(answer.AsMemory(0, answer.Length / 2));
                await context.Response.Body.FlushAsync();
                context.Abort();
                return;
            case Stumble.Late:
                await Task.Delay(Late, world.Clock, context.RequestAborted);
                break;
        }
        if (context.Response.StatusCode != StatusCodes.Status204NoContent)
        {
            context.Response.ContentLength = answer.Length;
            await context.Response.Body.WriteAsync(answer);
        }
    }
}

/// <summary>A provider's routes.</summary>
public interface IProvider
{
    /// <summary>As in the configuration, such as <c>hetzner</c>.</summary>
    string Name { get; }

    /// <summary>What a request is called in the diary, and in the plan of faults.</summary>
    string Describe(HttpRequest request, string body) => $"{request.Method} {request.Path}{request.QueryString}";

    void Map(IEndpointRouteBuilder app);
}
