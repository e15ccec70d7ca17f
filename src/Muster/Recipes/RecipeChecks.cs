using Muster.Recipes.DroidSlam;

namespace Muster.Recipes;

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

    /// <param name="memory">A folder in which a check may remember what it saw.</param>
    public static IEnumerable<RecipeFinding> Run(string name, RecipeValues values, string memory) =>
        Known[name](values, Path.Combine(memory, name));
}
