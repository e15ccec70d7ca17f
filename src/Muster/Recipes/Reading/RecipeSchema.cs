using System.Globalization;
using System.Text.RegularExpressions;
using Muster.Configuration;
using Muster.Recipes.Checks;
using Muster.Runs.Roles;
using Muster.Sites;

namespace Muster.Recipes.Reading;

/// <summary>
/// All keys of <c>recipe.yaml</c> in one place: the reader, its suggestions and the JSON schema follow them.
/// </summary>
public static partial class RecipeSchema
{
    private static readonly ConfigShape<string> File = ConfigShape.Words(
        "a file in the recipe's folder, such as run.sh",
        text => FileName().IsMatch(text)
    );
    private static readonly ConfigShape<string> Value = new(
        ConfigShape.Text.Read,
        ConfigShape.Either("string", "number", "boolean")
    );
    private static readonly ConfigShape<double> Number = ConfigShape.Parsed<double>(
        "a number",
        text =>
            (
                double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
                    && double.IsFinite(number),
                number
            ),
        writer => writer.WriteString("type", "number")
    );

    internal static readonly ConfigKey<string> About = new(
        "about",
        ConfigShape.Text,
        "what it does; lists show the first line"
    );
    internal static readonly ConfigKey<string> Script = new(
        "script",
        File,
        "what the run executes: a .sh or a .py file"
    );
    internal static readonly ConfigKey<string> Stage = new(
        "stage",
        File,
        "a .sh file, run on the site's host before the run is launched; it may run again at any time"
    );
    internal static readonly ConfigKey<string> Preflight = new(
        "preflight",
        File,
        "a .sh file, run on each host that takes part before anything is sent; it prints what it finds: error TEXT, "
            + "warning TEXT, same WHAT=VALUE"
    );
    internal static readonly ConfigKey<string> Prepare = new(
        "prepare",
        File,
        "a .sh file that each rank sources before it starts anything"
    );
    internal static readonly ConfigKey<bool> Program = new(
        "program",
        ConfigShape.Flag,
        "the words after the options are the user's program, which the script reads as \"$@\""
    );
    internal static readonly ConfigKey<string> Launch = new(
        "launch",
        ConfigShape.Words($"one of: {LaunchProfile.Names}", LaunchProfile.Names.Split(", ").Contains),
        "how the ranks find each other"
    );
    internal static readonly ConfigKey<bool> Alone = new(
        "alone",
        ConfigShape.Flag,
        "it also works without its roles, on the single host that --host names"
    );
    internal static readonly ConfigKey<bool> Merge = new(
        "merge",
        ConfigShape.Flag,
        "results of all hosts go into one folder"
    );
    internal static readonly ConfigKey<string> Container = new(
        "container",
        ConfigShape.Image,
        "the image that the script runs in"
    );
    internal static readonly ConfigKey<IReadOnlyList<string>> Outputs = new(
        "outputs",
        ConfigShape.List(ConfigShape.Text),
        "patterns of files to bring home in addition to $MUSTER_OUT"
    );
    internal static readonly ConfigKey<IReadOnlyList<string>> Ports = new(
        "ports",
        ConfigShape.List(ConfigShape.Text),
        "ports to forward: NAME, passed as $MUSTER_PORT_NAME, or NAME=NUMBER"
    );
    internal static readonly ConfigKey<string> Check = new(
        "check",
        ConfigShape.Words($"one of: {string.Join(", ", RecipeChecks.Names)}", RecipeChecks.Names.Contains),
        "a built-in check of the inputs"
    );
    internal static readonly ConfigKey<IReadOnlyList<string>> AfterFetch = new(
        "after-fetch",
        ConfigShape.List(ConfigShape.Text),
        "muster commands to run once the results are here, such as: scene export $OUT/reconstruction.pth"
    );

    internal static readonly ConfigKey<InputKind> InputType = new(
        "type",
        ConfigShape.Choice<InputKind>(),
        "file or folder"
    );
    internal static readonly ConfigKey<string> InputAbout = new("about", ConfigShape.Text, "what it is");
    internal static readonly ConfigKey<bool> Optional = new("optional", ConfigShape.Flag, "it may be left out");
    internal static readonly ConfigKey<IReadOnlyList<string>> Only = new(
        "only",
        ConfigShape.List(ConfigShape.Text),
        "of a folder: patterns of the files to send; at least one file must match"
    );
    internal static readonly IReadOnlyList<ConfigKey> InputKeys = [InputType, InputAbout, Optional, Only];

