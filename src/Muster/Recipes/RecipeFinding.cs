using Muster.Faults;

namespace Muster.Recipes;

/// <summary>Something that is wrong, or odd, about what a recipe was given.</summary>
/// <param name="Code">A name that stays the same, such as <c>E105</c>; null for what every recipe looks at.</param>
public sealed record RecipeFinding(string? Code, bool IsError, string Text)
{
    public static RecipeFinding Error(string text, string? code = null) => new(code, true, text);

    public static RecipeFinding Warning(string text, string code) => new(code, false, text);

    public override string ToString() => Code is null ? Text : $"{Code} {Text}";
}

/// <summary>What a recipe was given does not fit: everything that is wrong, so that it is mended in one go.</summary>
public sealed class RecipeException : UserException
{
    public RecipeException(Recipe recipe, IReadOnlyList<RecipeFinding> findings)
        : base(
            string.Join('\n', findings.Where(finding => finding.IsError)),
            $"Nothing was sent. `muster run {recipe.Name} --help` shows what it takes."
        )
    {
        Findings = findings;
        ExitCode = ExitCodes.Usage;
    }

    public IReadOnlyList<RecipeFinding> Findings { get; }
}
