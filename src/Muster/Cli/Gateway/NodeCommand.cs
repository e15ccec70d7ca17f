using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.Extensions.Logging;
using Muster.Cli.Context;
using Muster.Cli.Terminal;
using Muster.Node;
using Muster.Node.Engines;
using Muster.Storage;

namespace Muster.Cli.Gateway;

internal static class NodeCommand
{
    private static readonly Dictionary<string, string> Short = new()
    {
        ["port"] = "-p",
        ["daemon"] = "-d",
        ["parallel-queue-processing"] = "-q",
    };

    public static Command Create()
    {
        var command = new Command("node", "Run a processing node that speaks the NodeODM API.");
        var flags = new List<(string Name, Func<ParseResult, string?> Value)>();
        foreach (var (name, takes, help) in NodeConfig.Flags)
        {
            if (takes is null)
            {
                var option = new Option<bool>($"--{name}") { Description = help };
                Add(command, option, name);
                flags.Add(
                    (
                        name,
                        parsed =>
                            parsed.GetResult(option) is null ? null
                            : parsed.GetValue(option) ? "true"
                            : "false"
                    )
                );
            }
            else
            {
                var option = new Option<string>($"--{name}") { Description = help, HelpName = takes };
                Add(command, option, name);
                flags.Add((name, parsed => parsed.GetValue(option)));
            }
        }
        command.SetAction(
            (parsed, ct) =>
                RunAsync(
                    parsed.App(),
                    flags
                        .Select(flag => (flag.Name, Value: flag.Value(parsed)))
                        .Where(flag => flag.Value is not null)
                        .ToDictionary(flag => flag.Name, flag => flag.Value!),
                    ct
                )
        );
        return command;
    }

    private static void Add(Command command, Option option, string name)
    {
        if (name.Contains('-'))
            option.Aliases.Add($"--{name.Replace('-', '_')}");
        if (Short.TryGetValue(name, out var letter))
            option.Aliases.Add(letter);
        command.Options.Add(option);
    }

    private static async Task<int> RunAsync(App app, Dictionary<string, string> flags, CancellationToken ct)
    {
        var config = NodeConfig.Read(flags);
        var settings = config.Settings(Path.Combine(app.Folders.State, "node"));
        PrivateFolder.KeepNewFilesPrivate();
        using var interrupts = new Interrupts();
        using var opening = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var engine = EngineChoice.OpenAsync(
            config,
            LocalSources.Find(),
            text => app.Screen.Note("engine", text),
            opening.Token
        );
        try
        {
            if (engine.IsFaulted)
                await engine; // what the flags have wrong is said before anything listens
            return await ServeAsync(app, config, settings, engine, interrupts.Next, ct);
        }
        finally
        {
            await opening.CancelAsync();
            await ((Task)engine).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static async Task<int> ServeAsync(
        App app,
        NodeConfig config,
        NodeSettings settings,
        Task<IEngine> opening,
        Task stop,
        CancellationToken ct
    )
    {
        app.Screen.Serve();
        using var logs = new NoteLog(
            app.Screen,
            config.Has("daemon") ? LogLevel.None : NoteLog.LevelOf(config.Text("log-level"))
        );
        await using var node = await NodeServer.StartAsync(settings, opening, logs, app.Clock, ct);

        var url = $"http://{node.Address}";
        if (!opening.IsCompleted)
            app.Screen.Note("starting", $"{url} answers; it takes tasks once the engine has reported its options");
        if (await Task.WhenAny(opening, stop).WaitAsync(ct) != opening)
        {
            app.Screen.Note("stopping", "before its engine was ready");
            return 0;
        }
        var engine = await opening;
        if (app.Json)
            app.Screen.Data(
                JsonSerializer.Serialize(
                    new NodeView(1, url, engine.Name, engine.Version, settings.Folder),
                    NodeViewJson.Default.NodeView
                )
            );
        else
            app.Screen.Note("node", $"{url}, {engine.Name} {engine.Version}, tasks in {settings.Folder}", Tint.Green);
        if (settings.Token is null && System.Net.IPAddress.IsLoopback(node.Address.Address))
            app.Screen.Note("", "only this machine can reach it; set a token to allow others");
        if (config.Has("powercycle"))
            return 0;

        using var over = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var isForsaken = await Task.WhenAny(stop, node.ForsakenAsync(over.Token)).WaitAsync(ct) != stop;
        await over.CancelAsync();
        app.Screen.Note(
            "stopping",
            isForsaken
                ? $"nobody has asked for {settings.Lease?.TotalMinutes:0.##} min, and that is its lease"
                : "tasks that run now are taken up by the next node in this folder"
        );
        return 0;
    }
}

public sealed record NodeView(int Schema, string Url, string Engine, string EngineVersion, string Folder);

/// <summary>The JSON that `node` prints once it listens.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(NodeView))]
internal sealed partial class NodeViewJson : JsonSerializerContext;
