using Muster.Configuration;
using YamlDotNet.RepresentationModel;

namespace Muster.Recipes.Reading;

/// <summary>Reads a <c>recipe.yaml</c>: all that is wrong in it is told at once, each with its line.</summary>
internal static class RecipeReader
{
    /// <summary>The options that every run has; a recipe's own must not be called so.</summary>
    internal static readonly string[] Taken =
    [
        "site",
        "name",
        "host",
        "gpus",
        "cpus",
        "memory",
        "time",
        "set",
        "env",
        "secret",
        "container",
        "pull-image",
        "after",
        "notify",
        "detach",
        "dry-run",
        "no-fetch",
        "on-interrupt",
        "role",
        "ready-within",
        "json",
        "quiet",
        "yes",
        "help",
    ];

    public static Recipe Read(RecipeSource source, ConfigSources sources)
    {
        var file = new ConfigFile(
            source.IsBuiltIn ? Path.Combine(sources.Folder, "built-in", source.Path) : source.Path,
            sources
        );
        var root = source.IsBuiltIn ? file.Load(source.Text()) : file.Load();
        if (root is null && file.Mistakes.Count == 0)
            file.Mistake(new YamlScalarNode(""), "the file is empty");
        var recipe = root is null ? null : Read(root, source, file);
        return file.Mistakes.Count == 0
            ? recipe!
            : throw new ConfigException(
                [.. file.Mistakes.OrderBy(mistake => mistake.Origin.Line)],
                "muster recipes schema"
            );
    }

    private static Recipe Read(YamlNode root, RecipeSource source, ConfigFile file)
    {
        var top = ConfigSection.Read(root, file, RecipeSchema.TopKeys, "", "");
        foreach (var key in (ConfigKey[])[RecipeSchema.About, RecipeSchema.Script])
        {
            if (!top.Has(key) && !Mentions(root, key.Name))
                file.Mistake(root, $"a recipe needs `{key.Name}`: {key.Meaning}");
        }
        var resources = top.Has(RecipeSchema.Resources) ? top.Get(RecipeSchema.Resources, null!) : null;
        var inputs = top.Get(RecipeSchema.Inputs, []);
        var parameters = top.Get(RecipeSchema.Parameters, []);
        var roles = top.Get(RecipeSchema.Roles, []);
        if (roles.Count == 0)
        {
            foreach (var key in (ConfigKey[])[RecipeSchema.Launch, RecipeSchema.Alone, RecipeSchema.Merge])
            {
                if (top.Has(key))
                    file.Mistake(top.NodeOf(key), $"`{key.Name}` is for recipes with `roles`");
            }
        }
        foreach (
            var name in parameters.Where(parameter => inputs.Any(input => input.Name.Value == parameter.Name.Value))
        )
            file.Mistake(name.Name, $"'{name.Name.Value}' is an input already");
        foreach (var name in inputs.Concat(parameters).Where(entry => Taken.Contains(entry.Name.Value)))
            file.Mistake(name.Name, $"'{name.Name.Value}' is an option of every run; choose another name");
        return new()
        {
            Name = source.Name,
            Source = source,
            Origin = source.IsBuiltIn ? Origin.BuiltIn : file.At(root),
            About = top.Get(RecipeSchema.About, "").Trim(),
            Script = File(top, RecipeSchema.Script, source, file, ".sh", ".py") ?? "",
            Stage = File(top, RecipeSchema.Stage, source, file, ".sh"),
            Preflight = File(top, RecipeSchema.Preflight, source, file, ".sh"),
            Prepare = File(top, RecipeSchema.Prepare, source, file, ".sh"),
            Program = top.Get(RecipeSchema.Program, false),
            Launch = Text(top, RecipeSchema.Launch),
            Roles = [.. roles.Select(role => Role(role, source, file))],
            Alone = top.Get(RecipeSchema.Alone, false),
            Merge = top.Get(RecipeSchema.Merge, false),
            Inputs = [.. inputs.Select(input => Input(input, file)).OfType<RecipeInput>()],
            Parameters = [.. parameters.Select(parameter => Parameter(parameter, file)).OfType<RecipeParameter>()],
            Resources = new(
                Number(resources, RecipeSchema.Gpus),
                Number(resources, RecipeSchema.Cpus),
                Text(resources, RecipeSchema.Memory),
                Text(resources, RecipeSchema.Time)
            ),
            Container = Text(top, RecipeSchema.Container),
            Outputs = top.Get(RecipeSchema.Outputs, []),
            Ports = top.Get(RecipeSchema.Ports, []),
            Check = Text(top, RecipeSchema.Check),
            AfterFetch = [.. top.Get(RecipeSchema.AfterFetch, []).Select(line => Step(line, top, file))],
        };
    }

    private static string[] Step(string line, ConfigSection top, ConfigFile file)
    {
        var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (words is not ["scene", _, ..])
            file.Mistake(
                top.NodeOf(RecipeSchema.AfterFetch),
                $"after-fetch '{line}' is no command of `muster scene`, which alone can follow"
            );
        return words;
    }

