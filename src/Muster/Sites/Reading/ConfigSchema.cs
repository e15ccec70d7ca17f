using System.Diagnostics.CodeAnalysis;
using Muster.Configuration;
using Muster.Sites.Notices;
using Muster.Sites.Scaling;
using YamlDotNet.RepresentationModel;

namespace Muster.Sites.Reading;

/// <summary>
/// All keys of <c>muster.yaml</c> in one place: the reader, its suggestions and the JSON schema follow them.
/// </summary>
public static class ConfigSchema
{
    private static readonly string[] Ssh = ["ssh"],
        Plain = ["local", "ssh"],
        Slurm = ["slurm"];

    internal static readonly ConfigKey<string> DefaultSite = new(
        "default-site",
        SiteShapes.SiteName,
        "the site for runs that name none"
    );
    internal static readonly ConfigKey<OnInterrupt> OnInterrupt = new(
        "on-interrupt",
        ConfigShape.Choice<OnInterrupt>(),
        "what Ctrl-C does to a run that is being followed"
    );
    internal static readonly ConfigKey<long> SnapshotWarnSize = new(
        "snapshot-warn-size",
        ConfigShape.Size,
        "ask before sending a larger snapshot"
    );
    internal static readonly ConfigKey<int> SnapshotWarnFiles = new(
        "snapshot-warn-files",
        ConfigShape.Count,
        "ask before sending a snapshot of more files than this"
    );

    internal static readonly ConfigKey<SiteKind> Kind = new(
        "kind",
        ConfigShape.Choice<SiteKind>(),
        "what the site is: local, ssh, slurm, cloud or kubernetes"
    );
    internal static readonly ConfigKey<string> Root = new(
        "root",
        SiteShapes.RemotePath,
        "the folder for runs on the site; ~ is the home folder there"
    );
    internal static readonly ConfigKey<IReadOnlyList<string>> Setup = new(
        "setup",
        ConfigShape.Lines,
        "shell lines to run before every job"
    );
    internal static readonly ConfigKey<SetupErrors> SetupErrors = new(
        "setup-errors",
        ConfigShape.Choice<SetupErrors>(),
        "whether a failing setup line ends the run or is ignored"
    );
    internal static readonly ConfigKey<IReadOnlyDictionary<string, string>> Env = new(
        "env",
        ConfigShape.Variables,
        "environment variables for every job"
    );
    internal static readonly ConfigKey<string> Container = new(
        "container",
        ConfigShape.Image,
        "the container image to run jobs in"
    );
    internal static readonly ConfigKey<ContainerRuntime> Runtime = new(
        "runtime",
        ConfigShape.Choice<ContainerRuntime>(),
        "the program that runs the image"
    );
    internal static readonly ConfigKey<CodeMode> Code = new(
        "code",
        ConfigShape.Choice<CodeMode>(),
        "how a run's code is taken from the store"
    );

    internal static readonly ConfigKey<IReadOnlyList<string>> Hosts = new(
        "hosts",
        SiteShapes.Hosts,
        "names that ssh understands"
    )
    {
        Kinds = Ssh,
    };
    internal static readonly ConfigKey<IReadOnlyDictionary<string, IReadOnlyList<string>>> Roles = new(
        "roles",
        SiteShapes.Roles,
        "hosts reserved for a role"
    )
    {
        Kinds = Ssh,
    };
    internal static readonly ConfigKey<string> ThisMachine = new(
        "this-machine",
        SiteShapes.Host,
        "which of the hosts is this machine and needs no SSH"
    )
    {
        Kinds = Ssh,
    };
    internal static readonly ConfigKey<bool> CheckPairs = new(
        "check-pairs",
        ConfigShape.Flag,
        "check that the hosts reach each other"
    )
    {
        Kinds = Ssh,
    };
    internal static readonly ConfigKey<string> SshConfig = new("ssh-config", ConfigShape.LocalPath, "a file for ssh -F")
    {
        Kinds = [.. Ssh, .. Slurm],
    };
    internal static readonly ConfigKey<string> Identity = new(
        "identity",
        ConfigShape.LocalPath,
        "a private key for ssh -i"
    )
    {
        Kinds = [.. Ssh, .. Slurm],
    };

