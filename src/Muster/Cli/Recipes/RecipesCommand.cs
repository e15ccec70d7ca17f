using System.CommandLine;
using System.Text.Json;
using Muster.Cli.Context;
using Muster.Cli.Terminal;
using Muster.Configuration;
using Muster.Recipes;
using Muster.Recipes.Reading;

namespace Muster.Cli.Recipes;

internal static class RecipesCommand
{
    public static Command Create(IReadOnlyList<string> words) =>
        new("recipes", "Manage recipes: list, show and stage them; print the schema of recipe.yaml.")
        {
            List(),
            Show(),
            Stage(words),
            Schema(),
        };

    private static Command List()
    {
        var command = new Command("list", "List the recipes and where each comes from.");
        command.Aliases.Add("ls");
        command.SetAction(parsed =>
        {
            var app = parsed.App();
            var book = new RecipeBook(LocalSources.Find());
            var views = book.All().Select(source => ViewOf(book, source)).ToList();
            if (app.Json)
            {
                app.Screen.Data(
                    JsonSerializer.Serialize(
                        new RecipeListView(1, views, book.Folders()),
                        RecipeJson.Plain.RecipeListView
                    )
                );
                return;
            }
            if (app.Screen.Quiet)
            {
                foreach (var view in views)
                    app.Screen.Data(view.Name);
                return;
            }
            var rows = views
                .Select(view =>
                    (IReadOnlyList<string>)
                        [
                            view.Name,
                            view.Mistakes is null
                                ? view.About!.Split('\n')[0]
                                : $"has errors: muster recipes show {view.Name}",
                            view.Origin,
                        ]
                )
                .ToList();
            app.Screen.Table(["NAME", "ABOUT", "ORIGIN"], rows);
        });
        return command;
    }

    private static RecipeView ViewOf(RecipeBook book, RecipeSource source)
    {
        try
        {
            return RecipeView.Of(book.Read(source));
        }
        catch (ConfigException fault)
        {
            return new()
            {
                Name = source.Name,
                Origin = LocalSources.Find().Shown(source.Path),
                Mistakes = [.. fault.Mistakes.Select(mistake => mistake.ToString())],
            };
        }
    }

    private static Command Show()
    {
        var name = new Argument<string>("RECIPE") { Description = "A recipe." };
        var command = new Command("show", "Show a recipe: its inputs, parameters, resources and outputs.") { name };
        command.SetAction(parsed =>
        {
            var app = parsed.App();
            var recipe = new RecipeBook(LocalSources.Find()).Get(parsed.GetValue(name)!);
            if (app.Json)
                app.Screen.Data(JsonSerializer.Serialize(RecipeView.Of(recipe), RecipeJson.Plain.RecipeView));
            else
                Show(app.Screen, recipe);
        });
        return command;
    }

    private static void Show(Screen screen, Recipe recipe)
    {
        screen.Field("name", recipe.Name);
        foreach (var (line, at) in recipe.About.Split('\n').Select((line, at) => (line, at)))
            screen.Field(at == 0 ? "about" : "", line.Trim());
        screen.Field("origin", recipe.Origin.ToString());
        foreach (var input in recipe.Inputs)
            screen.Field(
                "input",
                $"{input.Name} ({input.Kind.ToString().ToLowerInvariant()}{(input.Optional ? ", optional" : "")}) "
                    + $"{input.About}"
            );
        foreach (var parameter in recipe.Parameters)
            screen.Field(
                "parameter",
                $"{parameter.Name} = {parameter.Default ?? (parameter.Required ? "required" : "not set")}: "
                    + $"{parameter.About} ({parameter.Expected})"
            );
        var needs = recipe.Resources;
        screen.Field(
            "needs",
            string.Join(
                ", ",
                new[]
                {
                    needs.Gpus is { } gpus ? Words.Count(gpus, "GPU") : null,
                    needs.Cpus is { } cpus ? Words.Count(cpus, "processor") : null,
                    needs.Memory,
                    needs.Time,
                }.OfType<string>()
            )
        );
        screen.Field("container", recipe.Container);
        screen.Field("outputs", string.Join(' ', recipe.Outputs.Prepend("$MUSTER_OUT")));
        screen.Field("ports", string.Join(' ', recipe.Ports));
        var roles = recipe.Roles.Select(role => role.Count is { } count ? $"{role.Name} ({count})" : role.Name);
        if (recipe.Roles.Count > 0)
            screen.Field(
                "roles",
                string.Join(", ", roles) + (recipe.Launch is { } launch ? $", launched as {launch}" : "")
            );
        screen.Field("stages", recipe.Stage);
        screen.Field("looks", recipe.Preflight);
        foreach (var step in recipe.AfterFetch)
            screen.Field("then", $"muster {string.Join(' ', step)}");
        screen.Field("script", recipe.Script);
    }

    private static Command Stage(IReadOnlyList<string> words)
    {
        var command = new Command(
            "stage",
            "Upload what runs of a recipe share (image, programs) to a site now. `run` does this by "
                + "itself.\n\n  muster recipes stage droid-slam/infer -s cedar"
        );
        if (words.Where(word => !word.StartsWith('-')).ToList() is not ["recipes", "stage", ..])
            return command;
        var book = new RecipeBook(LocalSources.Find());
        foreach (var source in book.All())
        {
            try
            {
                if (book.Read(source) is { Stage: not null } recipe)
                    command.Add(new RecipeStageCommand(recipe));
            }
            catch (ConfigException) { } // one with mistakes cannot be staged; `recipes list` says so
        }
        return command;
    }

    private static Command Schema()
    {
        var command = new Command("schema", "Print a JSON schema of recipe.yaml, for editors.");
        command.SetAction(parsed => parsed.Invocation().Screen.Data(RecipeSchema.ToJson()));
        return command;
    }
}
