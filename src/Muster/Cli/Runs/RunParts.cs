using Muster.Configuration;
using Muster.Faults;
using Muster.Runs;

namespace Muster.Cli.Runs;

/// <summary>Names of parts of a run, as typed: those it does not have are told at once, with those it has.</summary>
internal static class RunParts
{
    private const int Shown = 12;

    public static void CheckPort(RunPlan plan, string? name)
    {
        var names = plan.PortNames();
        if (names.Count == 0)
        {
            throw new UserException(
                $"{plan.Name} has no ports",
                "Submit with --port NAME or --tensorboard to get one."
            );
        }
        if (name is not null && !names.Contains(name))
            throw Unknown(plan, "port", name, names);
    }

    /// <param name="rank">A rank, or a role for all of its ranks.</param>
    public static void CheckRank(RunPlan plan, string rank)
    {
        var names = plan.LogNames();
        if (names.Any(name => name == rank || name.StartsWith(rank + ".", StringComparison.Ordinal)))
            return;
        throw Unknown(plan, "rank", rank, names);
    }

    /// <param name="rank">One rank, and not what runs beside it.</param>
    public static void CheckOneRank(RunPlan plan, string rank)
    {
        var names = plan.Ranks();
        if (!names.Contains(rank))
            throw Unknown(plan, "rank", rank, names);
    }

    /// <param name="role">A role, or the name of all ranks of a run without roles.</param>
    public static void CheckRole(RunPlan plan, string role)
    {
        var names = plan.Ranks().Select(rank => rank[..rank.LastIndexOf('.')]).Distinct().ToList();
        if (!names.Contains(role))
            throw Unknown(plan, "role", role, names);
    }

    public static void CheckNode(Run run, IReadOnlyList<string> nodes, string node)
    {
        if (nodes.Count == 0)
            throw new UserException(
                $"{run.Plan.Name} is in no job now ({run.State.Word}), so it has no nodes to choose from",
                "Leave --node out; --rank chooses one of its ranks."
            );
        if (!nodes.Contains(node))
            throw Unknown(run.Plan, "node", node, nodes);
    }

    private static UserException Unknown(RunPlan plan, string what, string name, IReadOnlyList<string> names) =>
        new(
            $"{plan.Name} has no {what} '{ConfigFile.Flat(name)}'{Nearest.DidYouMean(name, names)}",
            $"It has: {string.Join(", ", names.Take(Shown))}{(names.Count > Shown ? $", … {names[^1]}" : "")}."
        );
}
