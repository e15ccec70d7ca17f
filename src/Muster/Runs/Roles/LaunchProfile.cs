using Muster.Faults;
using Muster.Shell;

namespace Muster.Runs.Roles;

/// <summary>
/// How a framework's ranks find each other: the roles it knows, and the script that makes its variables and words of
/// what each rank is told.
/// </summary>
/// <param name="Script">Stands in front of the command, which is <c>"$@"</c>; null leaves it as it is.</param>
/// <param name="Shape">Adds the roles that belong to it, and says which of them serve and which listen.</param>
public sealed record LaunchProfile(
    string Name,
    string? Script,
    Func<IReadOnlyList<PlannedRole>, IReadOnlyList<PlannedRole>> Shape
)
{
    /// <summary>Roles that serve others wherever nothing else is said.</summary>
    public static readonly IReadOnlyList<string> Servants = ["server", "ps", "scheduler", "master"];

    private static readonly IReadOnlyList<LaunchProfile> All =
    [
        new("plain", null, roles => roles),
        new("torchrun", Read("torchrun"), roles => roles),
        new("torch-env", Read("torch-env"), roles => roles),
        new(
            "tf-ps",
            Read("tensorflow"),
            roles => [.. With(roles, "chief").Select(role => role.Name == "chief" ? role : role with { Working = 0 })]
        ),
        new("tf-mwms", Read("tensorflow"), roles => roles),
        new("mpi", Read("mpi"), roles => [.. roles.Select(role => role with { Working = 1 })]),
        new("horovod", Read("mpi"), roles => [.. roles.Select(role => role with { Working = 1 })]),
        new(
            "dask",
            Read("dask"),
            roles =>
                [
                    .. With(With(roles, "scheduler"), "main")
                        .Select(role =>
                            role.Name == "main" ? role : role with { Working = 0, Listens = role.Name == "scheduler" }
                        ),
                ]
        ),
        new("poseidon", Read("poseidon"), Poseidon),
    ];

    public static string Names { get; } = string.Join(", ", All.Select(profile => profile.Name));

    /// <summary>Whether a role that a site has takes part when nobody says which.</summary>
    public bool Takes(string role) =>
        role switch
        {
            "worker" => true,
            "server" or "ps" => Name is "tf-ps" or "poseidon",
            "master" => Name is "poseidon",
            "scheduler" => Name is "dask",
            "chief" or "evaluator" => Name is "tf-ps",
            _ => false,
        };

    /// <summary>Whether it knows what ranks of the role execute, so that they need no command.</summary>
    public bool Starts(string role) =>
        role switch
        {
            "scheduler" or "worker" => Name is "dask",
            "master" or "server" => Name is "poseidon",
            _ => false,
        };

    /// <summary>A port of its own beside those that were asked for.</summary>
    public string? Port => Name == "dask" ? "dashboard" : null;

    public static LaunchProfile Get(string? name) =>
        All.FirstOrDefault(profile => profile.Name == (name ?? "plain"))
        ?? throw UserException.Misuse($"there is no launch profile '{name}'", $"Known profiles: {Names}");

    private static string Read(string script) => ShellScripts.Read($"Runs/Roles/{script}.sh");

    private static IReadOnlyList<PlannedRole> With(IReadOnlyList<PlannedRole> roles, string name) =>
        roles.Any(role => role.Name == name) ? roles : [.. roles, new(name, 1)];

    private static IReadOnlyList<PlannedRole> Poseidon(IReadOnlyList<PlannedRole> roles)
    {
        var (workers, servers) = (
            roles.FirstOrDefault(role => role.Name == "worker")?.Size ?? 0,
            roles.FirstOrDefault(role => role.Name == "server")?.Size ?? 0
        );
        return workers > 0 && workers == servers
            ?
            [
                .. With(roles, "master")
                    .OrderBy(role =>
                        role.Name is "worker" ? 0
                        : role.Name is "master" ? 1
                        : 2
                    )
                    .Select(role => role.Name == "worker" ? role : role with { Working = 0, Listens = true }),
            ]
            : throw UserException.Misuse(
                $"Poseidon needs as many servers as workers, and there are {workers} workers and {servers} servers",
                "Name as many of both: --role worker=3 --role server=3."
            );
    }
}
