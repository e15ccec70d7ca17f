using System.Collections.Concurrent;
using System.Security.Cryptography;

namespace Muster.Gateway.Admin;

/// <summary>
/// Links that a browser follows by itself, where it can send no key: each opens one path for reading, begins soon, and
/// lasts for a day from then on, so that a download can be resumed.
/// </summary>
internal sealed class Tickets(TimeProvider clock)
{
    public static readonly TimeSpan Begins = TimeSpan.FromMinutes(10);
    public static readonly TimeSpan Lasts = TimeSpan.FromDays(1);
    private const int Most = 10_000;

    private readonly ConcurrentDictionary<string, Ticket> _tickets = [];

    /// <param name="session">With which it ends; null where it was asked for with the password.</param>
    public (string Text, DateTimeOffset Expires) Make(string path, string? session)
    {
        var now = clock.GetUtcNow();
        if (_tickets.Count >= Most)
            Forget(ticket => ticket.Until <= now);
        if (_tickets.Count >= Most)
            _tickets.Clear();
        var text = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));
        _tickets[text] = new(path, session, now + Begins, false);
        return (text, now + Begins);
    }

    public bool Opens(string text, string? path)
    {
        var now = clock.GetUtcNow();
        if (!_tickets.TryGetValue(text, out var ticket) || ticket.Until <= now || ticket.Path != path)
            return false;
        if (!ticket.Begun)
            _tickets.TryUpdate(text, ticket with { Until = now + Lasts, Begun = true }, ticket);
        return true;
    }

    public void EndOf(string session) => Forget(ticket => ticket.Session == session);

    private void Forget(Func<Ticket, bool> which)
    {
        foreach (var (text, ticket) in _tickets)
            if (which(ticket))
                _tickets.TryRemove(text, out _);
    }

    private sealed record Ticket(string Path, string? Session, DateTimeOffset Until, bool Begun);
}
