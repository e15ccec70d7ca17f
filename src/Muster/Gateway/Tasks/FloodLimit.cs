namespace Muster.Gateway.Tasks;

/// <summary>Counts uploads begun and not committed, for each token. Off when the limit is 0.</summary>
public sealed class FloodLimit(int limit, TimeProvider clock)
{
    public static readonly TimeSpan Forgiveness = TimeSpan.FromMinutes(15);
    public const string Refusal =
        "Uuh, slow down! You started many tasks and have not finished sending them. Finish them, or wait 15 minutes "
        + "and try again.";

    private readonly Lock _lock = new();
    private readonly Dictionary<string, int> _begun = [];
    private DateTimeOffset _forgivenAt = clock.GetUtcNow();

    /// <summary>False when the token has begun too many.</summary>
    public bool Begin(string token)
    {
        if (limit <= 0)
            return true;
        lock (_lock)
        {
            Forgive();
            return (_begun[token] = _begun.GetValueOrDefault(token) + 1) <= limit;
        }
    }

    public void Finished(string token)
    {
        if (limit <= 0)
            return;
        lock (_lock)
            if (_begun.TryGetValue(token, out var begun) && begun > 0)
                _begun[token] = begun - 1;
    }

    private void Forgive()
    {
        var now = clock.GetUtcNow();
        for (; now - _forgivenAt >= Forgiveness && _begun.Count > 0; _forgivenAt += Forgiveness)
        {
            foreach (var token in _begun.Keys.ToList())
                if ((_begun[token] = (int)(_begun[token] * 0.66)) == 0)
                    _begun.Remove(token);
        }
        if (_begun.Count == 0)
            _forgivenAt = now;
    }
}