    internal static readonly ConfigKey<HostSlots> Slots = new(
        "slots",
        SiteShapes.Slots,
        "what each host has for runs: cpus, memory, gpus; what is not said is found there"
    )
    {
        Kinds = Plain,
    };
    internal static readonly ConfigKey<string> Queue = new(
        "queue",
        SiteShapes.RemotePath,
        "a folder on the hosts in which several users wait in one line"
    )
    {
        Kinds = Plain,
    };

    internal static readonly ConfigKey<string> Host = new(
        "host",
        SiteShapes.Host,
        "the login node; without it, SLURM's commands are on this machine"
    )
    {
        Kinds = Slurm,
    };
    internal static readonly ConfigKey<Schedulers.Slurm.SbatchOptions> Sbatch = new(
        "sbatch",
        SiteShapes.Sbatch,
        "sbatch options for every job"
    )
    {
        Kinds = Slurm,
    };

    internal static readonly IReadOnlyList<ConfigKey> SiteKeys =
    [
        Kind,
        Root,
        Setup,
        SetupErrors,
        Env,
        Container,
        Runtime,
        Code,
        Hosts,
        Roles,
        ThisMachine,
        CheckPairs,
        Slots,
        Queue,
        Host,
        Sbatch,
        SshConfig,
        Identity,
        .. CloudKeys.All,
        .. KubeKeys.All,
    ];

    /// <summary>The sites, each still as it is written: they are read once the kind is known.</summary>
    internal static readonly ConfigKey<IReadOnlyList<(YamlScalarNode Name, YamlNode Node)>> Sites = new(
        "sites",
        SitesShape(),
        "the places that run work"
    )
    {
        IsGroup = true,
    };

    internal static readonly ConfigKey<ScaleSettings> Scaling = new(
        "scaling",
        ScaleReader.Shape,
        "which sites give machines to a gateway, how many, and what they may cost"
    );

    internal static readonly ConfigKey<NoticeSettings> Notify = new(
        "notify",
        NoticeReader.Shape,
        "who is told when runs end, fail, or start after a long wait"
    );

    internal static readonly ConfigKey<IReadOnlyDictionary<string, JobDraft>> Jobs = new(
        "jobs",
        JobReader.Table,
        "submissions written down, for `muster submit JOB`"
    );

    internal static readonly IReadOnlyList<ConfigKey> TopKeys =
    [
        DefaultSite,
        Sites,
        Jobs,
        Scaling,
        Notify,
        OnInterrupt,
        SnapshotWarnSize,
        SnapshotWarnFiles,
    ];

    /// <summary>A JSON schema (draft 2020-12) of the file, for editors.</summary>
    public static string ToJson() => ConfigKey.Schema("Muster configuration", TopKeys);

    private static ConfigShape<IReadOnlyList<(YamlScalarNode Name, YamlNode Node)>> SitesShape() =>
        new(
            (
                YamlNode node,
                ConfigFile file,
                [MaybeNullWhen(false)] out IReadOnlyList<(YamlScalarNode Name, YamlNode Node)> value
            ) =>
            {
                ConfigShape.Pairs(node, file, out var pairs);
                foreach (var (name, _) in pairs.Where(pair => !SiteNames.IsName(pair.Key.Value!)))
                {
                    file.Mistake(
                        name,
                        $"'{name.Value}' cannot name a site: use letters, digits and . _ @ -, and begin with a letter "
                            + "or a digit"
                    );
                }
                value = [.. pairs.Where(pair => SiteNames.IsName(pair.Key.Value!))];
                return true; // so that mistakes in the other sites show too
            },
            writer =>
            {
                writer.WriteString("type", "object");
                writer.WriteStartObject("additionalProperties");
                ConfigKey.Describe(writer, SiteKeys, Kind.Name);
                writer.WriteEndObject();
            }
        );
}
