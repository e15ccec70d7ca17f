using System.CommandLine;
using Muster.Cli.Context;
using Muster.Cli.Runs;
using Muster.Cli.Terminal;
using Muster.Recipes;
using Muster.Recipes.Checks;
using Muster.Runs.Submit;
using Muster.Sites;
using Muster.Sites.Reading;

namespace Muster.Cli.Recipes;

/// <summary>`muster run NAME`: the options of one recipe, made from it.</summary>
internal class RecipeCommand : Command
{
    private readonly Recipe _recipe;
    private readonly RecipeOptions _own;
    private readonly RunOptions _run = new();

    public RecipeCommand(Recipe recipe)
        : base(recipe.Name, $"{recipe.About}\n\n  {Example(recipe)}")
    {
        _recipe = recipe;
        _run.Site.Description = "The site.";
        _run.Gpus.Description += RecipeOptions.Usual(recipe.Resources.Gpus);
        _run.Cpus.Description += RecipeOptions.Usual(recipe.Resources.Cpus);
        _run.Memory.Description = "Memory." + RecipeOptions.Usual(recipe.Resources.Memory);
        _run.Time.Description += RecipeOptions.Usual(recipe.Resources.Time);
        _run.Env.Description = "Environment variable for the scripts; without a value, its current value is used.";
        _run.Container.Description = "Container image to run in." + RecipeOptions.Usual(recipe.Container);
        _run.Role.Description =
            $"How many ranks, or on which hosts, as with submit: "
            + $"{string.Join(", ", recipe.Roles.Select(role => $"{role.Name}{RecipeOptions.Usual(role.Count)}"))}.";
        _run.DryRun.Description = "Check the inputs and print the plan and the scripts, without submitting anything.";
        _own = new(recipe);
        foreach (var option in _own.All)
            Add(option);
        foreach (
            var option in (Option[])
                [
                    _run.Site,
                    _run.Name,
                    _run.Host,
                    _run.Gpus,
                    _run.Cpus,
                    _run.Memory,
                    _run.Time,
                    _run.Set,
                    _run.Env,
                    _run.Secret,
                    _run.Container,
                    _run.Pull,
                    _run.After,
                    _run.Notify,
                    _run.Detach,
                    _run.DryRun,
                    _run.NoFetch,
                    _run.OnInterrupt,
                ]
        )
            Add(option);
        if (recipe.Roles.Count > 0)
        {
            Add(_run.Role);
            Add(_run.ReadyWithin);
        }
        SetAction(RunAsync);
    }

    /// <summary>Runs a recipe with what it was given, as `run` and the personas do.</summary>
    public static async Task<int> RunAsync(
        App app,
        Recipe recipe,
        IReadOnlyDictionary<string, string> given,
        SubmitRequest asked,
        Site site,
        RecipeRunOptions options,
        CancellationToken ct
    )
    {
        var values = Read(app, recipe, given, asked.WorkingFolder, options.Findings);
        var (plan, environment) = new RecipePlanner(
            new(app.Store, app.Clock, Environment.GetEnvironmentVariable),
            app.Folders.Cache
        ).Plan(values, asked, site);
        if (options.DryRun)
        {
            if (recipe.Stage is not null && !app.Json)
                app.Screen.Data(
                    $"# {recipe.Stage}, first, on "
                        + $"{plan.Host ?? "this machine"}\n{RecipeStaging.ScriptFor(values, site)}\n"
                );
            return await DryRun.ShowAsync(app, plan, scripts: true, ct);
        }
        if (recipe.Preflight is not null)
            Tell(app, recipe, await RecipePreflight.RunAsync(values, plan, app.OpenSite(site), ct));
        if (recipe.Stage is not null)
            await StageAsync(app, values, site, plan.Host, ct);
        return await SubmitCommand.SubmitAsync(
            app,
            plan,
            environment,
            options.Detach,
            options.Fetch,
            options.OnInterrupt,
            ct,
            options.Watch
        );
    }

    /// <summary>
    /// Looks at everything that was given; what is odd is told, and what is wrong is thrown, all at once.
    /// </summary>
    public static RecipeValues Read(
        App app,
        Recipe recipe,
        IReadOnlyDictionary<string, string> given,
        string folder,
        IReadOnlyList<RecipeFinding> more
    )
    {
        var (values, found) = RecipeChecks.Read(recipe, given, folder, Path.Combine(app.Folders.State, "checks"));
        Tell(app, recipe, [.. found, .. more]);
        return values;
    }

    private static void Tell(App app, Recipe recipe, IReadOnlyList<RecipeFinding> findings)
    {
        foreach (var finding in findings.Where(finding => !finding.IsError))
            app.Screen.Note("note", finding.ToString(), Tint.Yellow);
        if (findings.Any(finding => finding.IsError))
            throw new RecipeException(recipe, findings);
    }

    public static Task StageAsync(App app, RecipeValues values, Site site, string? host, CancellationToken ct) =>
        RecipeStaging.RunAsync(
            values,
            app.OpenSite(site).HostOf(host),
            site,
            line => app.Screen.Note("staging", line),
            ct
        );

    private Task<int> RunAsync(ParseResult parsed, CancellationToken ct)
    {
        var app = parsed.App();
        var site = app.GetSite(parsed.GetValue(_run.Site));
        return RunAsync(
            app,
            _recipe,
            _own.Given(parsed),
            _run.Asked(parsed),
            site,
            new(
                parsed.GetValue(_run.DryRun),
                parsed.GetValue(_run.Detach),
                !parsed.GetValue(_run.NoFetch),
                parsed.GetValue(_run.OnInterrupt)
            ),
            ct
        );
    }

    private static string Example(Recipe recipe)
    {
        var inputs = recipe
            .Inputs.Where(input => !input.Optional)
            .Select(input => $" --{input.Name} {input.Name}{(input.Kind is InputKind.Folder ? "/" : "")}");
        var parameters = recipe
            .Parameters.Where(parameter => parameter.Required)
            .Select(parameter => $" --{parameter.Name} {parameter.Name.ToUpperInvariant()}");
        return $"muster run {recipe.Name} -s "
            + $"SITE{string.Concat(inputs.Concat(parameters))}{(recipe.Program ? " -- python train.py" : "")}";
    }
}

/// <summary>`muster run NAME -- PROGRAM…`: a recipe for a program of the user's.</summary>
internal sealed class ProgramRecipeCommand(Recipe recipe) : RecipeCommand(recipe), ITakesCommand;

/// <summary>How a recipe is run, beside what it is given.</summary>
internal sealed record RecipeRunOptions(
    bool DryRun,
    bool Detach,
    bool Fetch,
    OnInterrupt OnInterrupt,
    SubmitWatch? Watch = null
)
{
    /// <summary>What was found elsewhere, to be told with the rest.</summary>
    public IReadOnlyList<RecipeFinding> Findings { get; init; } = [];
}
