using System.Diagnostics.CodeAnalysis;
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
