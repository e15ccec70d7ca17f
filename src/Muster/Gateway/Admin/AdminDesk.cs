using Muster.Gateway.Fleet;
using Muster.Gateway.Ledger;
using Muster.Gateway.Model;
using Muster.Gateway.Tokens;

namespace Muster.Gateway.Admin;

/// <summary>
/// What people change by the console, by pages and by the command line. Each change is an event, with the door by which
/// it came.
/// </summary>
public sealed class AdminDesk(NodeFleet fleet, TokenBook tokens, TaskLedger ledger)
{
    public async Task<(GatewayNode Node, bool IsNew)> AddAsync(Uri url, string token, bool locked, string by)
    {
        var (node, isNew) = fleet.Add(url, token, locked);
        if (isNew)
            await NoteAsync("node", $"{node.Name} added by {by}", node.Id);
        return (node, isNew);
    }

    /// <summary>Takes it off the list; its tasks are placed elsewhere.</summary>
    public Task<bool> RemoveAsync(GatewayNode node, string by) => DoneAsync(fleet.Remove(node.Id), node, "removed", by);

    public Task<bool> LockAsync(GatewayNode node, string by) =>
        DoneAsync(fleet.SetLocked(node.Id, true), node, "locked", by);

    /// <summary>It gets tasks again, whether it was locked or drained.</summary>
    public Task<bool> UnlockAsync(GatewayNode node, string by) =>
        DoneAsync(fleet.SetDraining(node.Id, false) && fleet.SetLocked(node.Id, false), node, "unlocked", by);

    public Task<bool> DrainAsync(GatewayNode node, string by) =>
        DoneAsync(fleet.SetDraining(node.Id, true), node, "drained", by);

    public async Task<(AccessToken Token, string Text)> MakeTokenAsync(
        string name,
        DateTimeOffset? expires,
        TokenLimits limits,
        string by
    )
    {
        var made = tokens.Make(name, expires, limits);
        await NoteAsync("token", $"{made.Token.Id} ({name}) made by {by}");
        return made;
    }

    public async Task<bool> RevokeTokenAsync(string id, string by)
    {
        if (!tokens.Revoke(id))
            return false;
        await NoteAsync("token", $"{id} revoked by {by}");
        return true;
    }

    private async Task<bool> DoneAsync(bool done, GatewayNode node, string what, string by)
    {
        if (done)
            await NoteAsync("node", $"{node.Name} {what} by {by}", node.Id);
        return done;
    }

    private Task NoteAsync(string kind, string text, string? node = null) =>
        ledger.ChangeAsync(book => book.Note(kind, text, node: node));
}
