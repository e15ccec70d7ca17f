using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Muster.NodeOdm;

namespace Muster.Gateway.Admin;

/// <summary>
/// The admin door by HTTP. <see cref="AdminGate"/> says who may come in, <see cref="AdminApi"/> and
/// <see cref="ClusterPages"/> map what is behind it.
/// </summary>
internal sealed class AdminServer : IAsyncDisposable
{
    private const int LongestBody = 64 * 1024;
    private const int MostConnections = 1_000;

    private readonly WebApplication _web;
    private readonly CancellationTokenSource _stop = new();
    private readonly AdminGate _gate;

    private AdminServer(IPEndPoint address, AdminApi api, ClusterPages pages, AdminGate gate, ILoggerFactory logs)
    {
        _gate = gate;
        _web = WebServers
            .Plain(
                logs,
                kestrel =>
                {
                    kestrel.Limits.MaxRequestBodySize = LongestBody;
                    kestrel.Limits.MaxConcurrentConnections = ConnectionCap.Seats(MostConnections);
                    kestrel.Listen(address);
                }
            )
            .Build();
        var guard = new DoorGuard(logs.CreateLogger("admin"), LongestBody, () => !gate.IsOpen, AdmitAsync);
        _web.Use(guard.RunAsync);
        _web.UseRouting();
        api.Map(_web, _stop.Token);
        gate.Map(_web);
        pages.Map(_web);
    }

    public Uri Address { get; private set; } = new("http://127.0.0.1/");

    /// <exception cref="IOException">The port is taken.</exception>
    public static async Task<AdminServer> StartAsync(
        IPEndPoint address,
        AdminApi api,
        ClusterPages pages,
        AdminGate gate,
        ILoggerFactory logs,
        CancellationToken ct
    )
    {
        var server = new AdminServer(address, api, pages, gate, logs);
        try
        {
            await server._web.StartAsync(ct);
        }
        catch (IOException)
        {
            await server.DisposeAsync();
            throw;
        }
        server.Address = new(server._web.Urls.First());
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync(); // event streams end by this alone
        using (var patience = new CancellationTokenSource(TimeSpan.FromSeconds(2)))
            await _web.StopAsync(patience.Token);
        await _web.DisposeAsync();
        _stop.Dispose();
    }

    private async Task<bool> AdmitAsync(HttpContext http)
    {
        if (http.Request.Path.Value is not ("/signout" or "/r/signout"))
            return await _gate.AdmitAsync(http);
        await SignOutAsync(http);
        return false;
    }

    private Task SignOutAsync(HttpContext http)
    {
        _gate.End(http);
        http.Response.StatusCode = StatusCodes.Status401Unauthorized;
        http.Response.ContentType = "text/html; charset=utf-8";
        return http.Response.WriteAsync(
            "<html><body>You are signed out. <a href=\"/\">Sign in again</a></body></html>",
            http.RequestAborted
        );
    }
}
