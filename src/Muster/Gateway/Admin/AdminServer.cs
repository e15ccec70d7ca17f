using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Muster.Faults;
using Muster.NodeOdm;

namespace Muster.Gateway.Admin;

/// <summary>
/// The admin door by HTTP: who may come in, and what becomes of a fault. <see cref="AdminApi"/> and
/// <see cref="ClusterPages"/> map what is behind it.
/// </summary>
internal sealed partial class AdminServer : IAsyncDisposable
{
    private const int LongestBody = 64 * 1024;
    private const int MostConnections = 1_000;
    private const string User = "admin";
    private static readonly TimeSpan WrongPasswordPause = TimeSpan.FromSeconds(1);

    private readonly WebApplication _web;
    private readonly CancellationTokenSource _stop = new();
    private readonly AdminPassword _password;
    private readonly TimeProvider _clock;
    private readonly ILogger _log;

    private AdminServer(
        IPEndPoint address,
        AdminApi api,
        ClusterPages pages,
        AdminPassword keeper,
        ILoggerFactory logs,
        TimeProvider clock
    )
    {
        (_password, _clock, _log) = (keeper, clock, logs.CreateLogger("admin"));
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
        _web.Use(GuardAsync);
        _web.UseRouting();
        api.Map(_web, _stop.Token);
        pages.Map(_web);
    }

    public Uri Address { get; private set; } = new("http://127.0.0.1/");

    /// <exception cref="IOException">The port is taken.</exception>
    public static async Task<AdminServer> StartAsync(
        IPEndPoint address,
        AdminApi api,
        ClusterPages pages,
        AdminPassword keeper,
        ILoggerFactory logs,
        TimeProvider clock,
        CancellationToken ct
    )
    {
        var server = new AdminServer(address, api, pages, keeper, logs, clock);
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

    private async Task GuardAsync(HttpContext http, RequestDelegate next)
    {
        var headers = http.Response.Headers;
        headers.XContentTypeOptions = "nosniff";
        headers.XFrameOptions = "DENY";
        headers.ContentSecurityPolicy =
            "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
        headers.CacheControl = "no-store";
        headers["Referrer-Policy"] = "no-referrer";
        try
        {
            if (OriginRule.Refusal(http.Request, guarded: !_password.IsOpen) is { } refusal)
                await http.FaultAsync(
                    StatusCodes.Status403Forbidden,
                    refusal,
                    "Call it from a program, or from its own page."
                );
            else if (http.Request.Path.Value is "/signout" or "/r/signout")
                await SignOutAsync(http);
            else if (await AdmitAsync(http))
            {
                await next(http);
                if (
                    !http.Response.HasStarted
                    && http.Response.StatusCode
                        is StatusCodes.Status404NotFound
                            or StatusCodes.Status405MethodNotAllowed
                )
                    await NothingAsync(http);
            }
        }
        catch (UserException fault) when (!http.Response.HasStarted)
        {
            await http.FaultAsync(StatusCodes.Status400BadRequest, fault.Message, fault.Fix);
        }
        catch (BadHttpRequestException fault) when (!http.Response.HasStarted)
        {
            await http.FaultAsync(fault.StatusCode, fault.Message, $"A body has up to {LongestBody / 1024} KB.");
        }
        catch (OperationCanceledException) { } // the caller left, or we stop
        catch (Exception fault)
        {
            Failed(http.Request.Method, http.Request.Path, fault);
            if (http.Response.HasStarted)
                http.Abort();
            else
                await http.FaultAsync(
                    StatusCodes.Status500InternalServerError,
                    "the gateway could not do it",
                    "Its log says why."
                );
        }
    }

    /// <summary>What is said where no path, or none of this method, is the one asked for.</summary>
    private static Task NothingAsync(HttpContext http)
    {
        var (path, status) = (http.Request.Path, http.Response.StatusCode);
        if (
            status == StatusCodes.Status405MethodNotAllowed
            && path.StartsWithSegments(AdminApi.Root, StringComparison.OrdinalIgnoreCase)
        )
            return http.FaultAsync(
                status,
                $"{path} does not take {http.Request.Method}",
                $"It takes {http.Response.Headers.Allow}."
            );
        http.Response.Headers.Allow = default;
        return http.FaultAsync(
            StatusCodes.Status404NotFound,
            $"there is nothing at {path}",
            $"GET {AdminApi.Root} lists what there is."
        );
    }

    private async Task<bool> AdmitAsync(HttpContext http)
    {
        if (_password.IsOpen)
            return true;
        var given = CredentialsIn(http.Request);
        // Nobody is heard under another name, so failing with one keeps nobody out.
        switch (
            given is (User, { } password)
                ? _password.Check(http.Connection.RemoteIpAddress ?? IPAddress.None, password)
                : Verdict.Wrong
        )
        {
            case Verdict.Right:
                return true;
            case Verdict.TooMany:
                http.Response.Headers.RetryAfter = $"{AdminPassword.Pause.TotalSeconds:0}";
                await http.FaultAsync(
                    StatusCodes.Status429TooManyRequests,
                    "too many wrong passwords from this address",
                    "Try again in a second."
                );
                return false;
            default:
                if (given is not null)
                    await Task.Delay(WrongPasswordPause, _clock, http.RequestAborted);
                http.Response.Headers.WWWAuthenticate = "Basic realm=\"ClusterODM\"";
                await http.FaultAsync(
                    StatusCodes.Status401Unauthorized,
                    given is null ? "the admin door asks for a password" : "the password is wrong",
                    $"The user is '{User}', the password that of --admin-pass-file."
                );
                return false;
        }
    }

    private static (string Name, string Password)? CredentialsIn(HttpRequest request)
    {
        if (
            request.Headers.Authorization is not [{ } header, ..]
            || !header.StartsWith("Basic ", StringComparison.OrdinalIgnoreCase)
        )
            return null;
        var bytes = new byte[header.Length];
        return
            Convert.TryFromBase64String(header["Basic ".Length..].Trim(), bytes, out var count)
            && Encoding.UTF8.GetString(bytes, 0, count).Split(':', 2) is [var name, var password]
            ? (name, password)
            : ("", "");
    }

    private static Task SignOutAsync(HttpContext http)
    {
        http.Response.StatusCode = StatusCodes.Status401Unauthorized;
        http.Response.ContentType = "text/html; charset=utf-8";
        return http.Response.WriteAsync(
            "<html><body>You are signed out. <a href=\"/\">Sign in again</a></body></html>",
            http.RequestAborted
        );
    }

    [LoggerMessage(LogLevel.Error, "{Method} {Path} went wrong")]
    private partial void Failed(string method, string path, Exception fault);
}
