using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.RegularExpressions;
using Muster.Configuration;
using Muster.Faults;
using Muster.NodeOdm;
using YamlDotNet.RepresentationModel;

namespace Muster.Node.Engines;

/// <summary>Any program as an engine, as its YAML file describes it.</summary>
internal sealed record CommandEngineFile
{
    private static readonly ConfigKey<string> NameKey = new(
        "name",
        ConfigShape.Text,
        "the engine's name, as /info shows it"
    );
    private static readonly ConfigKey<string> VersionKey = new("version", ConfigShape.Text, "its version");
    private static readonly ConfigKey<IReadOnlyList<string>> CommandKey = new(
        "command",
        ConfigShape.List(ConfigShape.Text),
        "the program and its arguments, as a list"
    );
    private static readonly ConfigKey<string> ProgressKey = new(
        "progress",
        ConfigShape.Text,
        "a pattern for lines of output; its first group is the number of percent"
    );
    private static readonly ConfigKey<IReadOnlyList<string>> ResultsKey = new(
        "results",
        ConfigShape.List(ConfigShape.Text),
        "paths within the project that go into the archive"
    );
    private static readonly ConfigKey<IReadOnlyDictionary<string, string>> EnvKey = new(
        "env",
        ConfigShape.Variables,
        "environment variables"
    );
    private static readonly ConfigKey<IReadOnlyDictionary<string, string>> ErrorsKey = new(
        "errors",
        ConfigShape.Map("an exit code", code => int.TryParse(code, out _), ConfigShape.Text),
        "what exit codes mean"
    );
    private static readonly ConfigKey<IReadOnlyList<OptionDescription>> OptionsKey = new(
        "options",
        new(ReadOptions, _ => { }),
        "what clients may choose"
    );
    private static readonly ConfigKey[] Keys =
    [
        NameKey,
        VersionKey,
        CommandKey,
        ProgressKey,
        ResultsKey,
        EnvKey,
        ErrorsKey,
        OptionsKey,
    ];

    private static readonly ConfigKey<string> OptionName = new("name", ConfigShape.Text, "");
    private static readonly ConfigKey<string> OptionType = new("type", ConfigShape.Text, "");
    private static readonly ConfigKey<string> OptionValue = new("value", ConfigShape.Text, "");
    private static readonly ConfigKey<string> OptionHelp = new("help", ConfigShape.Text, "");
    private static readonly ConfigKey<OptionDomain> OptionDomainKey = new("domain", new(ReadDomain, _ => { }), "");
    private static readonly ConfigKey[] OptionKeys = [OptionName, OptionType, OptionValue, OptionHelp, OptionDomainKey];
    private static readonly string[] Types = ["int", "float", "bool", "string", "enum", "path"];

    public required string Name { get; init; }
    public required string Version { get; init; }

    /// <summary>
    /// Words in braces are filled in: <c>{project}</c>, <c>{images}</c>, <c>{uuid}</c>; <c>{options}</c>, alone,
    /// becomes all options.
    /// </summary>
    public required IReadOnlyList<string> Command { get; init; }
    public required Regex? Progress { get; init; }
    public required IReadOnlyList<string> Results { get; init; }
    public required IReadOnlyDictionary<string, string> Env { get; init; }
    public required IReadOnlyDictionary<int, string> Errors { get; init; }
    public required IReadOnlyList<OptionDescription> Options { get; init; }

    public static CommandEngineFile Read(string path, ConfigSources sources)
    {
        var file = new ConfigFile(Path.GetFullPath(path), sources);
        var node = file.Load();
        if (node is not null)
        {
            var section = ConfigSection.Read(node, file, Keys, "", "");
            foreach (
                var missing in new ConfigKey[] { NameKey, CommandKey }.Where(key =>
                    !section.Has(key) && section.IsComplete
                )
            )
                file.Mistake(node, $"'{missing.Name}' is missing: {missing.Meaning}");
            var progress = section.Has(ProgressKey)
                ? Pattern(section.Get(ProgressKey, ""), file, section.NodeOf(ProgressKey))
                : null;
            if (file.Mistakes.Count == 0)
            {
                return new()
                {
                    Name = section.Get(NameKey, ""),
                    Version = section.Get(VersionKey, "?"),
                    Command = section.Get(CommandKey, []),
                    Progress = progress,
                    Results = section.Get(ResultsKey, ["task_output.txt"]),
                    Env = section.Get(EnvKey, new Dictionary<string, string>()),
                    Errors = section
                        .Get(ErrorsKey, new Dictionary<string, string>())
                        .ToDictionary(pair => int.Parse(pair.Key, CultureInfo.InvariantCulture), pair => pair.Value),
                    Options = section.Get(OptionsKey, []),
                };
            }
        }
        throw new UserException(
            file.Mistakes.Count > 0 ? string.Join('\n', file.Mistakes) : $"{path} is empty",
            "Describe the engine as docs/node.md shows."
        );
    }

    private static Regex? Pattern(string text, ConfigFile file, YamlNode node)
    {
        try
        {
            return new(text, RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1));
        }
        catch (ArgumentException fault)
        {
            file.Mistake(node, $"the pattern cannot be read: {fault.Message}");
            return null;
        }
    }

    private static bool ReadOptions(
        YamlNode node,
        ConfigFile file,
        [MaybeNullWhen(false)] out IReadOnlyList<OptionDescription> value
    )
    {
        value = null;
        if (node is not YamlSequenceNode list)
        {
            file.Mistake(node, "expected a list of options");
            return false;
        }
        var options = new List<OptionDescription>();
        foreach (var item in list.Children)
        {
            var section = ConfigSection.Read(item, file, OptionKeys, "", "an option");
            var type = section.Get(OptionType, "string");
            if (!section.Has(OptionName) || !Types.Contains(type))
                file.Mistake(item, $"an option needs a name, and a type out of {string.Join(", ", Types)}");
            else
                options.Add(
                    new()
                    {
                        Name = section.Get(OptionName, ""),
                        Type = type,
                        Value = section.Get(OptionValue, type == "bool" ? "false" : ""),
                        Help = section.Get(OptionHelp, ""),
                        Domain = section.Get(OptionDomainKey, OptionDomain.Any),
                    }
                );
        }
        value = options;
        return options.Count == list.Children.Count;
    }

    private static bool ReadDomain(YamlNode node, ConfigFile file, [MaybeNullWhen(false)] out OptionDomain value)
    {
        value = node switch
        {
            YamlScalarNode { Value: { } rule } => new(rule),
            YamlSequenceNode list when list.Children.All(child => child is YamlScalarNode) => OptionDomain.Of([
                .. list.Children.Select(child => ((YamlScalarNode)child).Value ?? ""),
            ]),
            _ => null,
        };
        if (value is null)
            file.Mistake(node, "expected a rule such as 'positive integer', or a list of values");
        return value is not null;
    }
}
