using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Muster.NodeOdm;

/// <summary>How every web server of the program is set up: Kestrel, routes and our log, and nothing else.</summary>
internal static class WebServers
{
    /// <summary>For small requests.</summary>
    public static WebApplicationBuilder Plain(ILoggerFactory logs, Action<KestrelServerOptions> listen)
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.Services.AddRoutingCore().AddSingleton(logs);
        builder
            .WebHost.UseKestrelCore()
            .ConfigureKestrel(kestrel =>
            {
                kestrel.AddServerHeader = false;
                listen(kestrel);
            });
        return builder;
    }

    /// <summary>For uploads, and for more clients than the process may have files.</summary>
    /// <param name="listen">Opens the listeners; each is to be guarded by the cap.</param>
    public static WebApplicationBuilder ForUploads(
        ILoggerFactory logs,
        InputLimits limits,
        TimeProvider clock,
        Action<KestrelServerOptions, ConnectionCap> listen
    )
    {
        var builder = Plain(
            logs,
            kestrel =>
            {
                OdmEndpoints.SetLimits(kestrel);
                listen(kestrel, new(limits.Connections, clock));
            }
        );
        builder.Services.AddSingleton<IMemoryPoolFactory<byte>, LargeBlocks>();
        BoundedListeners.AddTo(builder.Services, limits.Connections);
        return builder;
    }
}
