using System.CommandLine;
using System.Net;
using System.Text.Json;
using Muster.Cli.Context;
using Muster.Cli.Terminal;
using Muster.Faults;
using Muster.Gateway.Fleet;
using Muster.Gateway.Hosting;
using Muster.Gateway.Model;
using Muster.Gateway.Shared;
using Muster.Node;
using Muster.Sites;
using Muster.Storage;

namespace Muster.Cli.Gateway;

/// <summary>The gateway: one address for clients of NodeODM, with many nodes behind it.</summary>
internal static class ServeCommand
{
    private static readonly Option<string?> Config = Text(
        "--config",
        "FILE",
        "ClusterODM JSON configuration file; flags take precedence."
    );
    private static readonly Option<int?> Port = Number("--port", "Port for clients (3000).", "-p");
    private static readonly Option<string?> Bind = Text(
        "--bind",
        "ADDRESS",
        "Address to listen on (127.0.0.1); 0.0.0.0 or :: for all."
    );
    private static readonly Option<string[]> Nodes = new("--node")
    {
        Description = "A node to use, such as http://10.0.0.7:3000/?token=…; repeat for each node.",
        HelpName = "URL",
        Arity = ArgumentArity.ZeroOrMore,
    };
    private static readonly Option<string?> Engine = Text(
        "--engine",
        "NAME",
        "Engine of the built-in node, used when no other node is known (auto): odm, colmap, survey, command, test or "
            + "none."
    );
    private static readonly Option<string?> EngineFile = Text(
        "--engine-file",
        "FILE",
        "With --engine command: the YAML file that describes the program."
    );
    private static readonly Option<string?> OdmPath = Text(
        "--odm-path",
        "DIR",
        "ODM installation for the built-in node (/code)."
    );
    private static readonly Option<string?> OdmImage = Text(
        "--odm-image",
        "IMAGE",
        "ODM container image for the built-in node."
    );
    private static readonly Option<int?> SecurePort = Number(
        "--secure-port",
        "With a certificate: serve HTTPS on this port and plain HTTP on --port."
    );
    private static readonly Option<string?> SslCert = Text(
        "--ssl-cert",
        "FILE",
        "Certificate for HTTPS (PEM); reloaded when it changes."
    );
    private static readonly Option<string?> SslKey = Text("--ssl-key", "FILE", "Private key for HTTPS (PEM).");
    private static readonly Option<string?> Data = Text(
        "--data",
        "DIR",
        "Folder for the database, uploads and results."
    );
    private static readonly Option<string?> TokenFile = Text(
        "--token-file",
        "FILE",
        "File with the token that clients must present. Default: $MUSTER_TOKEN."
    );
    private static readonly Option<string?> Token = Text(
        "--token",
        "TOKEN",
        "Same, on the command line, where other users of this machine can see it."
    );
    private static readonly Option<bool> Open = new("--open")
    {
        Description = "Let anyone who can reach --bind use the gateway without a token.",
    };
    private static readonly Option<int?> ConsolePort = Number(
        "--admin-cli-port",
        "Port of the telnet console (8080); 0 to disable."
    );
    private static readonly Option<int?> AdminPort = Number(
        "--admin-web-port",
        "Port for `muster nodes`, `tasks`, `tokens` and the admin page (10000); 0 to disable."
    );
    private static readonly Option<string?> AdminPassFile = Text(
        "--admin-pass-file",
        "FILE",
        "File with the password for both. Default: $MUSTER_ADMIN_PASS. Without a password, only this machine can reach "
            + "them."
    );
    private static readonly Option<string?> AdminPass = Text(
        "--admin-pass",
        "TEXT",
        "Same, on the command line, where other users of this machine can see it."
    );
    private static readonly Option<string?> AdminBind = Text(
        "--admin-bind",
        "ADDRESS",
        "Address both listen on. Default: --bind if there is a password, else 127.0.0.1."
    );
    private static readonly Option<string?> PublicAddress = Text(
        "--public-address",
        "URL",
        "URL by which nodes reach this gateway, for split-merge. Default: the address of this machine that the client "
            + "used."
    );
    private static readonly Option<string?> Provider = Text(
        "--cloud-provider",
        "NAME",
        "Who validates tokens: local or lightning.",
        "-c"
    );
    private static readonly Option<bool> NoSplitMerge = new("--no-splitmerge")
    {
        Description = "Do not accept parts of split tasks.",
    };
    private static readonly Option<int?> FloodLimit = Number(
        "--flood-limit",
        "Maximum number of unfinished uploads per token; 0 for no limit."
    );
    private static readonly Option<string?> SpoolLimit = Text(
        "--spool-limit",
        "GB",
        "Maximum disk space for all uploads."
    );
    private static readonly Option<int?> MaxConnections = Number(
        "--max-connections",
        "Maximum number of client connections (10000), bounded by the open files allowed to this process."
    );
    private static readonly Option<int?> MaxUploads = Number(
        "--max-uploads",
        "Maximum number of concurrent uploads from one address or with one token (512); four times as many in total."
    );
    private static readonly Option<string?> StaleUploads = Text(
        "--stale-uploads-timeout",
        "HOURS",
        "Delete uploads that have been idle for this long (48)."
    );
    private static readonly Option<string?> Keep = Text(
        "--keep",
        "TIME",
        "How long to keep finished tasks and their archives (5d)."
    );
    private static readonly Option<string?> MoveAfter = Text(
        "--move-after",
        "TIME",
        "How long a node may be unreachable before its tasks are placed elsewhere (10m)."
    );
    private static readonly Option<string?> PollEvery = Text(
        "--poll-every",
        "TIME",
        "How often to poll nodes about their tasks (1s)."
    );

