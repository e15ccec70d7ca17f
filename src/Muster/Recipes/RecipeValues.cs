using Muster.Transfers;

namespace Muster.Recipes;

/// <summary>What a recipe was given, read and looked at.</summary>
public sealed class RecipeValues
{
    /// <summary>Before a path that is on the site already.</summary>
    public const string There = "there:";

    private readonly Dictionary<string, string> _inputs = [];
    private readonly Dictionary<string, string> _parameters = [];

    private RecipeValues(Recipe recipe) => Recipe = recipe;

    public Recipe Recipe { get; }

    /// <summary>Full paths here, or <c>there:</c> and a path on the site.</summary>
    public IReadOnlyDictionary<string, string> Inputs => _inputs;

    /// <summary>As scripts get them: with defaults, times in seconds, sizes in bytes.</summary>
    public IReadOnlyDictionary<string, string> Parameters => _parameters;

    /// <summary>The input's path on this machine; null when it was not given or is on the site.</summary>
    public string? LocalPath(string input) =>
        _inputs.GetValueOrDefault(input) is { } path && !path.StartsWith(There, StringComparison.Ordinal) ? path : null;

    /// <param name="given">By the names of inputs and parameters, as they were typed.</param>
    public static (RecipeValues Values, IReadOnlyList<RecipeFinding> Findings) Read(
        Recipe recipe,
        IReadOnlyDictionary<string, string> given,
        string folder
    )
    {
        var values = new RecipeValues(recipe);
        var findings = new List<RecipeFinding>();
        foreach (var input in recipe.Inputs)
        {
            if (!given.TryGetValue(input.Name, out var path))
            {
                if (!input.Optional)
                    findings.Add(RecipeFinding.Error($"--{input.Name} is missing: {Lower(input.About)}"));
            }
            else if (path.StartsWith(There, StringComparison.Ordinal))
            {
                if (path.StartsWith(There + '/', StringComparison.Ordinal))
                    values._inputs[input.Name] = path;
                else
                    findings.Add(
                        RecipeFinding.Error(
                            $"--{input.Name}: '{path}' needs a full path on the site, such as there:/scratch/photos"
                        )
                    );
            }
            else
            {
                values._inputs[input.Name] = Path.GetFullPath(path, folder);
                // A check of the recipe's own says it with its code.
                if (recipe.Check is null && Wrong(input, values._inputs[input.Name]) is { } wrong)
                    findings.Add(RecipeFinding.Error($"--{input.Name}: {path} {wrong}"));
            }
        }
        foreach (var parameter in recipe.Parameters)
        {
            if ((given.GetValueOrDefault(parameter.Name) ?? parameter.Default) is not { } text)
            {
                if (parameter.Required)
                    findings.Add(RecipeFinding.Error($"--{parameter.Name} is missing: {Lower(parameter.About)}"));
            }
            else if (parameter.Read(text) is { } value)
                values._parameters[parameter.Name] = value;
            else
                findings.Add(RecipeFinding.Error($"--{parameter.Name} takes {parameter.Expected}, not '{text}'"));
        }
        return (values, findings);
    }

    /// <summary>Whether a name directly in a folder is taken along.</summary>
    public static bool Fits(RecipeInput input, string name) =>
        input.Only.Count == 0 || Wildcard.FitsAny(input.Only, name);

    private static string? Wrong(RecipeInput input, string path) =>
        input.Kind switch
        {
            InputKind.File => File.Exists(path) ? null
            : Directory.Exists(path) ? "is a folder, and a file is wanted"
            : "does not exist",
            _ when !Directory.Exists(path) => File.Exists(path)
                ? "is a file, and a folder is wanted"
                : "does not exist",
            _ => input.Only.Count == 0
            || Directory.EnumerateFiles(path).Any(file => Fits(input, Path.GetFileName(file)))
                ? null
                : $"holds nothing that fits {string.Join(", ", input.Only)}",
        };

    private static string Lower(string about) =>
        about.Length == 0 ? "it is needed" : char.ToLowerInvariant(about[0]) + about[1..];
}
