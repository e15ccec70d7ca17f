using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.RegularExpressions;
using Muster.Gateway.Ledger;
using Muster.Gateway.Model;

namespace Muster.Gateway.Tokens;

/// <summary>
/// All tokens that were made here. The gateway is open where none was ever configured. Where the last one is gone,
/// nobody is let in:
/// whoever revoked it did not mean everybody.
/// </summary>
public sealed partial class TokenBook
{
    /// <summary>The id of the token that the configuration names.</summary>
    public const string Configured = "configured";

    /// <summary>Set with the first token, and kept when the last one goes.</summary>
    private const string Closed = "tokens are asked for";

    private readonly TaskStore _store;
    private readonly TimeProvider _clock;
    private readonly ConcurrentDictionary<string, AccessToken> _byHash = [];

    private volatile bool _closed;

    /// <param name="configured">The one token of the configuration; empty for none.</param>
    /// <param name="open">Whoever starts the gateway says that it is to be open while there is no token.</param>
    public TokenBook(TaskStore store, string configured, bool open, TimeProvider clock)
    {
        (_store, _clock) = (store, clock);
        foreach (var text in store.Tokens())
        {
            var token = JsonSerializer.Deserialize(text, GatewayJson.Default.AccessToken)!;
            _byHash[token.Hash] = token;
        }
        if (configured.Length > 0)
        {
            var hash = AccessToken.HashOf(configured);
            _byHash.TryAdd(
                hash,
                new()
                {
                    Id = Configured,
                    Name = "--token",
                    Hash = hash,
                    Owner = Configured,
                    Created = clock.GetUtcNow(),
                }
            );
        }
        _closed = store.Setting(Closed) == "yes";
        if (All.Count > 0)
            Close();
        else if (open && _closed)
            store.Set(Closed, "no");
        _closed &= All.Count > 0 || !open;
    }

    /// <summary>Whoever reaches the gateway is let in, as no token was ever configured.</summary>
    public bool IsOpen => !_closed;

    /// <summary>Nobody is let in: there were tokens, and none is left.</summary>
    public bool IsShut => _closed && All.Count == 0;

    /// <summary>Whether a gateway with this database would be open.</summary>
    public static bool WouldBeOpen(TaskStore store, string configured) =>
        configured.Length == 0
        && store.Setting(Closed) != "yes"
        && store
            .Tokens()
            .All(text => JsonSerializer.Deserialize(text, GatewayJson.Default.AccessToken)!.Parent is not null);

    /// <summary>Those that people made.</summary>
    public IReadOnlyList<AccessToken> All =>
        [.. _byHash.Values.Where(token => token.Parent is null).OrderBy(token => token.Created)];

    public AccessToken? Find(string text) =>
        text.Length > 0
        && _byHash.TryGetValue(AccessToken.HashOf(text), out var token)
        && !(token.Expires <= _clock.GetUtcNow())
            ? token
            : null;

    /// <summary>The limits of those who own tasks.</summary>
    public TokenLimits LimitsOf(string owner) =>
        _byHash.Values.FirstOrDefault(token => token.Id == owner)?.Limits ?? TokenLimits.None;

    /// <summary>What people call an owner's token; null where it is none of ours.</summary>
    public string? NameOf(string owner) => _byHash.Values.FirstOrDefault(token => token.Id == owner)?.Name;

    /// <summary>Makes a token. Its text is not kept.</summary>
    public (AccessToken Token, string Text) Make(string name, DateTimeOffset? expires, TokenLimits limits)
    {
        var id = Convert.ToHexStringLower(Guid.NewGuid().ToByteArray().AsSpan(0, 4));
        var made = Keep(
            new()
            {
                Id = id,
                Hash = "",
                Name = name,
                Owner = id,
                Created = _clock.GetUtcNow(),
                Expires = expires,
                Limits = limits,
            }
        );
        Close();
        return made;
    }

    private void Close()
    {
        if (!_closed)
            _store.Set(Closed, "yes");
        _closed = true;
    }

    /// <summary>
    /// A token with which an engine hands in the parts of a task; it sees nothing else. An engine that has an earlier
    /// one is no longer meant.
    /// </summary>
    public string MakeForParts(GatewayTask parent)
    {
        RevokePartsOf(parent.Id);
        return Keep(
            new()
            {
                Id = Guid.NewGuid().ToString("N"),
                Hash = "",
                Name = $"parts of {parent.Id}",
                Owner = parent.Owner,
                Created = _clock.GetUtcNow(),
                Parent = parent.Id,
            }
        ).Text;
    }

    /// <summary>The tasks for whose parts there are tokens.</summary>
    public IReadOnlyList<Guid> Parents => [.. _byHash.Values.Select(token => token.Parent).OfType<Guid>().Distinct()];

    /// <summary>What a node or an engine says, without any token of ours: engines print their options.</summary>
    public string Without(string text) =>
        Made().Replace(text, found => _byHash.ContainsKey(AccessToken.HashOf(found.Value)) ? "***" : found.Value);

    /// <summary>The form of <see cref="AccessToken.NewText"/>.</summary>
    [GeneratedRegex("(?<![0-9a-f])[0-9a-f]{40}(?![0-9a-f])")]
    private static partial Regex Made();

    public bool Revoke(string id) => Drop(token => token.Id == id);

    /// <summary>The parts' tokens of tasks that are over.</summary>
    public void RevokePartsOf(Guid parent) => Drop(token => token.Parent == parent);

    private (AccessToken Token, string Text) Keep(AccessToken draft)
    {
        var text = AccessToken.NewText();
        var token = draft with { Hash = AccessToken.HashOf(text) };
        _store.SaveToken(token.Id, JsonSerializer.Serialize(token, GatewayJson.Default.AccessToken));
        _byHash[token.Hash] = token;
        return (token, text);
    }

    private bool Drop(Func<AccessToken, bool> which)
    {
        var dropped = _byHash.Values.Where(token => token.Id != Configured && which(token)).ToList();
        foreach (var token in dropped)
        {
            _store.RemoveToken(token.Id);
            _byHash.TryRemove(token.Hash, out _);
        }
        return dropped.Count > 0;
    }
}
