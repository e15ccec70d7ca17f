using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Muster.Gateway.Ledger;
using Muster.Gateway.Model;

namespace Muster.Gateway.Admin;

/// <summary>A page that is signed in at the admin door.</summary>
/// <param name="Key">The hash of what the page sends beside its cookie.</param>
/// <param name="Proof">That it was begun with the password of today, which only the cookie can show.</param>
/// <param name="Seen">When it was last used, give or take some minutes.</param>
internal sealed record AdminSession(string Key, string Proof, DateTimeOffset Began, DateTimeOffset Seen)
{
    public static readonly TimeSpan Longest = TimeSpan.FromDays(7);
    public static readonly TimeSpan Idle = TimeSpan.FromHours(12);

    [JsonIgnore]
    public DateTimeOffset Expires => Began + Longest;

    [JsonIgnore]
    public DateTimeOffset IdleUntil => Seen + Idle < Expires ? Seen + Idle : Expires;
}

/// <summary>
/// Who is signed in at the admin door: a cookie that no script reads, and a key that the page sends beside it. Cookies
/// are seen by everything that listens on this host, so one is worth nothing alone. Hashes of both are in the database,
/// so that a restart signs nobody out.
/// </summary>
internal sealed class AdminSessions(TaskStore store, string password, TimeProvider clock)
{
    private static readonly TimeSpan SeenAnew = TimeSpan.FromMinutes(5);

    /// <summary>Called with the id of one that was ended.</summary>
    public event Action<string>? Ended;

    public (string Cookie, string Key, AdminSession Session) Begin()
    {
        var now = clock.GetUtcNow();
        foreach (var (id, text) in store.Sessions())
            if (Read(text).IdleUntil <= now)
                store.RemoveSession(id);
        var (cookie, key) = (NewText(), NewText());
        var session = new AdminSession(AccessToken.HashOf(key), ProofOf(cookie), now, now);
        Save(AccessToken.HashOf(cookie), session);
        return (cookie, key, session);
    }

    /// <summary>The session of a cookie, and its id; null where it is over, or never was.</summary>
    public (string Id, AdminSession Session)? Find(string cookie)
    {
        var id = AccessToken.HashOf(cookie);
        if (
            cookie.Length == 0
            || store.Session(id) is not { } text
            || Read(text) is not { } session
            || session.IdleUntil <= clock.GetUtcNow()
            || !Same(session.Proof, ProofOf(cookie))
        )
            return null;
        if (clock.GetUtcNow() - session.Seen > SeenAnew)
            Save(id, session = session with { Seen = clock.GetUtcNow() });
        return (id, session);
    }

    public static bool Opens(AdminSession session, string key) => Same(session.Key, AccessToken.HashOf(key));

    public void End(string id)
    {
        store.RemoveSession(id);
        Ended?.Invoke(id);
    }

    private void Save(string id, AdminSession session) =>
        store.SaveSession(id, JsonSerializer.Serialize(session, AdminJson.Plain.AdminSession));

    private static AdminSession Read(string text) => JsonSerializer.Deserialize(text, AdminJson.Plain.AdminSession)!;

    private string ProofOf(string cookie) =>
        Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(cookie), Encoding.UTF8.GetBytes(password)));

    private static bool Same(string one, string other) =>
        CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(one), Encoding.UTF8.GetBytes(other));

    private static string NewText() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));
}
