using Muster.Runs;
using Muster.Runs.Submit;
using Muster.Shell;
using Muster.Sites;

namespace Muster.Recipes;

/// <summary>Turns a recipe and what it was given into the plan of a run.</summary>
/// <param name="cache">Where built-in recipes are laid out before they travel.</param>
public sealed class RecipePlanner(RunPlanner planner, string cache)
{
    private const string RecipeInput = "recipe";

    /// <param name="wished">What its user asks for, which comes before what the recipe says.</param>
    public (RunPlan Plan, IReadOnlyDictionary<string, string> Environment) Plan(RecipeValues values, SubmitRequest wished, Site site)
    {
        var recipe = values.Recipe;
        var needs = recipe.Resources;
        var local = recipe.Inputs.Where(input => values.LocalPath(input.Name) is not null).ToList();
        var (plan, environment) = planner.Plan(wished with
        {
            Command = [recipe.Script.EndsWith(".py", StringComparison.Ordinal) ? "python3" : "sh", $"\"$MUSTER_IN\"/{RecipeInput}/{recipe.Script}"],
            RawLine = true,
            Name = wished.Name ?? recipe.Name.Replace('/', '-'),
            Gpus = (wished.Gpus ?? needs.Gpus) is > 0 and var gpus ? gpus : null,
            Cpus = wished.Cpus ?? needs.Cpus,
            Memory = wished.Memory ?? needs.Memory,
            Time = wished.Time ?? needs.Time,
            Container = wished.Container ?? recipe.Container,
            Outputs = [.. recipe.Outputs, .. wished.Outputs],
            Ports = [.. recipe.Ports, .. wished.Ports],
            Snapshot = false,
        }, site);
        return (plan with
        {
            Recipe = recipe.Name,
            Inputs = [new(recipe.Source.Folder(cache), RecipeInput), .. local.Select(input => new PlannedInput(values.LocalPath(input.Name)!, input.Name) { Only = input.Only })],
            JobLines = [.. plan.JobLines, .. Exports(values, plan.Time)],
            AfterFetch = [.. recipe.AfterFetch.Select(step => (IReadOnlyList<string>)[.. step.Select(word => Resolved(word, values))])],
        }, environment);
    }

    /// <summary>What the scripts find in their environment.</summary>
    public static IEnumerable<string> Exports(RecipeValues values, TimeSpan? time)
    {
        foreach (var input in values.Recipe.Inputs.Where(input => values.Inputs.ContainsKey(input.Name)))
        {
            yield return values.LocalPath(input.Name) switch
            {
                null => ShellText.Of($"export {input.Variable}={values.Inputs[input.Name][RecipeValues.There.Length..]}").ToString(),
                var path when input.Kind is InputKind.File => ShellText.Of($"export {input.Variable}=\"$MUSTER_IN\"/{input.Name}/{Path.GetFileName(path)}").ToString(),
                _ => ShellText.Of($"export {input.Variable}=\"$MUSTER_IN\"/{input.Name}").ToString(),
            };
        }
        foreach (var parameter in values.Recipe.Parameters.Where(parameter => values.Parameters.ContainsKey(parameter.Name)))
        {
            yield return ShellText.Of($"export {parameter.Variable}={values.Parameters[parameter.Name]}").ToString();
        }
        yield return ShellText.Of($"export MUSTER_SHARED=\"${{MUSTER_RUN_DIR%/runs/*}}\"/shared/{values.Recipe.Name.Split('/')[0]}").ToString();
        if (time is { } limit) yield return ShellText.Of($"export MUSTER_TIME={(long)limit.TotalSeconds}").ToString();
    }

    private static string Resolved(string word, RecipeValues values) =>
        values.Recipe.Parameters.FirstOrDefault(parameter => word == "$" + parameter.Variable) is { } named ? values.Parameters.GetValueOrDefault(named.Name, "") : word;
}
