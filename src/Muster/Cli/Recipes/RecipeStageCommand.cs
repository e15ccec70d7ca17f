using System.CommandLine;
using Muster.Cli.Context;
using Muster.Recipes;

namespace Muster.Cli.Recipes;

/// <summary>`muster recipes stage NAME`: the parameters of a recipe, and no run.</summary>
internal sealed class RecipeStageCommand : Command
{
    private readonly Option<string?> _site = new("--site", "-s") { Description = "The site.", HelpName = "SITE" };
    private readonly Option<string?> _host = new("--host") { Description = "Host of an ssh site.", HelpName = "HOST" };

    public RecipeStageCommand(Recipe recipe)
        : base(recipe.Name, $"Upload what runs of {recipe.Name} share to a site.")
    {
        var alone = recipe with
        {
            Inputs = [],
            Check = null,
            Parameters = [.. recipe.Parameters.Select(parameter => parameter with { Required = false })],
        };
        var own = new RecipeOptions(alone);
        foreach (var option in own.All)
            Add(option);
        Add(_site);
        Add(_host);
        SetAction(
            async (parsed, ct) =>
            {
                var app = parsed.App();
                var values = RecipeCommand.Read(app, alone, own.Given(parsed), Directory.GetCurrentDirectory(), []);
                await RecipeCommand.StageAsync(
                    app,
                    values,
                    app.GetSite(parsed.GetValue(_site)),
                    parsed.GetValue(_host),
                    ct
                );
                return 0;
            }
        );
    }
}
