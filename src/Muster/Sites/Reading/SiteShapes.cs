using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.RegularExpressions;
using Muster.Configuration;
using Muster.Faults;
using Muster.Sites.Schedulers.Slurm;
using YamlDotNet.RepresentationModel;

namespace Muster.Sites.Reading;

/// <summary>The shapes of values that only sites have.</summary>
internal static partial class SiteShapes
{
    public static readonly ConfigShape<string> SiteName = ConfigShape.Words(
        "a site's name: letters, digits and . _ @ -, beginning with a letter or a digit",
        SiteNames.IsName
    );
    public static readonly ConfigShape<string> Host = ConfigShape.Words(
        "a host: a name or user@name that ssh understands",
        SiteNames.IsHost
    );
    public static readonly ConfigShape<string> RemotePath = ConfigShape.Words(
        "a full path on the site, or one that starts with ~/, without spaces, quotes, variables or colons",
        SiteNames.IsRemotePath
    );
    public static readonly ConfigShape<IReadOnlyList<string>> Hosts = ConfigShape.List(Host);
    public static readonly ConfigShape<IReadOnlyDictionary<string, IReadOnlyList<string>>> Roles = ConfigShape.Map(
        "a role: small letters, digits and -",
        name => RoleName().IsMatch(name),
        Hosts
    );

    private static readonly ConfigKey<int> Cpus = new("cpus", ConfigShape.Count, "processors");
    private static readonly ConfigKey<long> Memory = new("memory", ConfigShape.Size, "memory, such as 64G");
    private static readonly ConfigKey<int> Gpus = new(
        "gpus",
        ConfigShape.Parsed<int>(
            "a whole number",
            text => (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number), number),
            writer => writer.WriteString("type", "integer")
        ),
        "GPUs, numbered from 0"
    );

    public static readonly ConfigShape<HostSlots> Slots = ConfigShape.Part(
        "slots",
        [Cpus, Memory, Gpus],
        (section, _, _) =>
            new HostSlots(
                section.Has(Cpus) ? section.Get(Cpus, 0) : null,
                section.Has(Memory) ? (int)(section.Get(Memory, 0L) >> 20) : null,
                section.Has(Gpus) ? section.Get(Gpus, 0) : null
            )
    );

    public static readonly ConfigShape<SbatchOptions> Sbatch = new(
        ReadSbatch,
        writer =>
        {
            writer.WriteString("type", "object");
            writer.WriteStartObject("additionalProperties");
            ConfigShape.Either("string", "integer", "boolean", "null")(writer);
            writer.WriteEndObject();
        }
    );

    private static bool ReadSbatch(YamlNode node, ConfigFile file, [MaybeNullWhen(false)] out SbatchOptions value)
    {
        value = SbatchOptions.None;
        if (!ConfigShape.Pairs(node, file, out var pairs))
            return false;
        var complete = true;
        foreach (var (key, child) in pairs)
        {
            var text = "";
            if (!ConfigShape.IsNull(child) && !ConfigShape.Scalar(child, file, "one value for each option", out text))
            {
                complete = false;
                continue;
            }
            try
            {
                value = value.With(key.Value!, text);
            }
            catch (UserException fault)
            {
                file.Mistake(key, $"{fault.Message}. {fault.Fix}");
                complete = false;
            }
        }
        return complete;
    }

    [GeneratedRegex(@"\A[a-z][a-z0-9-]*\z")]
    private static partial Regex RoleName();
}
