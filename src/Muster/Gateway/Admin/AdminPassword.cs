using System.Net;
using System.Security.Cryptography;
using System.Text;

namespace Muster.Gateway.Admin;

/// <summary>What a door says to a password.</summary>
public enum Verdict
{
    Right,
    Wrong,
    TooMany,
}

/// <summary>
/// Knows the password of the admin doors. Who guesses too often from an address is heard once a second from then on:
/// that slows guesses down and
/// keeps nobody out who has the right one, although others fail at the same address.
/// </summary>
public sealed class AdminPassword(string password, TimeProvider clock)
{
    /// <summary>Wrong ones from an address that are heard at once.</summary>
    public const int MostGuesses = 10;
    public static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);
    private const int MostAddresses = 10_000;

    private readonly byte[] _hash = Hash(password);
    private readonly Lock _lock = new();
    private readonly Dictionary<IPAddress, (double Left, DateTimeOffset At)> _guesses = [];

    /// <summary>There is no password; whoever reaches the door may pass.</summary>
    public bool IsOpen { get; } = password.Length == 0;

    public Verdict Check(IPAddress from, string said)
    {
        var now = clock.GetUtcNow();
        lock (_lock)
        {
            var left = LeftTo(from, now);
            if (left < 1)
                return Verdict.TooMany;
            if (CryptographicOperations.FixedTimeEquals(_hash, Hash(said)))
                return Verdict.Right;
            if (_guesses.Count >= MostAddresses)
                foreach (var old in _guesses.Keys.Where(address => LeftTo(address, now) >= MostGuesses).ToList())
                    _guesses.Remove(old);
            if (_guesses.Count >= MostAddresses)
                _guesses.Clear();
            _guesses[from] = (left - 1, now);
            return Verdict.Wrong;
        }
    }

    private double LeftTo(IPAddress from, DateTimeOffset now) =>
        _guesses.TryGetValue(from, out var known)
            ? Math.Min(MostGuesses, known.Left + Math.Max(0, (now - known.At) / Pause))
            : MostGuesses;

    private static byte[] Hash(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));
}
