using Muster.Configuration;
using Muster.Recipes.Checks;

namespace Muster.Recipes;

/// <summary>A named description of a run: what it takes, what it needs, and the scripts that do it.</summary>
public sealed record Recipe
{
    public required string Name { get; init; }
    public required string About { get; init; }
    public required Origin Origin { get; init; }

    /// <summary>What a run executes, below <see cref="RecipeSource.Folder"/>; <c>.sh</c> or <c>.py</c>.</summary>
    public required string Script { get; init; }

    /// <summary>
    /// Run where the site has a network, before the run is launched. It may be run again at any time.
    /// </summary>
    public string? Stage { get; init; }

    /// <summary>Run on each host that takes part, before anything is sent. What it finds is told at once.</summary>
    public string? Preflight { get; init; }

    /// <summary>Read by each rank before anything of it starts: it sets variables and looks at the machine.</summary>
    public string? Prepare { get; init; }

    /// <summary>
    /// Words behind the options are a program of the user's: it comes along with the folder's code, and the script
    /// finds it as <c>"$@"</c>.
    /// </summary>
    public bool Program { get; init; }

    /// <summary>How the ranks find each other: a launch profile.</summary>
    public string? Launch { get; init; }

    /// <summary>The parts that work together; none for a run of one.</summary>
    public IReadOnlyList<RecipeRole> Roles { get; init; } = [];

    /// <summary>It also works without its roles, on one host that is named.</summary>
    public bool Alone { get; init; }

    /// <summary>Results of several hosts are one tree.</summary>
    public bool Merge { get; init; }
    public IReadOnlyList<RecipeInput> Inputs { get; init; } = [];
    public IReadOnlyList<RecipeParameter> Parameters { get; init; } = [];
    public RecipeResources Resources { get; init; } = new();
    public string? Container { get; init; }
    public IReadOnlyList<string> Outputs { get; init; } = [];
    public IReadOnlyList<string> Ports { get; init; } = [];

    /// <summary>What is looked at beside types and ranges, by its name in <see cref="RecipeChecks"/>.</summary>
    public string? Check { get; init; }

    /// <summary>Words of `muster`, one list for each command, run once the results are here.</summary>
    public IReadOnlyList<IReadOnlyList<string>> AfterFetch { get; init; } = [];

    public required RecipeSource Source { get; init; }
}

/// <summary>A file or folder that the user names, found as <c>$MUSTER_INPUT_NAME</c>.</summary>
/// <param name="Only">Of a folder: what is taken along, and some of it must be there.</param>
public sealed record RecipeInput(string Name, InputKind Kind, string About, bool Optional, IReadOnlyList<string> Only)
{
    public string Variable => RecipeVariables.Input(Name);
}

public enum InputKind
{
    File,
    Folder,
}

/// <summary>What a run asks the site for unless its user says otherwise.</summary>
public sealed record RecipeResources(int? Gpus = null, int? Cpus = null, string? Memory = null, string? Time = null);

/// <summary>The names under which scripts find what a recipe was given.</summary>
public static class RecipeVariables
{
    public static string Input(string name) => "MUSTER_INPUT_" + Upper(name);

    public static string Parameter(string name) => "MUSTER_PARAM_" + Upper(name);

    private static string Upper(string name) => name.ToUpperInvariant().Replace('-', '_');
}
