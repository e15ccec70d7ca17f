using System.Net;
using System.Security.Cryptography;
using System.Text;

namespace Muster.Gateway.Admin;

/// <summary>What a door says to a password.</summary>
public enum Verdict { Right, Wrong, TooMany }

/// <summary>Knows the password of the admin doors. Who guesses too often is not listened to for a while.</summary>
public sealed class Doorkeeper(string password, TimeProvider clock)
{
    public const int MostGuesses = 10;
    public static readonly TimeSpan Memory = TimeSpan.FromMinutes(1);
    private const int MostAddresses = 10_000;

    private readonly byte[] _hash = Hash(password);
    private readonly Lock _lock = new();
    private readonly Dictionary<IPAddress, (int Wrong, DateTimeOffset Since)> _guesses = [];

    /// <summary>There is no password; whoever reaches the door may pass.</summary>
    public bool IsOpen { get; } = password.Length == 0;

    public Verdict Hear(IPAddress from, string said)
    {
        var now = clock.GetUtcNow();
        lock (_lock)
        {
            var (wrong, since) = _guesses.GetValueOrDefault(from, (0, now));
            if (now - since > Memory) (wrong, since) = (0, now);
            if (wrong >= MostGuesses) return Verdict.TooMany;
            if (CryptographicOperations.FixedTimeEquals(_hash, Hash(said))) return Verdict.Right;
            if (_guesses.Count >= MostAddresses) _guesses.Clear();
            _guesses[from] = (wrong + 1, since);
            return Verdict.Wrong;
        }
    }

    private static byte[] Hash(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));
}
