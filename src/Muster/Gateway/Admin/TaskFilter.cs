using Microsoft.AspNetCore.Http;
using Muster.Faults;
using Muster.Gateway.Fleet;
using Muster.Gateway.Ledger;
using Muster.Gateway.Tokens;

namespace Muster.Gateway.Admin;

/// <summary>Which tasks are asked for, and how many.</summary>
public sealed record TaskFilter(long Before, int Limit)
{
    /// <summary>
    /// Tasks looked at for one page. With a rare filter a page may hold less than was asked for, and still say where to
    /// go on.
    /// </summary>
    public const int MostLookedAt = 1_000;
    private const int Step = 500;
    private static readonly string[] States = ["queued", "running", "completed", "failed", "cancelled"];

    public IReadOnlyCollection<string> Wanted { get; init; } = [];
    public string? Name { get; init; }
    public string? Node { get; init; }
    public string? Owner { get; init; }
    public string? Id { get; init; }

    public static TaskFilter Of(IQueryCollection query)
    {
        var states = query["state"]
            .SelectMany(text => text!.Split(',', StringSplitOptions.RemoveEmptyEntries))
            .ToList();
        if (states.Find(state => !States.Contains(state)) is { } unknown)
            throw new UserException($"there is no state '{unknown}'", $"It is one of {string.Join(", ", States)}.");
        return new(
            Numbers.In(query, "before", long.MaxValue, 0, long.MaxValue),
            (int)Numbers.In(query, "limit", 50, 1, 500)
        )
        {
            Wanted = states,
            Name = query["name"],
            Node = query["node"],
            Owner = query["owner"],
            Id = query["id"],
        };
    }

    public TaskPage Page(TaskLedger ledger, NodeFleet fleet, TokenBook tokens)
    {
        var (found, before, looked) = (new List<TaskEntry>(), Before, 0);
        while (found.Count < Limit && looked < MostLookedAt)
        {
            var page = ledger.Page(before, IsOpen ? Limit : Step);
            foreach (var task in page)
            {
                looked++;
                before = task.Order;
                if (TaskEntry.Of(task, fleet, tokens) is var entry && Wants(entry))
                    found.Add(entry);
                if (found.Count == Limit)
                    break;
            }
            if (found.Count < Limit && page.Count < (IsOpen ? Limit : Step))
                return new(1, found, null);
        }
        return new(1, found, before);
    }

    private bool IsOpen => Wanted.Count == 0 && (Name ?? Node ?? Owner ?? Id) is null;

    private bool Wants(TaskEntry task) =>
        (Wanted.Count == 0 || Wanted.Contains(task.State))
        && (Name is null || task.Name.Contains(Name, StringComparison.OrdinalIgnoreCase))
        && (Node is null || task.Node == Node)
        && (Owner is null || task.Owner == Owner || task.OwnerName == Owner)
        && (Id is null || task.Id.ToString().StartsWith(Id, StringComparison.OrdinalIgnoreCase));
}

/// <summary>Numbers in a query.</summary>
internal static class Numbers
{
    public static long In(IQueryCollection query, string name, long otherwise, long least, long most) =>
        query[name] is not [{ Length: > 0 } text, ..] ? otherwise
        : long.TryParse(text, out var number) && number >= least && number <= most ? number
        : throw new UserException(
            $"{name} is '{text}'",
            most == long.MaxValue
                ? $"Give it a whole number from {least} on."
                : $"Give it a whole number from {least} to {most}."
        );
}
