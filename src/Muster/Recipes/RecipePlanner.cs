using Muster.Faults;
using Muster.Runs;
using Muster.Runs.Roles;
using Muster.Runs.Submit;
using Muster.Shell;
using Muster.Sites;

namespace Muster.Recipes;

/// <summary>Turns a recipe and what it was given into the plan of a run.</summary>
/// <param name="cache">Where built-in recipes are laid out before they travel.</param>
public sealed class RecipePlanner(RunPlanner planner, string cache)
{
    private const string RecipeInput = "recipe";

    /// <param name="asked">What its user asks for, which comes before what the recipe says. Its command is the
    /// program, of a recipe that takes one.</param>
    public (RunPlan Plan, IReadOnlyDictionary<string, string> Environment) Plan(
        RecipeValues values,
        SubmitRequest asked,
        Site site
    )
    {
        var recipe = values.Recipe;
        var needs = recipe.Resources;
        var local = recipe.Inputs.Where(input => values.LocalPath(input.Name) is not null).ToList();
        if (recipe.Program && asked.Command.Count == 0)
            throw UserException.Misuse(
                $"{recipe.Name} runs your program, but none was given",
                $"Write it behind the options: muster run {recipe.Name} -s {site.Name} -- python train.py"
            );
        var alone = recipe.Alone && asked.Roles.Count == 0 && (asked.Host is not null || site is LocalSite);
        var together = recipe.Roles.Count > 0 && !alone;
        if (asked.Roles.Count > 0 && !together)
            throw UserException.Misuse($"{recipe.Name} has no roles", "Leave --role out.");
        var (plan, environment) = planner.Plan(
            asked with
            {
                Command = [.. Words(recipe.Script), .. asked.Command.Select(ShellText.Quote)],
                RawLine = true,
                Name = asked.Name ?? recipe.Name.Replace('/', '-'),
                Gpus = (asked.Gpus ?? needs.Gpus) is > 0 and var gpus ? gpus : null,
                Cpus = asked.Cpus ?? needs.Cpus,
                Memory = asked.Memory ?? needs.Memory,
                Time = asked.Time ?? needs.Time,
                Container = asked.Container ?? recipe.Container,
                Outputs = [.. recipe.Outputs, .. asked.Outputs],
                Ports =
                [
                    .. recipe.Ports,
                    .. alone && LaunchProfile.Get(recipe.Launch).Port is { } port ? [port] : Array.Empty<string>(),
                    .. asked.Ports,
                ],
                Launch = together ? recipe.Launch : null,
                Roles = together ? RolesOf(recipe, asked.Roles, site) : [],
                RoleCommands = together
                    ?
                    [
                        .. recipe
                            .Roles.Where(role => role.Script is not null)
                            .Select(role => $"{role.Name}={string.Join(' ', Words(role.Script!))}"),
                    ]
                    : [],
                Snapshot = recipe.Program,
            },
            site
        );
        return (
            plan with
            {
                Recipe = recipe.Name,
                Inputs =
                [
                    new(recipe.Source.Folder(cache), RecipeInput),
                    .. local.Select(input => new PlannedInput(values.LocalPath(input.Name)!, input.Name)
                    {
                        Only = input.Only,
                    }),
                ],
                JobLines =
                [
                    .. plan.JobLines,
                    .. Exports(values, plan.Time),
                    .. recipe.Prepare is { } prepare
                        ? [$". \"$MUSTER_IN\"/{RecipeInput}/{prepare}"]
                        : Array.Empty<string>(),
                ],
                // Its hosts are looked at before, so they are known by then.
                HostChoices = [],
                MergeResults = recipe.Merge && plan.Hosts().Count > 1,
                AfterFetch =
                [
                    .. recipe.AfterFetch.Select(step =>
                        (IReadOnlyList<string>)[.. step.Select(word => Resolved(word, values))]
                    ),
                ],
            },
            environment
        );
    }

    private static IReadOnlyList<string> Words(string script) =>
        [script.EndsWith(".py", StringComparison.Ordinal) ? "python3" : "sh", $"\"$MUSTER_IN\"/{RecipeInput}/{script}"];

    private static IReadOnlyList<string> RolesOf(Recipe recipe, IReadOnlyList<string> asked, Site site)
    {
        var byName = asked.ToLookup(text => text.Split('=')[0]);
        if (byName.FirstOrDefault(entry => recipe.Roles.All(role => role.Name != entry.Key)) is { } stranger)
            throw UserException.Misuse(
                $"{recipe.Name} has no role '{stranger.Key}'",
                $"Choose among: {string.Join(", ", recipe.Roles.Select(role => role.Name))}."
            );
        if (byName.FirstOrDefault(entry => entry.Count() > 1) is { } twice)
            throw UserException.Misuse(
                $"role {twice.Key} is given twice",
                "Give each role once; a host may appear twice in a role."
            );
        return
        [
            .. recipe.Roles.Select(role =>
                role.Asked(byName[role.Name].SingleOrDefault(), site is SshSite ssh && ssh.Roles.ContainsKey(role.Name))
            ),
        ];
    }

    /// <summary>What the scripts find in their environment.</summary>
    public static IEnumerable<string> Exports(RecipeValues values, TimeSpan? time)
    {
        foreach (var input in values.Recipe.Inputs.Where(input => values.Inputs.ContainsKey(input.Name)))
        {
            yield return values.LocalPath(input.Name) switch
            {
                null => ShellText
                    .Of($"export {input.Variable}={values.Inputs[input.Name][RecipeValues.There.Length..]}")
                    .ToString(),
                var path when input.Kind is InputKind.File => ShellText
                    .Of($"export {input.Variable}=\"$MUSTER_IN\"/{input.Name}/{Path.GetFileName(path)}")
                    .ToString(),
                _ => ShellText.Of($"export {input.Variable}=\"$MUSTER_IN\"/{input.Name}").ToString(),
            };
        }
        foreach (
            var parameter in values.Recipe.Parameters.Where(parameter => values.Parameters.ContainsKey(parameter.Name))
        )
        {
            yield return ShellText.Of($"export {parameter.Variable}={values.Parameters[parameter.Name]}").ToString();
        }
        yield return ShellText
            .Of($"export MUSTER_SHARED=\"${{MUSTER_RUN_DIR%/runs/*}}\"/shared/{values.Recipe.Name.Split('/')[0]}")
            .ToString();
        if (time is { } limit)
            yield return ShellText.Of($"export MUSTER_TIME={(long)limit.TotalSeconds}").ToString();
    }

    private static string Resolved(string word, RecipeValues values) =>
        values.Recipe.Parameters.FirstOrDefault(parameter => word == "$" + parameter.Variable) is { } named
            ? values.Parameters.GetValueOrDefault(named.Name, "")
            : word;
}