    private static string? File(
        ConfigSection section,
        ConfigKey<string> key,
        RecipeSource source,
        ConfigFile file,
        params string[] endings
    )
    {
        if (Text(section, key) is not { } name)
            return null;
        if (!endings.Any(ending => name.EndsWith(ending, StringComparison.Ordinal)))
            file.Mistake(section.NodeOf(key), $"{key.Name} '{name}' must end in {string.Join(" or ", endings)}");
        else if (!source.Has(name))
            file.Mistake(section.NodeOf(key), $"{key.Name} '{name}' is not in the recipe's folder");
        return name;
    }

    private static RecipeRole Role(NamedNode entry, RecipeSource source, ConfigFile file)
    {
        var name = entry.Name.Value!;
        var section = ConfigSection.Read(entry.Node, file, RecipeSchema.RoleKeys, "", $"role {name}");
        return new(
            name,
            File(section, RecipeSchema.RoleScript, source, file, ".sh", ".py"),
            Number(section, RecipeSchema.RoleCount),
            Number(section, RecipeSchema.Gpus),
            Number(section, RecipeSchema.Cpus),
            Text(section, RecipeSchema.Memory),
            section.Has(RecipeSchema.Ready),
            section.Has(RecipeSchema.Service) ? section.Get(RecipeSchema.Service, false) : null
        );
    }

    private static RecipeInput? Input(NamedNode entry, ConfigFile file)
    {
        var name = entry.Name.Value!;
        var section = ConfigSection.Read(entry.Node, file, RecipeSchema.InputKeys, "", $"input {name}");
        if (!NeedsType(entry, section, RecipeSchema.InputType, "file or folder", file) || !section.IsComplete)
            return null;
        var kind = section.Get(RecipeSchema.InputType, InputKind.File);
        if (kind is InputKind.File && section.Has(RecipeSchema.Only))
            file.Mistake(section.NodeOf(RecipeSchema.Only), $"input {name} is a file, and `only` is for folders");
        return new(
            name,
            kind,
            section.Get(RecipeSchema.InputAbout, ""),
            section.Get(RecipeSchema.Optional, false),
            section.Get(RecipeSchema.Only, [])
        );
    }

    private static RecipeParameter? Parameter(NamedNode entry, ConfigFile file)
    {
        var name = entry.Name.Value!;
        var section = ConfigSection.Read(entry.Node, file, RecipeSchema.ParameterKeys, "", $"parameter {name}");
        if (
            !NeedsType(
                entry,
                section,
                RecipeSchema.ParameterType,
                string.Join(", ", Enum.GetNames<ParameterKind>()).ToLowerInvariant(),
                file
            ) || !section.IsComplete
        )
            return null;
        var parameter = new RecipeParameter(
            name,
            section.Get(RecipeSchema.ParameterType, ParameterKind.Text),
            section.Get(RecipeSchema.ParameterAbout, "")
        )
        {
            Default = Text(section, RecipeSchema.Default),
            Required = section.Get(RecipeSchema.Required, false),
            Min = section.Has(RecipeSchema.Min) ? section.Get(RecipeSchema.Min, 0) : null,
            Max = section.Has(RecipeSchema.Max) ? section.Get(RecipeSchema.Max, 0) : null,
            Choices = section.Get(RecipeSchema.Choices, []),
        };
        foreach (var key in (ConfigKey[])[RecipeSchema.Min, RecipeSchema.Max])
        {
            if (section.Has(key) && parameter.Kind is not (ParameterKind.Integer or ParameterKind.Number))
                file.Mistake(section.NodeOf(key), $"parameter {name} is no number, and `{key.Name}` is for numbers");
        }
        if (parameter.Min > parameter.Max)
            file.Mistake(section.NodeOf(RecipeSchema.Min), $"the `min` of parameter {name} is above its `max`");
        if (parameter.Kind is ParameterKind.Choice != parameter.Choices.Count > 0)
        {
            file.Mistake(
                entry.Name,
                parameter.Kind is ParameterKind.Choice
                    ? $"parameter {name} needs `choices`"
                    : $"parameter {name} has `choices` and is not of type choice"
            );
        }
        else if (parameter.Default is { } value && parameter.Read(value) is null)
            file.Mistake(
                section.NodeOf(RecipeSchema.Default),
                $"the default of parameter {name} must be {parameter.Expected}, not '{value}'"
            );
        if (parameter.Required && parameter.Default is not null)
            file.Mistake(
                section.NodeOf(RecipeSchema.Required),
                $"parameter {name} is required and has a default; leave one of them out"
            );
        return parameter;
    }

    private static bool NeedsType(NamedNode entry, ConfigSection section, ConfigKey key, string types, ConfigFile file)
    {
        if (section.Has(key) || Mentions(entry.Node, key.Name))
            return true;
        if (entry.Node is YamlMappingNode)
            file.Mistake(entry.Name, $"'{entry.Name.Value}' needs a `type`: {types}");
        return false;
    }

    /// <summary>A key that is there and wrong is told of already.</summary>
    private static bool Mentions(YamlNode node, string key) =>
        node is not YamlMappingNode map
        || map.Children.Any(pair =>
            pair.Key is YamlScalarNode { Value: var name } && name == key && !ConfigShape.IsNull(pair.Value)
        );

    private static string? Text(ConfigSection? section, ConfigKey<string> key) =>
        section?.Has(key) is true ? section.Get(key, "") : null;

    private static int? Number(ConfigSection? section, ConfigKey<int> key) =>
        section?.Has(key) is true ? section.Get(key, 0) : null;
}
