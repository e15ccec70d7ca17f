namespace Muster.Gateway.Model;

/// <summary>
/// How a node stood in one hour, with a value for each minute: null, and a blank state, where nobody looked.
/// </summary>
public sealed record NodeHour
{
    public const int Minutes = 60;

    /// <summary>Of each minute as <see cref="Words"/> has it.</summary>
    public string States { get; init; } = new(' ', Minutes);

    /// <summary>The most of our tasks that held a slot there.</summary>
    public IReadOnlyList<int?> Tasks { get; init; } = new int?[Minutes];
    public IReadOnlyList<int?> Slots { get; init; } = new int?[Minutes];

    /// <summary>In megabytes.</summary>
    public IReadOnlyList<int?> MemoryFree { get; init; } = new int?[Minutes];

    /// <summary>In milliseconds, on average.</summary>
    public IReadOnlyList<double?> Latency { get; init; } = new double?[Minutes];

    /// <summary>Answers that it missed.</summary>
    public IReadOnlyList<int?> Faults { get; init; } = new int?[Minutes];

    /// <summary>Why it did not answer, from that minute on.</summary>
    public IReadOnlyList<NodeFault> Why { get; init; } = [];

    /// <summary>The states, by the letter that stands for each.</summary>
    public static IReadOnlyDictionary<char, string> Words { get; } =
        new Dictionary<char, string>
        {
            ['o'] = "online",
            ['x'] = "offline",
            ['l'] = "locked",
            ['d'] = "draining",
            ['u'] = "unknown",
        };

    public static char StateOf(GatewayNode node, DateTimeOffset now) =>
        node.Health.AnsweredAt is null && node.Health.Fault is null ? 'u'
        : !node.Health.IsOnline(now) ? 'x'
        : node.Draining ? 'd'
        : node.Locked ? 'l'
        : 'o';
}

public sealed record NodeFault(int Minute, string Text);
