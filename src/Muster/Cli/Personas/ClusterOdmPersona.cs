using System.CommandLine;
using Muster.Cli.Context;
using Muster.Cli.Gateway;
using Muster.Cli.Terminal;

namespace Muster.Cli.Personas;

/// <summary>The command line of ClusterODM: its flags, config files and data folder, its ports and defaults.</summary>
internal sealed class ClusterOdmPersona : Command
{
    private static readonly (string Name, string? Takes, string Help, string? Short)[] Flags =
    [
        ("config", "FILE", "JSON settings file, which takes precedence over flags (config-default.json).", null),
        ("port", "N", "Port for clients (3000).", "-p"),
        ("secure-port", "N", "With a certificate: serve HTTPS on this port and plain HTTP on --port.", null),
        ("admin-cli-port", "N", "Port of the telnet console (8080); 0 to disable.", null),
        ("admin-web-port", "N", "Port of the admin page (10000); 0 to disable.", null),
        ("admin-pass", "TEXT", "Password for both. Without one, only this machine can reach them.", null),
        ("log-level", "LEVEL", "error, warn, info, verbose, debug or silly.", null),
        ("cloud-provider", "NAME", "Who validates tokens: local, lightning or lightningDev.", "-c"),
        ("upload-max-speed", "N", "Maximum bytes per second of each upload to a node; 0 for no limit.", null),
        (
            "downloads-from-s3",
            "URL",
            "Where nodes upload archives and assets themselves: downloads are redirected to URL/TASK/ASSET if it "
                + "exists.",
            null
        ),
        ("splitmerge", "VALUE", "Accept parts of split tasks; on by default.", null),
        ("no-splitmerge", null, "Do not accept parts of split tasks.", null),
        ("public-address", "URL", "URL by which nodes reach this gateway, for split-merge.", null),
        ("flood-limit", "N", "Maximum number of unfinished uploads per token; 0 for no limit.", null),
        ("stale-uploads-timeout", "HOURS", "Delete uploads that have been idle for this long; 0 means 48.", null),
        ("token", "TEXT", "Token that clients must present.", null),
        ("debug", null, "Log more.", null),
        ("ssl-key", "FILE", "Private key for HTTPS (PEM).", null),
        ("ssl-cert", "FILE", "Certificate for HTTPS (PEM); reloaded when it changes.", null),
        ("asr", "FILE", "Autoscaler settings: machines of a cloud are started while tasks wait, and given back.", null),
    ];

    private ClusterOdmPersona()
        : base(
            "clusterodm",
            """
            Run the gateway with ClusterODM's flags, files and defaults. Start it in ClusterODM's folder.

              muster as clusterodm --port 3000 --token secret
              muster as clusterodm --config config.json

            Reads config-default.json, data/nodes.json and data/routes.json there; keeps its own data in data/muster.
            """
        )
    {
        var given = new List<(string Name, Func<ParseResult, string?> Value)>();
        foreach (var (name, takes, help, letter) in Flags)
        {
            Option option = takes is null
                ? new Option<bool>($"--{name}") { Description = help, Arity = ArgumentArity.Zero }
                : new Option<string?>($"--{name}") { Description = help, HelpName = takes };
            if (name == "splitmerge")
                option.Arity = ArgumentArity.ZeroOrOne;
            if (name.Contains('-'))
                option.Aliases.Add($"--{name.Replace('-', '_')}");
            if (letter is not null)
                option.Aliases.Add(letter);
            Add(option);
            given.Add(
                (
                    name,
                    parsed =>
                        parsed.GetResult(option) is not { Implicit: false } result ? null
                        : result.Tokens is [.., var last] ? last.Value
                        : "true"
                )
            );
        }
        SetAction(
            (parsed, ct) =>
                RunAsync(
                    parsed.App(),
                    given
                        .Select(flag => (flag.Name, Value: flag.Value(parsed)))
                        .Where(flag => flag.Value is not null)
                        .ToDictionary(flag => flag.Name, flag => flag.Value!),
                    ct
                )
        );
    }

    public static Command Create() => new ClusterOdmPersona();

    private static Task<int> RunAsync(App app, Dictionary<string, string> flags, CancellationToken ct)
    {
        if (flags.Remove("no-splitmerge"))
            flags["splitmerge"] = "";
        var config = new ClusterOdmConfig(flags, Directory.GetCurrentDirectory());
        var options = config.Options() with { Machines = ServeScaling.Sites(app, ["none"], null, config.Text("asr")) };
        foreach (var warning in config.Warnings())
            app.Screen.Note("warning", warning, Tint.Yellow);
        return ServeCommand.RunAsync(
            app,
            options,
            new(app.Screen, NoteLog.LevelOf(config.Text("debug").Length > 0 ? "debug" : config.Text("log-level"))),
            ct
        );
    }
}
