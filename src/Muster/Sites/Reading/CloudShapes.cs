using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.RegularExpressions;
using Muster.Configuration;
using Muster.Sites.Clouds;
using YamlDotNet.RepresentationModel;

namespace Muster.Sites.Reading;

/// <summary>The shapes of values that only cloud sites have.</summary>
internal static partial class CloudShapes
{
    /// <summary>What a provider calls its things: types, images, places, ids, fingerprints.</summary>
    public static readonly ConfigShape<string> Word = ConfigShape.Words(
        "a provider's word: letters, digits and . _ : / @ + * - without spaces",
        text => ProviderWord().IsMatch(text)
    );

    public static readonly ConfigShape<IReadOnlyList<string>> Words = new(
        (YamlNode node, ConfigFile file, [MaybeNullWhen(false)] out IReadOnlyList<string> value) =>
        {
            if (node is not YamlScalarNode)
                return ConfigShape.List(Word).Read(node, file, out value);
            var read = Word.Read(node, file, out var one);
            value = read ? [one!] : null;
            return read;
        },
        writer =>
        {
            writer.WriteStartArray("type");
            writer.WriteStringValue("string");
            writer.WriteStringValue("array");
            writer.WriteEndArray();
            writer.WriteStartObject("items");
            writer.WriteString("type", "string");
            writer.WriteEndObject();
        }
    );

    public static readonly ConfigShape<TimeSpan> Time = ConfigShape.Parsed<TimeSpan>(
        "a duration such as 90s, 15m, 10h or 2d",
        text =>
            Duration().Match(text) is { Success: true } match
                ? (
                    true,
                    long.Parse(match.Groups["number"].ValueSpan, CultureInfo.InvariantCulture)
                        * match.Groups["unit"].Value switch
                        {
                            "s" => TimeSpan.FromSeconds(1),
                            "m" => TimeSpan.FromMinutes(1),
                            "h" => TimeSpan.FromHours(1),
                            _ => TimeSpan.FromDays(1),
                        }
                )
                : default,
        writer => writer.WriteString("type", "string")
    );

