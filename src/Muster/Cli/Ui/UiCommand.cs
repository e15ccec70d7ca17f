using System.CommandLine;
using System.Text.Json;
using Muster.Cli.Context;
using Muster.Cli.Terminal;
using Muster.Faults;

namespace Muster.Cli.Ui;

internal static class UiCommand
{
    public static Command Create()
    {
        var port = new Option<int>("--port")
        {
            Description = "Port to listen on (default: any free one).",
            HelpName = "PORT",
        };
        var noOpen = new Option<bool>("--no-open") { Description = "Print the address without opening a browser." };
        var command = new Command(
            "ui",
            """
            Show your runs in a browser, until Ctrl-C.

              muster ui                    on this machine; no gateway is needed
              muster ui --no-open          prints the address, which works once

            It listens on this machine alone. From elsewhere, forward the port: ssh -L PORT:localhost:PORT HOST
            """
        )
        {
            port,
            noOpen,
        };
        command.SetAction((parsed, ct) => RunAsync(parsed.App(), parsed.GetValue(port), !parsed.GetValue(noOpen), ct));
        return command;
    }

    private static async Task<int> RunAsync(App app, int port, bool open, CancellationToken ct)
    {
        using var interrupts = new Interrupts();
        await using var server = await UiServer.StartAsync(app, port, ct);
        app.Screen.Data(
            app.Json
                ? JsonSerializer.Serialize(new UiView(1, server.Address), UiJson.Plain.UiView)
                : server.Address.ToString()
        );
        app.Screen.Note("listening", "on this machine alone, until Ctrl-C; the address works once, within 5 minutes");
        if (open && app.Screen.NotesAreSeen)
            Browser.Open(server.Address, app.Screen);
        await await Task.WhenAny(interrupts.Next, server.Keeping).WaitAsync(ct);
        return ExitCodes.Done;
    }
}

/// <param name="Address">Works once.</param>
public sealed record UiView(int Schema, Uri Address);
