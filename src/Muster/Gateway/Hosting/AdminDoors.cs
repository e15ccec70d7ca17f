using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Muster.Faults;
using Muster.Gateway.Admin;
using Muster.Gateway.Console;
using Muster.Gateway.Model;
using Muster.Gateway.Telemetry;

namespace Muster.Gateway.Hosting;

/// <summary>The doors for those who run the gateway. Without a password only this machine can reach them.</summary>
public sealed partial class AdminDoors : IAsyncDisposable
{
    private ConsoleServer? _console;
    private AdminServer? _web;

    /// <summary>Where the console listens, if it does.</summary>
    public IPEndPoint? Console => _console?.Address;

    /// <summary>Where its HTTP door is, if there is one.</summary>
    public Uri? Web => _web?.Address;

    internal static async Task<AdminDoors> OpenAsync(
        GatewayOptions options,
        GatewayCore core,
        GatewayMeasures measures,
        RecentLog logs,
        TimeProvider clock,
        CancellationToken ct
    )
    {
        var log = logs.CreateLogger("admin");
        var doors = new AdminDoors();
        var address = AddressOf(options);
        var keeper = new AdminPassword(options.AdminPassword, clock);
        var (tasks, fleet, actions, tokens) = (core.Tasks, core.Fleet, core.Actions, core.Tokens);
        var desk = new AdminDesk(fleet, tokens, tasks);
        var waiting = core.Waiting;
        if (options.Console is { } console)
        {
            var commands = new ConsoleCommands(
                fleet,
                tasks,
                actions,
                tokens,
                desk,
                waiting,
                new(core.Machines, core.Scaler, clock),
                core.Scaler,
                clock
            );
            try
            {
                doors._console = ConsoleServer.Start(new(address, console.Port), commands, keeper, clock);
            }
            catch (SocketException fault) when (!console.Wanted)
            {
                Without(log, "console", console.Port, "--admin-cli-port", fault.Message);
            }
            catch (SocketException fault)
            {
                throw Taken(address, console.Port, "--admin-cli-port", fault);
            }
        }
        if (options.Admin is { } web)
        {
            var diagnosis = new Diagnosis(options, fleet, tasks, waiting, core.Spool, logs);
            var api = new AdminApi(
                fleet,
                core.Series,
                tasks,
                actions,
                tokens,
                core.Spool,
                core.Results,
                desk,
                new(core.Machines, core.Scaler, clock),
                waiting,
                diagnosis,
                measures,
                clock
            );
            var gate = new AdminGate(keeper, new(core.Store, options.AdminPassword, clock), clock);
            var pages = new ClusterPages(fleet, tasks, desk, clock);
            try
            {
                doors._web = await AdminServer.StartAsync(new(address, web.Port), api, pages, gate, logs, ct);
            }
            catch (IOException fault) when (!web.Wanted)
            {
                Without(log, "admin door", web.Port, "--admin-web-port", fault.Message);
            }
            catch (IOException fault)
            {
                await doors.DisposeAsync();
                throw Taken(address, web.Port, "--admin-web-port", fault);
            }
        }
        return doors;
    }

    public async ValueTask DisposeAsync()
    {
        if (_console is not null)
            await _console.DisposeAsync();
        if (_web is not null)
            await _web.DisposeAsync();
    }

    private static IPAddress AddressOf(GatewayOptions options)
    {
        var text = options.AdminBind ?? (options.AdminPassword.Length > 0 ? options.Bind : "127.0.0.1");
        if (!IPAddress.TryParse(text, out var address))
            throw UserException.Misuse(
                $"'{text}' is no address to listen on",
                "Write --admin-bind 127.0.0.1, 0.0.0.0, :: or an address of this machine."
            );
        if (options.AdminPassword.Length == 0 && !IPAddress.IsLoopback(address))
            throw UserException.Misuse(
                $"the admin doors would be open to everybody who reaches {address}",
                "Set a password with --admin-pass-file, or leave --admin-bind away."
            );
        return address;
    }

    private static UserException Taken(IPAddress address, int port, string flag, Exception fault) =>
        new(
            $"cannot listen on {new IPEndPoint(address, port)}: {fault.Message}",
            $"Choose another {flag}, or 0 for none.",
            fault
        );

    [LoggerMessage(
        LogLevel.Warning,
        "There is no {Door}, as port {Port} cannot be had ({Why}); {Flag} chooses another, or 0 for none"
    )]
    private static partial void Without(ILogger log, string door, int port, string flag, string why);
}
