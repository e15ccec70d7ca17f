namespace Muster.Clouds;

/// <summary>
/// What goes wrong: at the next request of a kind, or by chance at some of them. A request's kind is how its method and
/// path begin, such as <c>POST /v1/servers</c>.
/// </summary>
public sealed class FaultPlan(Random random)
{
    private readonly Lock _lock = new();
    private readonly List<Planned> _planned = [];

    /// <summary>At the next <paramref name="times"/> requests of this kind.</summary>
    public void Next(string beginning, Stumble stumble, int times = 1)
    {
        lock (_lock)
            _planned.Add(new(beginning, stumble, 1) { Left = times });
    }

    /// <summary>By chance, until <see cref="Clear"/>.</summary>
    public void Often(string beginning, Stumble stumble, double chance)
    {
        lock (_lock)
            _planned.Add(new(beginning, stumble, chance));
    }

    public void Clear()
    {
        lock (_lock)
            _planned.Clear();
    }

    /// <summary>What goes wrong at this request; a stand-in asks for kinds of its own too, such as
    /// <c>placement</c>.</summary>
    public Stumble? Draw(string what)
    {
        lock (_lock)
        {
            foreach (var planned in _planned)
            {
                if (!what.StartsWith(planned.Beginning, StringComparison.Ordinal) || planned.Left == 0)
                    continue;
                if (planned.Chance < 1 && random.NextDouble() >= planned.Chance)
                    continue;
                planned.Left--;
                return planned.Stumble;
            }
        }
        return null;
    }

    private sealed record Planned(string Beginning, Stumble Stumble, double Chance)
    {
        public int Left { get; set; } = -1;
    }
}

/// <summary>How a request goes wrong.</summary>
public enum Stumble
{
    /// <summary>The connection breaks before anything is done.</summary>
    CutBefore,

    /// <summary>It is carried out, and the connection breaks before the answer.</summary>
    CutAfter,

    /// <summary>It is carried out, and the answer breaks off in its midst.</summary>
    CutWithin,

    /// <summary>It is carried out, and answered after longer than anybody waits.</summary>
    Late,
    Status500,

    /// <summary>With a body in HTML, as from a gateway.</summary>
    Status502,
    Status503,
    Status504,

    /// <summary>The provider's own fault of the kind asked for, such as no room for a machine.</summary>
    Own,
}