    private static readonly Option<int?> UploadMaxSpeed = Number(
        "--upload-max-speed",
        "Maximum bytes per second of each upload to a node; 0 for no limit."
    );
    private static readonly Option<bool> AllowPrivate = new("--allow-private-urls")
    {
        Description = "Let webhooks and zip URLs of clients reach private networks.",
    };

    private static readonly Option<bool> Browse = new("--browse")
    {
        Description = "Open the gateway's page in a browser.",
    };

    private static readonly Option<string?> Level = Text("--log-level", "LEVEL", "error, warn, info or debug (info).");
    private static readonly Option<string?> Format = Text("--log-format", "FORMAT", "Log format: text or json.");

    public static Command Create()
    {
        var command = new Command("serve", "Serve many NodeODM nodes behind one address, with a durable queue.")
        {
            Config,
            Port,
            SecurePort,
            Bind,
            SslCert,
            SslKey,
            Nodes,
            Engine,
            EngineFile,
            OdmPath,
            OdmImage,
            Data,
            TokenFile,
            Token,
            Open,
            ConsolePort,
            AdminPort,
            AdminPassFile,
            AdminPass,
            AdminBind,
            Provider,
            PublicAddress,
            NoSplitMerge,
            FloodLimit,
            SpoolLimit,
            MaxConnections,
            MaxUploads,
            StaleUploads,
            Keep,
            MoveAfter,
            PollEvery,
            UploadMaxSpeed,
            AllowPrivate,
            Browse,
            Level,
            Format,
        };
        command.Add(ServeScaling.Scale);
        command.Add(ServeScaling.Asr);
        command.Add(ServeScaling.Most);
        foreach (var option in ServeStorage.Options)
            command.Add(option);
        command.SetAction(
            (parsed, ct) =>
            {
                var app = parsed.App();
                var options = OptionsOf(parsed, app, out var logs);
                return RunAsync(app, options, logs, ct, parsed.GetValue(Browse));
            }
        );
        return command;
    }

    /// <summary>Serves until it is told to stop.</summary>
    /// <param name="browse">Its page is opened as soon as it serves.</param>
    internal static async Task<int> RunAsync(
        App app,
        GatewayOptions options,
        NoteLog logs,
        CancellationToken ct,
        bool browse = false
    )
    {
        using var interrupts = new Interrupts();
        app.Screen.Serve();
        options = options with { LogLinesLost = () => app.Screen.Lost };
        if (options.Blobs is null)
            PrivateFolder.KeepNewFilesPrivate(); // a folder that others mount may be theirs to read
        if (options.Database is not null)
        {
            if (options.Machines?.PoolSites.OfType<CloudSite>().FirstOrDefault() is { } cloud)
                throw UserException.Misuse(
                    $"gateways that share a database cannot scale on {cloud.Name}, which is a cloud",
                    "Leave --database out, or choose sites of kind slurm or ssh with --scale."
                );
            await using var shared = await SharedGateway.StartAsync(options, logs, app.Clock, ct);
            if (app.Json)
                app.Screen.Data(
                    JsonSerializer.Serialize(new ServeView(shared.Address.ToString()), ServeAnswers.Plain.ServeView)
                );
            else
                app.Screen.Note("serving", $"{shared.Address}, with others of the same database", Tint.Green);
            if (browse)
                Browser.Open(shared.Address, app.Screen);
            return await UntilStoppedAsync(app, interrupts, shared.BrokenAsync());
        }
        await using var gateway = await GatewayHost.StartAsync(options, logs, app.Clock, ct);
        if (app.Json)
            app.Screen.Data(
                JsonSerializer.Serialize(new ServeView(gateway.Address.ToString()), ServeAnswers.Plain.ServeView)
            );
        else
            Tell(app.Screen, gateway, options);
        if (browse)
            Browser.Open(gateway.Address, app.Screen);
        return await UntilStoppedAsync(app, interrupts, gateway.BrokenAsync());
    }