    public static readonly ConfigShape<decimal> Amount = ConfigShape.Parsed<decimal>(
        "a number such as 0.05 or 12",
        text =>
            (
                decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var amount)
                    && amount < 1_000_000_000,
                amount
            ),
        writer =>
        {
            writer.WriteString("type", "number");
            writer.WriteNumber("minimum", 0);
        }
    );

    /// <summary>A token goes to it, so only this machine may be spoken to in the clear.</summary>
    public static readonly ConfigShape<Uri> Endpoint = ConfigShape.Parsed<Uri>(
        "an address such as https://api.example.com/v1",
        text =>
            Uri.TryCreate(text.TrimEnd('/') + "/", UriKind.Absolute, out var address)
            && (address.Scheme == Uri.UriSchemeHttps || (address.Scheme == Uri.UriSchemeHttp && address.IsLoopback))
            && address is { UserInfo: "", Query: "", Fragment: "" }
                ? (true, address)
                : (false, null!),
        writer => writer.WriteString("type", "string")
    );

    public static readonly ConfigShape<string> Currency = ConfigShape.Words(
        "a currency such as EUR or USD",
        text => CurrencyCode().IsMatch(text)
    );

    public static readonly ConfigShape<string> NamePrefix = ConfigShape.Words(
        "the beginning of a machine's name: at most 40 small letters, digits and -, beginning with a letter",
        text => Prefix().IsMatch(text)
    );

    public static readonly ConfigShape<string> KubeName = ConfigShape.Words(
        "a name in a cluster: at most 63 small letters, digits and -, with a letter or a digit at both ends",
        text => ClusterName().IsMatch(text)
    );

    public static readonly ConfigShape<string> HostKey = ConfigShape.Words(
        "first-use, or a fingerprint such as SHA256:…",
        text => text is "first-use" || Fingerprint().IsMatch(text)
    );

    public static readonly ConfigShape<IReadOnlyDictionary<string, string>> Tags = ConfigShape.Map(
        "the name of a label",
        _ => true,
        new ConfigShape<string>(
            (YamlNode node, ConfigFile file, [MaybeNullWhen(false)] out string value) =>
            {
                value = "";
                return ConfigShape.IsNull(node)
                    || node is YamlScalarNode { Value: "" }
                    || ConfigShape.Text.Read(node, file, out value);
            },
            ConfigShape.Either("string", "integer", "null")
        )
    );

    /// <summary>
    /// A secret as it is written, or the variable that holds it. One that is not set is noticed by who needs it.
    /// </summary>
    public static readonly ConfigShape<Secret> Secret = new(
        (YamlNode node, ConfigFile file, [MaybeNullWhen(false)] out Secret value) =>
        {
            value = null;
            if (node is YamlScalarNode { Value: { } text } && Variable().Match(text) is { Success: true } match)
            {
                var name = match.Groups["name"].Value;
                var held = file.Sources.Find(name)?.Trim() ?? "";
                value = new(held, name);
                return IsOneWord(held, node, file, name);
            }
            if (!ConfigShape.Scalar(node, file, "a secret, or ${VARIABLE}", out var literal))
                return false;
            value = new(literal, $"line {file.At(node).Line} of {file.At(node).Place}");
            return IsOneWord(literal, node, file, "the secret");
        },
        writer => writer.WriteString("type", "string")
    );

    public static readonly ConfigShape<Secret> SecretFile = new(
        (YamlNode node, ConfigFile file, [MaybeNullWhen(false)] out Secret value) =>
        {
            value = null;
            if (!ConfigShape.LocalPath.Read(node, file, out var path))
                return false;
            try
            {
                var text = File.Exists(path) ? File.ReadAllText(path).Trim() : "";
                value = new(text, path);
                return IsOneWord(text, node, file, path);
            }
            catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
            {
                file.Mistake(node, $"{path} cannot be read: {fault.Message}");
                return false;
            }
        },
        ConfigShape.LocalPath.Describe
    );

    // Before the shapes that are made of them.
    private static readonly ConfigKey<int> Images = new(
        "images",
        ConfigShape.Count,
        "for work of at most so many images"
    );
    private static readonly ConfigKey<string> Type = new("type", Word, "the provider's type of machine");
    private static readonly ConfigKey<decimal> SpotPrice = new(
        "spot-price",
        Amount,
        "the most to pay for a spot machine per hour"
    );
    private static readonly ConfigKey<int> Disk = new("disk", ConfigShape.Count, "the root disk's size in GB");
    private static readonly ConfigKey[] MachineKeys = [Images, Type, SpotPrice, Disk];

    private static readonly ConfigKey<decimal> Hour = new("hour", Amount, "the most to spend in an hour");
    private static readonly ConfigKey<decimal> Day = new("day", Amount, "the most to spend in a day");
    private static readonly ConfigKey<decimal> Month = new("month", Amount, "the most to spend in a month");
    private static readonly ConfigKey<string> Url = new("url", ConfigShape.Text, "the registry's address");
    private static readonly ConfigKey<string> User = new("user", ConfigShape.Text, "who signs in");
    private static readonly ConfigKey<Secret> Password = new("password", Secret, "the password or token");

    /// <summary>One type, several from the smallest to the largest, or each with the work that it is for.</summary>
    public static readonly ConfigShape<IReadOnlyList<MachineSize>> Machines = new(
        (YamlNode node, ConfigFile file, [MaybeNullWhen(false)] out IReadOnlyList<MachineSize> value) =>
        {
            var sizes = new List<MachineSize>();
            value = sizes;
            var complete = true;
            IEnumerable<YamlNode> entries = node is YamlSequenceNode list ? list.Children : [node];
            foreach (var entry in entries)
            {
                if (ReadMachine(entry, file) is { } size)
                    sizes.Add(size);
                else
                    complete = false;
            }
            if (complete && sizes.Count == 0)
                file.Mistake(node, "expected at least one machine");
            return complete && sizes.Count > 0;
        },
        writer =>
        {
            writer.WriteStartArray("type");
            writer.WriteStringValue("string");
            writer.WriteStringValue("array");
            writer.WriteEndArray();
            writer.WriteStartObject("items");
            writer.WriteStartArray("type");
            writer.WriteStringValue("string");
            writer.WriteStringValue("object");
            writer.WriteEndArray();
            writer.WriteStartObject("properties");
            foreach (var key in MachineKeys)
            {
                writer.WriteStartObject(key.Name);
                writer.WriteString("description", key.Meaning);
                key.Describe(writer);
                writer.WriteEndObject();
            }
            writer.WriteEndObject();
            writer.WriteEndObject();
        }
    );

    public static readonly ConfigShape<CloudBudget> Budget = Section(
        "budget",
        [Hour, Day, Month],
        (section, _, _) => new CloudBudget(Optional(section, Hour), Optional(section, Day), Optional(section, Month))
    );

    public static readonly ConfigShape<ImageRegistry> Registry = Section(
        "registry",
        [Url, User, Password],
        (section, node, file) =>
        {
            if (section.Has(Url) && section.Has(User) && section.Has(Password))
                return new ImageRegistry(section.Get(Url, ""), section.Get(User, ""), section.Get(Password, null!));
            file.Mistake(node, "a registry needs `url`, `user` and `password`");
            return null;
        }
    );

    private static MachineSize? ReadMachine(YamlNode node, ConfigFile file)
    {
        if (node is YamlScalarNode)
            return Word.Read(node, file, out var type) ? new(null, type) : null;
        var section = ConfigSection.Read(node, file, MachineKeys, "", "machines");
        if (section.IsComplete && !section.Has(Type))
            file.Mistake(node, "a machine needs a `type`");
        return !section.IsComplete || !section.Has(Type)
            ? null
            : new(
                section.Has(Images) ? section.Get(Images, 0) : null,
                section.Get(Type, ""),
                Optional(section, SpotPrice),
                section.Has(Disk) ? section.Get(Disk, 0) : null
            );
    }

    private static ConfigShape<T> Section<T>(
        string name,
        IReadOnlyList<ConfigKey> keys,
        Func<ConfigSection, YamlNode, ConfigFile, T?> make
    )
        where T : class =>
        new(
            (YamlNode node, ConfigFile file, [MaybeNullWhen(false)] out T value) =>
            {
                var section = ConfigSection.Read(node, file, keys, "", name);
                value = section.IsComplete ? make(section, node, file) : null;
                return value is not null;
            },
            writer => ConfigKey.Describe(writer, keys)
        );

    private static decimal? Optional(ConfigSection section, ConfigKey<decimal> key) =>
        section.Has(key) ? section.Get(key, 0) : null;

    private static bool IsOneWord(string secret, YamlNode node, ConfigFile file, string what)
    {
        if (!secret.Any(c => char.IsWhiteSpace(c) || char.IsControl(c)))
            return true;
        file.Mistake(node, $"{what} has spaces or line breaks in it, which no secret of a provider has");
        return false;
    }

    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9._:/@+*-]{0,255}\z")]
    private static partial Regex ProviderWord();

    [GeneratedRegex(@"\A(?<number>[0-9]{1,6})(?<unit>[smhd])\z")]
    private static partial Regex Duration();

    [GeneratedRegex(@"\A[A-Z]{3}\z")]
    private static partial Regex CurrencyCode();

    [GeneratedRegex(@"\A[a-z][a-z0-9-]{0,39}\z")]
    private static partial Regex Prefix();

    [GeneratedRegex(@"\ASHA256:[A-Za-z0-9+/]{43}\z")]
    private static partial Regex Fingerprint();

    [GeneratedRegex(@"\A[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\z")]
    private static partial Regex ClusterName();

    [GeneratedRegex(@"\A\$\{(?<name>[A-Za-z_][A-Za-z0-9_]*)\}\z")]
    private static partial Regex Variable();
}
