using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using Muster.Cli.Context;
using Muster.Faults;
using Muster.Gateway.Admin;
using Muster.NodeOdm;
using Muster.Pages;

namespace Muster.Cli.Ui;

/// <summary>
/// The page of one's own runs, on this machine's loopback alone. Its address has a word that is good for one page, once
/// and soon; that page gets the key which each call needs. There is no cookie: what a run's forwarded ports show is
/// opened at another address, and has no way to the key.
/// </summary>
internal sealed class UiServer : IAsyncDisposable
{
    public static readonly TimeSpan OnceLasts = TimeSpan.FromMinutes(5);
    private const int LongestBody = 64 * 1024;

    private readonly string _once = NewText();
    private readonly string _key = NewText();
    private readonly CancellationTokenSource _stop = new();
    private readonly WebApplication _web;
    private readonly UiRuns _runs;
    private readonly UiScenes _scenes;
    private readonly TimeProvider _clock;
    private readonly DateTimeOffset _onceUntil;
    private readonly Task _keeping;
    private int _used;

    private UiServer(App app, int port)
    {
        (_clock, _onceUntil) = (app.Clock, app.Clock.GetUtcNow() + OnceLasts);
        Address = new($"http://localhost:{port}/#k={_once}");
        _web = WebServers
            .Plain(
                NullLoggerFactory.Instance,
                kestrel =>
                {
                    kestrel.Limits.MaxRequestBodySize = LongestBody;
                    kestrel.ListenLocalhost(port);
                }
            )
            .Build();
        _web.Use(new DoorGuard(NullLogger.Instance, LongestBody, () => false, AdmitAsync).RunAsync);
        _web.UseRouting();
        _web.MapGet("/", http => PageFiles.PageAsync(http, "runs"));
        _web.MapGet(PageFiles.App + "{file}", PageFiles.AppAsync);
        _web.MapPost(AdminApi.Root + "/session", SignInAsync);
        _runs = new(app, _stop.Token);
        _runs.Map(_web.MapGroup(AdminApi.Root));
        new UiMeasures(app, _stop.Token).Map(_web.MapGroup(AdminApi.Root));
        _scenes = new(app);
        _scenes.Map(_web.MapGroup(AdminApi.Root), _web);
        new UiSites(app).Map(_web.MapGroup(AdminApi.Root));
        _keeping = Task.Run(_runs.KeepFreshAsync);
    }

    /// <summary>With the word that is good once.</summary>
    public Uri Address { get; }

    /// <summary>Ends by a bug of ours alone.</summary>
    public Task Keeping => _keeping;

    public static async Task<UiServer> StartAsync(App app, int port, CancellationToken ct)
    {
        var server = new UiServer(app, port == 0 ? FreePort() : port);
        try
        {
            await server._web.StartAsync(ct);
            return server;
        }
        catch (IOException fault)
        {
            await server.DisposeAsync();
            throw new UserException(
                $"cannot listen on port {port}: {fault.Message}",
                "Choose another with --port, or leave it out.",
                fault
            );
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        using (var patience = new CancellationTokenSource(TimeSpan.FromSeconds(2)))
            await _web.StopAsync(patience.Token);
        await _keeping.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _runs.DisposeAsync();
        await _web.DisposeAsync();
        _scenes.Dispose();
        _stop.Dispose();
    }

    private async Task<bool> AdmitAsync(HttpContext http)
    {
        var request = http.Request;
        if (
            !request.Path.StartsWithSegments(AdminApi.Root, StringComparison.Ordinal)
            || (request.Path == AdminApi.Root + "/session" && HttpMethods.IsPost(request.Method))
            || Same(request.Headers[AdminGate.KeyHeader].ToString(), _key)
        )
            return true;
        await http.FaultAsync(
            StatusCodes.Status401Unauthorized,
            "this page is not signed in",
            "Open the address that `muster ui` prints; it works once."
        );
        return false;
    }

    private async Task SignInAsync(HttpContext http)
    {
        var body = await AdminApi.BodyAsync(http.Request, UiJson.Plain.UiOnce, http.RequestAborted);
        if (!Same(body.Once ?? "", _once) || _clock.GetUtcNow() > _onceUntil || Interlocked.Exchange(ref _used, 1) != 0)
        {
            await http.FaultAsync(
                StatusCodes.Status401Unauthorized,
                "this address was used already, or is too old",
                "End `muster ui` with Ctrl-C and start it again."
            );
            return;
        }
        await http.AnswerAsync(new UiKey(1, _key), UiJson.Plain.UiKey);
    }

    private static bool Same(string one, string other) =>
        CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(one), Encoding.UTF8.GetBytes(other));

    private static string NewText() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}

public sealed record UiOnce(string? Once);

public sealed record UiKey(int Schema, string Key);

/// <summary>The JSON of the page that is no command's too.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull
)]
[JsonSerializable(typeof(UiOnce))]
[JsonSerializable(typeof(UiKey))]
[JsonSerializable(typeof(UiView))]
[JsonSerializable(typeof(UiHello))]
[JsonSerializable(typeof(UiContact))]
[JsonSerializable(typeof(UiPort))]
[JsonSerializable(typeof(UiFileList))]
[JsonSerializable(typeof(UiUsage))]
[JsonSerializable(typeof(UiSceneList))]
[JsonSerializable(typeof(UiSceneAsked))]
[JsonSerializable(typeof(UiSceneOpened))]
[JsonSerializable(typeof(string))]
internal sealed partial class UiJson : JsonSerializerContext
{
    public static UiJson Plain { get; } = new(AnswerJson.Readable());
}
