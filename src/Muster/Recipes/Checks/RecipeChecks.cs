using Muster.Recipes.DroidSlam;

namespace Muster.Recipes.Checks;

/// <summary>Checks of inputs that a recipe asks for by name, beside types and ranges.</summary>
public static class RecipeChecks
{
    private static readonly Dictionary<string, Func<RecipeValues, string, IEnumerable<RecipeFinding>>> Known = new()
    {
        ["droid-slam"] = InferCheck.Run,
        ["droid-slam-train"] = TrainCheck.Run,
        ["gtsfm"] = (values, _) => GtsfmCheck.Run(values),
    };

    public static IReadOnlyCollection<string> Names => Known.Keys;

    /// <summary>Reads what was given, and looks at it as the recipe asks.</summary>
    /// <param name="given">By the names of inputs and parameters, as they were typed.</param>
    /// <param name="memory">A folder in which a check may remember what it saw.</param>
    public static (RecipeValues Values, IReadOnlyList<RecipeFinding> Findings) Read(
        Recipe recipe,
        IReadOnlyDictionary<string, string> given,
        string folder,
        string memory
    )
    {
        var (values, findings) = RecipeValues.Read(recipe, given, folder);
        return recipe.Check is { } name
            ? (values, [.. findings, .. Known[name](values, Path.Combine(memory, name))])
            : (values, findings);
    }
}