    private static async Task<int> UntilStoppedAsync(App app, Interrupts interrupts, Task broken)
    {
        ServiceNotice.Ready();
        if (await Task.WhenAny(interrupts.Next, broken) == broken)
            await broken;
        ServiceNotice.Stopping();
        app.Screen.Note("stopping", "requests under way are finished first");
        return ExitCodes.Done;
    }

    private static void Tell(Screen screen, GatewayHost gateway, GatewayOptions options)
    {
        screen.Note(
            "serving",
            $"{gateway.Address}, {Words.Count(gateway.Tasks.Lists.Count, "task")} known, data in {options.Data}",
            Tint.Green
        );
        if (gateway.Embedded is { IsCompletedSuccessfully: true, Result: var engine })
            screen.Note("node", $"its own, with {engine.Name} {engine.Version}; others: --node http://HOST:PORT");
        else if (gateway.Embedded is not null)
            screen.Note("node", "its own; it takes tasks once its engine has reported its options");
        else
            foreach (var node in gateway.Fleet.Nodes)
                screen.Note("node", node.Url.ToString());
        foreach (var pool in options.Machines?.Settings.Pools ?? [])
            screen.Note("machines", $"up to {pool.Most} of {pool.Site}, as tasks need them");
        if (gateway.Doors?.Console is { } console)
            screen.Note("console", $"telnet {console.Address} {console.Port}");
        if (gateway.Doors?.Web is { } admin)
            screen.Note("admin", $"{admin}, for `muster nodes`, `muster tasks` and `muster tokens`");
        if (gateway.IsCollected)
            screen.Note("telemetry", "measures and tasks go to the collector that OTEL_EXPORTER_OTLP_… names");
        if (gateway.Tokens.IsOpen && !IPAddress.IsLoopback(IPAddress.Parse(options.Bind)))
            screen.Note(
                "warning",
                "anyone who can reach it can use it: make a token with `muster tokens new NAME`, or set one",
                Tint.Yellow
            );
        if (gateway.Tokens.IsShut && options.Provider == "local")
            screen.Note(
                "warning",
                "there were tokens and none is left, so nobody is let in: make one with `muster tokens new NAME`, or "
                    + "start with --open",
                Tint.Yellow
            );
    }

