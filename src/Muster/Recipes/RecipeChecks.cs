namespace Muster.Recipes;

/// <summary>Checks of inputs that a recipe asks for by name, beside types and ranges.</summary>
public static class RecipeChecks
{
    private static readonly Dictionary<string, Func<RecipeValues, IEnumerable<RecipeFinding>>> Known = [];

    public static IReadOnlyCollection<string> Names => Known.Keys;

    public static IEnumerable<RecipeFinding> Run(string name, RecipeValues values) => Known[name](values);
}
