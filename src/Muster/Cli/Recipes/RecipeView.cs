using System.Text.Json.Serialization;
using Muster.Cli.Context;
using Muster.Recipes;

namespace Muster.Cli.Recipes;

/// <summary>A recipe as `--json` shows it; one with mistakes has a name and those.</summary>
public sealed record RecipeView
{
    public int Schema { get; init; } = 1;
    public required string Name { get; init; }
    public string? About { get; init; }
    public required string Origin { get; init; }
    public string? Script { get; init; }
    public string? Stage { get; init; }
    public string? Preflight { get; init; }
    public bool? Program { get; init; }
    public string? Launch { get; init; }
    public IReadOnlyList<RecipeRole>? Roles { get; init; }
    public IReadOnlyList<RecipeInputView>? Inputs { get; init; }
    public IReadOnlyList<RecipeParameterView>? Parameters { get; init; }
    public RecipeResources? Resources { get; init; }
    public string? Container { get; init; }
    public IReadOnlyList<string>? Outputs { get; init; }
    public IReadOnlyList<string>? Ports { get; init; }
    public IReadOnlyList<IReadOnlyList<string>>? AfterFetch { get; init; }
    public IReadOnlyList<string>? Mistakes { get; init; }

    public static RecipeView Of(Recipe recipe) =>
        new()
        {
            Name = recipe.Name,
            About = recipe.About,
            Origin = recipe.Origin.ToString(),
            Script = recipe.Script,
            Stage = recipe.Stage,
            Preflight = recipe.Preflight,
            Program = recipe.Program ? true : null,
            Launch = recipe.Launch,
            Roles = recipe.Roles.Count > 0 ? recipe.Roles : null,
            Inputs =
            [
                .. recipe.Inputs.Select(input => new RecipeInputView(
                    input.Name,
                    input.Kind.ToString().ToLowerInvariant(),
                    input.About,
                    input.Optional,
                    input.Only
                )),
            ],
            Parameters =
            [
                .. recipe.Parameters.Select(parameter => new RecipeParameterView(
                    parameter.Name,
                    parameter.Kind.ToString().ToLowerInvariant(),
                    parameter.About,
                    parameter.Default,
                    parameter.Required,
                    parameter.Min,
                    parameter.Max,
                    parameter.Choices
                )),
            ],
            Resources = recipe.Resources,
            Container = recipe.Container,
            Outputs = recipe.Outputs,
            Ports = recipe.Ports,
            AfterFetch = recipe.AfterFetch,
        };
}

public sealed record RecipeInputView(string Name, string Type, string About, bool Optional, IReadOnlyList<string> Only);

public sealed record RecipeParameterView(
    string Name,
    string Type,
    string About,
    string? Default,
    bool Required,
    double? Min,
    double? Max,
    IReadOnlyList<string> Choices
);

public sealed record RecipeListView(int Schema, IReadOnlyList<RecipeView> Recipes, IReadOnlyList<string> Folders);

/// <summary>The JSON that the commands about recipes print.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull
)]
[JsonSerializable(typeof(RecipeView))]
[JsonSerializable(typeof(RecipeListView))]
internal sealed partial class RecipeJson : JsonSerializerContext
{
    public static RecipeJson Plain { get; } = new(AnswerJson.Readable());
}
