using System.CommandLine;
using Muster.Recipes;

namespace Muster.Cli.Recipes;

/// <summary>The options that a recipe's inputs and parameters become.</summary>
internal sealed class RecipeOptions
{
    private readonly Dictionary<string, Option> _options;

    public RecipeOptions(Recipe recipe) =>
        _options = recipe
            .Inputs.Select(input => (input.Name, (Option)Option(input)))
            .Concat(recipe.Parameters.Select(parameter => (parameter.Name, Option(parameter))))
            .ToDictionary();

    public IReadOnlyCollection<Option> All => _options.Values;

    /// <summary>What was typed, by name. Whether it fits is looked at later, all at once.</summary>
    public Dictionary<string, string> Given(ParseResult parsed) =>
        _options
            .Where(entry => parsed.GetResult(entry.Value) is { Implicit: false })
            .ToDictionary(
                entry => entry.Key,
                entry =>
                    entry.Value is Option<bool> flag
                        ? parsed.GetValue(flag)
                            ? "true"
                            : "false"
                        : parsed.GetValue((Option<string?>)entry.Value) ?? ""
            );

    /// <summary>What stands behind a description: what is taken where nothing is given.</summary>
    public static string Usual(object? value) => value is null ? "" : $" ({value})";

    private static Option<string?> Option(RecipeInput input) =>
        new Option<string?>($"--{input.Name}")
        {
            Description = input.About + (input.Optional ? "" : " Required."),
            HelpName = input.Kind is InputKind.File ? "FILE" : "FOLDER",
        };

    private static Option Option(RecipeParameter parameter)
    {
        var about = parameter.About + Usual(parameter.Default) + (parameter.Required ? " Required." : "");
        if (parameter.Kind is ParameterKind.Flag)
            return new Option<bool>($"--{parameter.Name}") { Description = about };
        return new Option<string?>($"--{parameter.Name}")
        {
            Description = about,
            HelpName = parameter.Kind switch
            {
                ParameterKind.Choice => string.Join('|', parameter.Choices),
                ParameterKind.Integer or ParameterKind.Number => (parameter.Min, parameter.Max) is ({ } min, { } max)
                    ? FormattableString.Invariant($"{min}..{max}")
                    : "N",
                var kind => kind.ToString().ToUpperInvariant(),
            },
        };
    }
}
