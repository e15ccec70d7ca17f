using System.CommandLine;
using Muster.Cli.Terminal;
using Muster.Recipes;
using Muster.Runs.Submit;
using Muster.Sites;
using Muster.Sites.Schedulers.Slurm;

namespace Muster.Cli;

/// <summary>`muster run NAME`: the options of one recipe, made from it.</summary>
internal class RecipeCommand : Command
{
    private readonly Recipe _recipe;
    private readonly RecipeOptions _own;
    private readonly Option<string?> _site = new("--site", "-s") { Description = "The site.", HelpName = "SITE" };
    private readonly Option<string?> _name = new("--name", "-n") { Description = "What to call the run.", HelpName = "NAME" };
    private readonly Option<string?> _host = new("--host") { Description = "One host of an ssh site.", HelpName = "HOST" };
    private readonly Option<int?> _gpus;
    private readonly Option<int?> _cpus;
    private readonly Option<string?> _memory;
    private readonly Option<string?> _time;
    private readonly Option<string[]> _set = new("--set") { Description = "Any option of sbatch.", HelpName = "KEY=VALUE", Arity = ArgumentArity.OneOrMore };
    private readonly Option<string[]> _env = new("--env") { Description = "A variable for the scripts; without a value, the one it has here.", HelpName = "NAME[=VALUE]", Arity = ArgumentArity.OneOrMore };
    private readonly Option<string?> _container;
    private readonly Option<string[]> _role;
    private readonly Option<string?> _readyWithin = new("--ready-within") { Description = "How long the ranks wait for each other (10m).", HelpName = "TIME" };
    private readonly Option<string[]> _after = new("--after") { Description = "Start only when that run has succeeded.", HelpName = "RUN", Arity = ArgumentArity.OneOrMore };
    private readonly Option<bool> _detach = new("--detach", "-d") { Description = "Do not follow the run." };
    private readonly Option<bool> _dryRun = new("--dry-run") { Description = "Look at the inputs, print the plan and the exact scripts, and do nothing." };
    private readonly Option<bool> _noFetch = new("--no-fetch") { Description = "Leave the results on the site." };
    private readonly Option<OnInterrupt> _onInterrupt = AttachCommand.OnInterruptOption();

    public RecipeCommand(Recipe recipe) : base(recipe.Name, $"{recipe.About}\n\n  {Example(recipe)}")
    {
        _recipe = recipe;
        _gpus = new("--gpus") { Description = "GPUs." + RecipeOptions.Usual(recipe.Resources.Gpus), HelpName = "N" };
        _cpus = new("--cpus") { Description = "Processors." + RecipeOptions.Usual(recipe.Resources.Cpus), HelpName = "N" };
        _memory = new("--memory") { Description = "Memory." + RecipeOptions.Usual(recipe.Resources.Memory), HelpName = "SIZE" };
        _time = new("--time") { Description = "The longest it may run: 90m, 10h, HH:MM:SS." + RecipeOptions.Usual(recipe.Resources.Time), HelpName = "TIME" };
        _container = new("--container") { Description = "The image that it runs in." + RecipeOptions.Usual(recipe.Container), HelpName = "IMAGE" };
        _role = new("--role") { Description = $"How many ranks, or on which hosts, as with submit: {string.Join(", ", recipe.Roles.Select(role => $"{role.Name}{RecipeOptions.Usual(role.Count)}"))}.", HelpName = "NAME=N|HOST,…", Arity = ArgumentArity.OneOrMore };
        _own = new(recipe);
        foreach (var option in _own.All) Add(option);
        foreach (var option in (Option[])[_site, _name, _host, _gpus, _cpus, _memory, _time, _set, _env, _container, _after, _detach, _dryRun, _noFetch, _onInterrupt]) Add(option);
        if (recipe.Roles.Count > 0)
        {
            Add(_role);
            Add(_readyWithin);
        }
        SetAction(RunAsync);
    }