    private static GatewayOptions OptionsOf(ParseResult parsed, App app, out NoteLog logs)
    {
        var file = ConfigFile(parsed.GetValue(Config));
        string? InForce(Option option) =>
            parsed.GetResult(option) is { Implicit: false } given
                ? (given.Tokens is [.., var last] ? last.Value : "true")
                : file.GetValueOrDefault(option.Name.TrimStart('-'));
        int Whole(Option option, int otherwise) =>
            InForce(option) is not { } text ? otherwise
            : int.TryParse(text, out var number) && number >= 0 ? number
            : throw Wrong(option, text, "a whole number");
        TimeSpan Time(Option option, TimeSpan otherwise) =>
            InForce(option) is not { } text ? otherwise
            : Durations.TryParse(text, out var time) ? time
            : throw Wrong(option, text, "a time such as 90s, 10m or 2h");
        Door? DoorOf(Option option, int usual) =>
            Whole(option, usual) is > 0 and var port ? new(port, Wanted: InForce(option) is not null) : null;
        // An empty one in ClusterODM's file is its way to say that there is none.
        string Secret(Option<string?> inFile, Option<string?> flag, string variable) =>
            SecretFile.Read(InForce(inFile))
            ?? SecretFile.InFlag(flag.Name, parsed.GetValue(flag))
            ?? (InForce(flag) is { Length: > 0 } text ? text : null)
            ?? SecretFile.InEnvironment(variable)
            ?? "";
        IEnumerable<KeyValuePair<string, string>> EngineFlags()
        {
            foreach (var option in (Option[])[Engine, EngineFile, OdmPath, OdmImage])
                if (InForce(option) is { } value)
                    yield return new(option.Name[2..], value);
        }
        logs = new(
            app.Screen,
            NoteLog.LevelOf(InForce(Level)),
            InForce(Format) switch
            {
                null or "text" => false,
                "json" => true,
                var other => throw Wrong(Format, other, "text or json"),
            }
        );
        var defaults = new GatewayOptions { Data = "" };
        var machines = ServeScaling.Sites(
            app,
            parsed.GetValue(ServeScaling.Scale) ?? [],
            parsed.GetValue(ServeScaling.Most),
            InForce(ServeScaling.Asr)
        );
        var options = new GatewayOptions
        {
            Machines = machines,
            Data = Path.GetFullPath(InForce(Data) ?? Path.Combine(app.Folders.State, "gateway")),
            Bind = InForce(Bind) ?? defaults.Bind,
            Port = Whole(Port, defaults.Port),
            SecurePort = Whole(SecurePort, 0),
            SslCert = InForce(SslCert) is { Length: > 0 } cert ? cert : null,
            SslKey = InForce(SslKey) is { Length: > 0 } key ? key : null,
            Engine = (InForce(Engine) ?? (machines is null ? "auto" : "none")) is "none"
                ? null
                : stop =>
                    EngineChoice.OpenAsync(
                        NodeConfig.Read(EngineFlags().ToDictionary()),
                        LocalSources.Find(),
                        note => app.Screen.Note("engine", note),
                        stop
                    ),
            Token = Secret(TokenFile, Token, "MUSTER_TOKEN"),
            Open = InForce(Open) is "true",
            Console = DoorOf(ConsolePort, 8080),
            Admin = DoorOf(AdminPort, 10000),
            AdminPassword = Secret(AdminPassFile, AdminPass, "MUSTER_ADMIN_PASS"),
            AdminBind = InForce(AdminBind),
            Provider = InForce(Provider) switch
            {
                null or "local" => "local",
                "lightning" => "lightning",
                var other => throw Wrong(Provider, other, "local or lightning"),
            },
            PublicAddress =
                InForce(PublicAddress) is not { Length: > 0 } address ? null
                : Uri.TryCreate(address.TrimEnd('/') + "/", UriKind.Absolute, out var url) ? url
                : throw Wrong(PublicAddress, address, "an address such as http://10.0.0.5:3000"),
            SplitMerge = !parsed.GetValue(NoSplitMerge) && file.GetValueOrDefault("splitmerge") != "false",
            FloodLimit = Whole(FloodLimit, 0),
            SpoolBudget = Whole(SpoolLimit, 0) * 1_000_000_000L,
            Limits = defaults.Limits.With(Whole(MaxConnections, 0), Whole(MaxUploads, 0)),
            UploadsExpire = Whole(StaleUploads, 0) is > 0 and var hours
                ? TimeSpan.FromHours(hours)
                : defaults.UploadsExpire,
            ResultsExpire = Time(Keep, defaults.ResultsExpire),
            MoveAfter = Time(MoveAfter, defaults.MoveAfter),
            PollEvery = Time(PollEvery, defaults.PollEvery),
            UploadMaxSpeed = Whole(UploadMaxSpeed, 0),
            AllowPrivateAddresses = InForce(AllowPrivate) is "true",
            Nodes =
            [
                .. (parsed.GetValue(Nodes) ?? [])
                    .Select(NodeAddress.Parse)
                    .Select(node => (node.Url, node.Token, false)),
            ],
            FileNodes = NodesFile.Read(Path.Combine("data", "nodes.json")),
            Routes = RoutesFile.Read(Path.Combine("data", "routes.json")),
        };
        return ServeStorage.In(options, InForce);
    }

    private static Dictionary<string, string> ConfigFile(string? path)
    {
        if (path is null)
            return [];
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(path));
            return document
                .RootElement.EnumerateObject()
                .ToDictionary(
                    member => member.Name,
                    member =>
                        member.Value.ValueKind == JsonValueKind.String
                            ? member.Value.GetString()!
                            : member.Value.GetRawText()
                );
        }
        catch (Exception fault)
            when (fault is JsonException or InvalidOperationException or IOException or UnauthorizedAccessException)
        {
            throw new UserException(
                $"cannot read {path}: {fault.Message}",
                "It holds one JSON object, with the names of the flags as keys.",
                fault
            );
        }
    }

    private static UserException Wrong(Option option, string text, string wanted) =>
        UserException.Misuse($"{option.Name} is '{text}'", $"Give it {wanted}.");

    private static Option<string?> Text(string name, string value, string what, params string[] aliases) =>
        new(name, aliases) { Description = what, HelpName = value };

    private static Option<int?> Number(string name, string what, params string[] aliases) =>
        new(name, aliases) { Description = what, HelpName = "N" };
}

/// <summary>Where the gateway listens.</summary>
internal sealed record ServeView(string Address);
