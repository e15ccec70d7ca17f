using System.CommandLine;
using System.Runtime.ExceptionServices;
using Muster.Cli.Context;
using Muster.Configuration;
using Muster.Recipes;
using Muster.Recipes.Reading;

namespace Muster.Cli.Recipes;

/// <summary>`muster run`: a command for each recipe.</summary>
internal static class RunCommand
{
    /// <param name="words">The words of the command line: recipes are read only where one is run.</param>
    public static Command Create(IReadOnlyList<string> words)
    {
        var command = new Command(
            "run",
            "Run a recipe: a job with named inputs and parameters.\n\n  muster run colmap -s "
                + "lab --images photos/\n  muster run colmap --help\n  muster recipes list"
        );
        var given = words.Where(word => !word.StartsWith('-')).ToList();
        if (given is not ["run", ..])
            return command;
        var book = new RecipeBook(LocalSources.Find());
        foreach (var source in book.All())
            command.Add(source.Name == given.ElementAtOrDefault(1) ? Whole(book, source) : Entry(book, source));
        return command;
    }

    private static Command Whole(RecipeBook book, RecipeSource source)
    {
        try
        {
            var recipe = book.Read(source);
            return recipe.Program ? new ProgramRecipeCommand(recipe) : new RecipeCommand(recipe);
        }
        catch (ConfigException fault)
        {
            var broken = new Command(source.Name, "This recipe has errors.") { TreatUnmatchedTokensAsErrors = false };
            broken.SetAction(_ => ExceptionDispatchInfo.Throw(fault));
            return broken;
        }
    }

    private static Command Entry(RecipeBook book, RecipeSource source)
    {
        try
        {
            return new(source.Name, book.Read(source).About.Split('\n')[0]);
        }
        catch (ConfigException)
        {
            return new(source.Name, $"has errors: muster recipes show {source.Name}");
        }
    }
}