    internal static readonly ConfigKey<ParameterKind> ParameterType = new(
        "type",
        ConfigShape.Choice<ParameterKind>(),
        "the type of its values"
    );
    internal static readonly ConfigKey<string> ParameterAbout = new("about", ConfigShape.Text, "what it means");
    internal static readonly ConfigKey<string> Default = new(
        "default",
        Value,
        "its default value; without one, the variable is unset"
    );
    internal static readonly ConfigKey<bool> Required = new("required", ConfigShape.Flag, "it must be given");
    internal static readonly ConfigKey<double> Min = new("min", Number, "of a number: the smallest value");
    internal static readonly ConfigKey<double> Max = new("max", Number, "of a number: the largest value");
    internal static readonly ConfigKey<IReadOnlyList<string>> Choices = new(
        "choices",
        ConfigShape.List(Value),
        "of a choice: the values"
    );
    internal static readonly IReadOnlyList<ConfigKey> ParameterKeys =
    [
        ParameterType,
        ParameterAbout,
        Default,
        Required,
        Min,
        Max,
        Choices,
    ];

    internal static readonly ConfigKey<int> Gpus = new("gpus", ConfigShape.Count, "GPUs");
    internal static readonly ConfigKey<int> Cpus = new("cpus", ConfigShape.Count, "CPUs");
    internal static readonly ConfigKey<string> Memory = new(
        "memory",
        ConfigShape.Words("a size such as 32G", text => MemoryText().IsMatch(text)),
        "memory"
    );
    internal static readonly ConfigKey<string> Time = new(
        "time",
        ConfigShape.Words("a time such as 90m, 10h or HH:MM:SS", text => Durations.TryParse(text, out _)),
        "the time limit"
    );
    internal static readonly IReadOnlyList<ConfigKey> ResourceKeys = [Gpus, Cpus, Memory, Time];

    internal static readonly ConfigKey<string> RoleScript = new(
        "script",
        File,
        "what its ranks run: a .sh or .py file (default: the recipe's script, or what the launch profile has for the "
            + "role)"
    );
    internal static readonly ConfigKey<int> RoleCount = new(
        "count",
        ConfigShape.Count,
        "the number of ranks, unless the user or the site says otherwise (default: one on each host of the site)"
    );
    internal static readonly ConfigKey<string> Ready = new(
        "ready",
        ConfigShape.Words("port", text => text == "port"),
        "port: the other roles start once each of its ranks listens on its $MUSTER_PORT"
    );
    internal static readonly ConfigKey<bool> Service = new(
        "service",
        ConfigShape.Flag,
        "it serves the other roles and is stopped when they have succeeded"
    );
    internal static readonly IReadOnlyList<ConfigKey> RoleKeys =
    [
        RoleScript,
        RoleCount,
        Gpus,
        Cpus,
        Memory,
        Ready,
        Service,
    ];

    internal static readonly ConfigKey<IReadOnlyList<NamedNode>> Inputs = new(
        "inputs",
        RecipeShapes.Named(InputKeys, InputType.Name),
        "files and folders that the user gives, each passed as $MUSTER_INPUT_NAME"
    );
    internal static readonly ConfigKey<IReadOnlyList<NamedNode>> Parameters = new(
        "parameters",
        RecipeShapes.Named(ParameterKeys, ParameterType.Name),
        "values that the user may set, each passed as $MUSTER_PARAM_NAME"
    );
    internal static readonly ConfigKey<ConfigSection> Resources = new(
        "resources",
        RecipeShapes.Section(ResourceKeys, "resources"),
        "what to request from the site unless the user says otherwise"
    );

    internal static readonly ConfigKey<IReadOnlyList<NamedNode>> Roles = new(
        "roles",
        RecipeShapes.Named(RoleKeys),
        "ranks that work together, by role"
    );

    internal static readonly IReadOnlyList<ConfigKey> TopKeys =
    [
        About,
        Script,
        Program,
        Stage,
        Preflight,
        Prepare,
        Inputs,
        Parameters,
        Resources,
        Launch,
        Roles,
        Alone,
        Merge,
        Container,
        Outputs,
        Ports,
        Check,
        AfterFetch,
    ];

    /// <summary>A JSON schema (draft 2020-12) of the file, for editors.</summary>
    public static string ToJson() => ConfigKey.Schema("Muster recipe", TopKeys, About.Name, Script.Name);

    [GeneratedRegex(@"\A[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*\z")]
    private static partial Regex FileName();

    [GeneratedRegex(@"\A[0-9]{1,7}[KMGTkmgt]?\z")]
    private static partial Regex MemoryText();
}
