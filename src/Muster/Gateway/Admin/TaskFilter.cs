using Microsoft.AspNetCore.Http;
using Muster.Faults;
using Muster.Gateway.Fleet;
using Muster.Gateway.Ledger;
using Muster.Gateway.Tokens;

namespace Muster.Gateway.Admin;

/// <summary>Which tasks are asked for, in which order, and how many.</summary>
public sealed record TaskFilter(long Before, int Limit)
{
    private static readonly string[] States = ["queued", "running", "completed", "failed", "cancelled"];
    private static readonly Dictionary<string, Func<TaskRow, long>> Sorts = new(StringComparer.Ordinal)
    {
        ["order"] = row => row.Order,
        ["created"] = row => row.Created.ToUnixTimeMilliseconds(),
        ["ended"] = row => row.Ended?.ToUnixTimeMilliseconds() ?? long.MaxValue,
        ["images"] = row => row.Images,
        ["bytes"] = row => row.Bytes,
        ["time"] = row => row.Time,
    };

    public IReadOnlyCollection<string> Wanted { get; init; } = [];
    public string? Name { get; init; }
    public string? Node { get; init; }
    public string? Owner { get; init; }
    public string? Id { get; init; }

    /// <summary>Each is in the name, id, error, node or owner.</summary>
    public IReadOnlyList<string> Words { get; init; } = [];
    public Guid? Parent { get; init; }
    public DateTimeOffset? From { get; init; }
    public DateTimeOffset? To { get; init; }
    public string Sort { get; init; } = "-order";

    /// <summary>The last row that the asker has, as the page before said it.</summary>
    public (long Value, long Order)? After { get; init; }

    /// <summary>How many there are is told too, in all and by state.</summary>
    public bool Counts { get; init; }

    public static TaskFilter Of(IQueryCollection query)
    {
        var states = query["state"]
            .SelectMany(text => text!.Split(',', StringSplitOptions.RemoveEmptyEntries))
            .ToList();
        if (states.Find(state => !States.Contains(state)) is { } unknown)
            throw new UserException($"there is no state '{unknown}'", $"It is one of {string.Join(", ", States)}.");
        var sort = query["sort"] is [{ Length: > 0 } asked, ..] ? asked : "-order";
        if (!Sorts.ContainsKey(sort.TrimStart('-')))
            throw new UserException(
                $"tasks are not sorted by '{sort}'",
                $"sort is one of {string.Join(", ", Sorts.Keys)}, with - before it for the largest first."
            );
        return new(
            Numbers.In(query, "before", long.MaxValue, 0, long.MaxValue),
            (int)Numbers.In(query, "limit", 50, 1, 500)
        )
        {
            Wanted = states,
            Name = Text(query, "name"),
            Node = Text(query, "node"),
            Owner = Text(query, "owner"),
            Id = Text(query, "id"),
            Words = (Text(query, "q") ?? "").ToLowerInvariant().Split(' ', StringSplitOptions.RemoveEmptyEntries),
            Parent =
                Text(query, "parent") is not { } parent ? null
                : Guid.TryParse(parent, out var id) ? id
                : throw new UserException($"parent is '{parent}'", "It is the id of a task."),
            From = Time(query, "from"),
            To = Time(query, "to"),
            Sort = sort,
            After = Cursor(Text(query, "after")),
            Counts = query["count"] == "1",
        };
    }

    public TaskPage Page(TaskIndex index, TaskLedger ledger, NodeFleet fleet, TokenBook tokens)
    {
        // names are looked up once for each node and owner, and not for each of 100,000 tasks
        var nodes = new Dictionary<string, string>(StringComparer.Ordinal);
        var owners = new Dictionary<string, string>(StringComparer.Ordinal);
        string NodeOf(TaskRow row) => Known(nodes, row.Node ?? "", id => fleet.Find(id)?.Name ?? id);
        string OwnerOf(TaskRow row) => Known(owners, row.Owner, id => tokens.NameOf(id) ?? id);

        var like = new List<TaskRow>();
        var states = States.ToDictionary(state => state, _ => 0);
        foreach (var row in index.Rows())
        {
            if (!Wants(row, NodeOf, OwnerOf))
                continue;
            var state = TaskEntry.Word(row.Code);
            states[state]++;
            if (Wanted.Count == 0 || Wanted.Contains(state))
                like.Add(row);
        }
        var (key, down) = (Sorts[Sort.TrimStart('-')], Sort[0] == '-');
        IEnumerable<TaskRow> rest = like.Where(row => row.Order < Before);
        if (After is { } after)
            rest = rest.Where(row =>
                (key(row), row.Order).CompareTo(after) is var side && (down ? side < 0 : side > 0)
            );
        var found = (
            down
                ? rest.OrderByDescending(key).ThenByDescending(row => row.Order)
                : rest.OrderBy(key).ThenBy(row => row.Order)
        )
            .Take(Limit + 1)
            .ToList();
        var more = found.Count > Limit;
        if (more)
            found.RemoveAt(Limit);
        return new(
            1,
            [
                .. found
                    .Select(row => ledger.Find(row.Id))
                    .OfType<Model.GatewayTask>()
                    .Select(task => TaskEntry.Of(task, fleet, tokens)),
            ],
            more ? found[^1].Order : null
        )
        {
            After = more ? $"{key(found[^1])}.{found[^1].Order}" : null,
            Total = Counts ? like.Count : null,
            States = Counts ? states : null,
        };
    }

    private bool Wants(TaskRow row, Func<TaskRow, string> node, Func<TaskRow, string> owner) =>
        (Id is null || row.Id.ToString().StartsWith(Id, StringComparison.OrdinalIgnoreCase))
        && (Parent is null || row.Parent == Parent)
        && (From is null || row.Created >= From)
        && (To is null || row.Created < To)
        && (Node is null || node(row) == Node || row.Node == Node)
        && (Owner is null || row.Owner == Owner || owner(row) == Owner)
        && (Name is null || NameOf(row).Contains(Name, StringComparison.OrdinalIgnoreCase))
        && Words.All(word =>
            row.Text.Contains(word, StringComparison.Ordinal)
            || node(row).Contains(word, StringComparison.OrdinalIgnoreCase)
            || owner(row).Contains(word, StringComparison.OrdinalIgnoreCase)
        );

    private static string NameOf(TaskRow row) =>
        row.Text[..row.Text.IndexOf(row.Id.ToString(), StringComparison.Ordinal)];

    private static string Known(Dictionary<string, string> names, string id, Func<string, string> find) =>
        names.TryGetValue(id, out var name) ? name : names[id] = find(id);

    private static string? Text(IQueryCollection query, string name) =>
        query[name] is [{ Length: > 0 } text, ..] ? text : null;

    private static DateTimeOffset? Time(IQueryCollection query, string name) =>
        Text(query, name) is not { } text ? null
        : DateTimeOffset.TryParse(text, out var time) ? time
        : throw new UserException($"{name} is '{text}'", "Give it a time such as 2026-05-09T14:00:00Z.");

    private static (long, long)? Cursor(string? text) =>
        text is null ? null
        : text.Split('.') is [var value, var order]
        && long.TryParse(value, out var at)
        && long.TryParse(order, out var n)
            ? (at, n)
        : throw new UserException($"after is '{text}'", "It is what the page before gave as after.");
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