    /// <summary>Runs a recipe with what it was given, as `run` and the personas do.</summary>
    public static async Task<int> RunAsync(App app, Recipe recipe, IReadOnlyDictionary<string, string> given, SubmitRequest wished, Site site, RecipeManner manner, CancellationToken ct)
    {
        var values = Read(app, recipe, given, wished.WorkingFolder, manner.Findings);
        var (plan, environment) = new RecipePlanner(new(app.Store, app.Clock, Environment.GetEnvironmentVariable), app.Folders.Cache).Plan(values, wished, site);
        if (manner.DryRun)
        {
            if (recipe.Stage is not null && !app.Json) app.Screen.Data($"# {recipe.Stage}, first, on {plan.Host ?? "this machine"}\n{RecipeStaging.ScriptFor(values, site)}\n");
            return SubmitCommand.DryRun(app, plan, site);
        }
        if (recipe.Preflight is not null) Tell(app, recipe, await RecipePreflight.RunAsync(values, plan, app.OpenSite(site), ct));
        if (recipe.Stage is not null) await StageAsync(app, values, site, plan.Host, ct);
        return await SubmitCommand.SubmitAsync(app, plan, environment, manner.Detach, manner.Fetch, manner.OnInterrupt, ct, manner.Watch);
    }

    /// <summary>Looks at everything that was given; what is odd is told, and what is wrong is thrown, all at once.</summary>
    public static RecipeValues Read(App app, Recipe recipe, IReadOnlyDictionary<string, string> given, string folder, IReadOnlyList<RecipeFinding> more)
    {
        var (values, found) = RecipeValues.Read(recipe, given, folder, Path.Combine(app.Folders.State, "checks"));
        Tell(app, recipe, [.. found, .. more]);
        return values;
    }

    private static void Tell(App app, Recipe recipe, IReadOnlyList<RecipeFinding> findings)
    {
        foreach (var finding in findings.Where(finding => !finding.IsError)) app.Screen.Note("note", finding.ToString(), Tint.Yellow);
        if (findings.Any(finding => finding.IsError)) throw new RecipeException(recipe, findings);
    }

    public static Task StageAsync(App app, RecipeValues values, Site site, string? host, CancellationToken ct) =>
        RecipeStaging.RunAsync(values, app.OpenSite(site).HostOf(host), site, line => app.Screen.Note("staging", line), ct);

    private Task<int> RunAsync(ParseResult parsed, CancellationToken ct)
    {
        var app = MusterCommand.Current.App();
        var site = app.GetSite(parsed.GetValue(_site));
        var folder = Directory.GetCurrentDirectory();
        var wished = new SubmitRequest
        {
            Command = MusterCommand.Current.Command,
            WorkingFolder = folder,
            Name = parsed.GetValue(_name),
            Host = parsed.GetValue(_host),
            Gpus = parsed.GetValue(_gpus),
            Cpus = parsed.GetValue(_cpus),
            Memory = parsed.GetValue(_memory),
            Time = parsed.GetValue(_time),
            Set = parsed.GetValue(_set) ?? [],
            Env = parsed.GetValue(_env) ?? [],
            Container = parsed.GetValue(_container),
            After = parsed.GetValue(_after) ?? [],
            Roles = parsed.GetValue(_role) ?? [],
            ReadyWithin = parsed.GetValue(_readyWithin),
            FolderOptions = SbatchOptions.None,
        };
        return RunAsync(app, _recipe, _own.Given(parsed), wished, site, new(parsed.GetValue(_dryRun), parsed.GetValue(_detach), !parsed.GetValue(_noFetch), parsed.GetValue(_onInterrupt)), ct);
    }

    private static string Example(Recipe recipe)
    {
        var inputs = recipe.Inputs.Where(input => !input.Optional).Select(input => $" --{input.Name} {input.Name}{(input.Kind is InputKind.Folder ? "/" : "")}");
        var parameters = recipe.Parameters.Where(parameter => parameter.Required).Select(parameter => $" --{parameter.Name} {parameter.Name.ToUpperInvariant()}");
        return $"muster run {recipe.Name} -s SITE{string.Concat(inputs.Concat(parameters))}{(recipe.Program ? " -- python train.py" : "")}";
    }
}

/// <summary>`muster run NAME -- PROGRAM…`: a recipe for a program of the user's.</summary>
internal sealed class ProgramRecipeCommand(Recipe recipe) : RecipeCommand(recipe), ITakesCommand;

/// <summary>How a recipe is run, beside what it is given.</summary>
internal sealed record RecipeManner(bool DryRun, bool Detach, bool Fetch, OnInterrupt OnInterrupt, SubmitWatch? Watch = null)
{
    /// <summary>What was found elsewhere, to be told with the rest.</summary>
    public IReadOnlyList<RecipeFinding> Findings { get; init; } = [];
}
