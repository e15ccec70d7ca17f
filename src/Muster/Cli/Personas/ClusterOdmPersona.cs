using System.CommandLine;
using Muster.Cli.Gateway;
using Muster.Cli.Terminal;

namespace Muster.Cli.Personas;

/// <summary>The command line of ClusterODM: its flags, config files and data folder, its ports and defaults.</summary>
internal sealed class ClusterOdmPersona : Command
{
    private static readonly (string Name, string? Takes, string Help, string? Short)[] Flags =
    [
        ("config", "FILE", "JSON file with settings, which win over flags (config-default.json).", null),
        ("port", "N", "Where clients come in (3000).", "-p"),
        ("secure-port", "N", "With a certificate: HTTPS on this port, and plain HTTP on the other.", null),
        ("admin-cli-port", "N", "The console for telnet (8080); 0 for none.", null),
        ("admin-web-port", "N", "The admin page's port (10000); 0 for none.", null),
        ("admin-pass", "TEXT", "The password of both. Without one, only this machine reaches them.", null),
        ("log-level", "LEVEL", "error, warn, info, verbose, debug or silly.", null),
        ("cloud-provider", "NAME", "Who knows the tokens: local, lightning or lightningDev.", "-c"),
        ("upload-max-speed", "N", "Bytes a second to each node; 0 for any.", null),
        ("downloads-from-s3", "URL", "Where nodes put archives and assets themselves: downloads are sent to URL/TASK/ASSET when it is there.", null),
        ("splitmerge", "VALUE", "Accept parts of split tasks; on by default.", null),
        ("no-splitmerge", null, "Do not accept parts of split tasks.", null),
        ("public-address", "URL", "How nodes reach this gateway, for split-merge.", null),
        ("flood-limit", "N", "Uploads that a token may have begun and not finished; 0 for any number.", null),
        ("stale-uploads-timeout", "HOURS", "Forget uploads that nothing was heard of for so long; 0 for 48.", null),
        ("token", "TEXT", "What clients must show.", null),
        ("debug", null, "Log more.", null),
        ("ssl-key", "FILE", "Private key for HTTPS, PEM.", null),
        ("ssl-cert", "FILE", "Certificate for HTTPS, PEM; read again when it changes.", null),
        ("asr", "FILE", "The autoscaler's settings: not there yet.", null),
    ];

    private ClusterOdmPersona() : base("clusterodm", """
        The gateway with ClusterODM's flags, files and defaults. It is started where ClusterODM was.

          muster as clusterodm --port 3000 --token secret
          muster as clusterodm --config config.json

        config-default.json, data/nodes.json and data/routes.json are read there; what it keeps is in data/muster.
        """)
    {
        var given = new List<(string Name, Func<ParseResult, string?> Value)>();
        foreach (var (name, takes, help, letter) in Flags)
        {
            Option option = takes is null ? new Option<bool>($"--{name}") { Description = help, Arity = ArgumentArity.Zero } : new Option<string?>($"--{name}") { Description = help, HelpName = takes };
            if (name == "splitmerge") option.Arity = ArgumentArity.ZeroOrOne;
            if (name.Contains('-')) option.Aliases.Add($"--{name.Replace('-', '_')}");
            if (letter is not null) option.Aliases.Add(letter);
            Add(option);
            given.Add((name, parsed => parsed.GetResult(option) is not { Implicit: false } result ? null : result.Tokens is [.., var last] ? last.Value : "true"));
        }
        SetAction((parsed, ct) => RunAsync(given.Select(flag => (flag.Name, Value: flag.Value(parsed))).Where(flag => flag.Value is not null).ToDictionary(flag => flag.Name, flag => flag.Value!), ct));
    }

    public static Command Create() => new ClusterOdmPersona();

    private static Task<int> RunAsync(Dictionary<string, string> flags, CancellationToken ct)
    {
        if (flags.Remove("no-splitmerge")) flags["splitmerge"] = "";
        var app = MusterCommand.Current.App();
        var config = new ClusterOdmConfig(flags, Directory.GetCurrentDirectory());
        var options = config.Options();
        foreach (var warning in config.Warnings()) app.Screen.Note("warning", warning, Tint.Yellow);
        return ServeCommand.RunAsync(app, options, new(app.Screen, NoteLog.LevelOf(config.Text("debug").Length > 0 ? "debug" : config.Text("log-level"))), ct);
    }
}
