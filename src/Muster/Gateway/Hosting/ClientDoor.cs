using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Muster.Gateway.Api;
using Muster.Gateway.Model;
using Muster.Gateway.Telemetry;
using Muster.NodeOdm;

namespace Muster.Gateway.Hosting;

/// <summary>The door for clients of NodeODM: <see cref="PublicApi"/>, and what stands before it.</summary>
internal sealed class ClientDoor : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly GatewayOptions _options;
    private readonly WebApplication _web;
    private readonly OperationApi _operation;
    private readonly Downloads _downloads;
    private readonly UploadGate _uploads;
    private bool _listens;

    public ClientDoor(
        GatewayOptions options,
        GatewayCore core,
        GatewayMeasures measures,
        ILoggerFactory logs,
        TimeProvider clock
    )
    {
        var log = logs.CreateLogger("gateway");
        var gate = new TokenGate(core.Tokens, core.Limits, core.Tasks.Live, core.Provider);
        _options = options;
        _downloads = new(core.Results, options);
        _operation = new(core.Tasks, measures, core.Blobs, clock);
        _uploads = new(options.Limits, clock, log);
        var api = new PublicApi(
            gate,
            core.Seal,
            core.Intake,
            core.Actions,
            core.Tasks,
            core.Fleet,
            core.Spool,
            _downloads,
            new(core.Fleet, core.Tasks, core.Catalog, clock),
            clock
        );
        _web = Listeners.Build(options, logs, clock);
        _web.Use(
            async (http, next) =>
            {
                if (!await _operation.HandleAsync(http))
                    await next(http);
            }
        );
        _web.UseOdmFaults(log);
        _web.UseOdmCors(() => gate.IsOpen);
        ConnectionCap.Follow(_web);
        _uploads.Guard(_web);
        _web.Run(api.HandleAsync);
        Pipeline = ((IApplicationBuilder)_web).Build();
    }

    /// <summary>What answers requests.</summary>
    public RequestDelegate Pipeline { get; }

    /// <returns>Where clients reach it.</returns>
    public Task<Uri> OpenAsync(CancellationToken ct)
    {
        _listens = true;
        return Listeners.StartAsync(_web, _options, ct);
    }

    /// <summary>Takes no more requests, and lets those under way finish for a moment.</summary>
    public async Task CloseAsync()
    {
        _operation.Stopping();
        using var patience = new CancellationTokenSource(Patience);
        if (_listens)
            await _web.StopAsync(patience.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await _web.DisposeAsync();
        _downloads.Dispose();
        _uploads.Dispose();
    }
}
