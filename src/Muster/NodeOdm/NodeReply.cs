namespace Muster.NodeOdm;

/// <summary>
/// What became of a question to a node. Only <see cref="Said"/> and <see cref="Denied"/> are the node's own words.
/// </summary>
public abstract record NodeReply<T>
{
    private NodeReply() { }

    public sealed record Said(T Value) : NodeReply<T>;

    /// <summary>The node answered with an error.</summary>
    public sealed record Denied(string Error, bool NoRetry = false) : NodeReply<T>
    {
        /// <summary>It did not accept the token, or the address.</summary>
        public bool IsUnauthorized => Error.StartsWith("Invalid authentication", StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>Nobody is there: the connection was refused, or the name is unknown.</summary>
    public sealed record Away(string Why) : NodeReply<T>;

    /// <summary>No answer came, or the connection broke. The request may have been carried out.</summary>
    public sealed record Silent(string Why) : NodeReply<T>;

    /// <summary>What came is no answer of this API: a proxy's page, broken JSON, an unexpected status.</summary>
    public sealed record Garbled(string Why) : NodeReply<T>;

    /// <summary>What came is longer than <see cref="InputLimits"/> says, and was not read to its end.</summary>
    public sealed record TooLong(string Why) : NodeReply<T>;

    /// <summary>The same reply about something else; a value is turned by <paramref name="turn"/>.</summary>
    public NodeReply<TOther> Select<TOther>(Func<T, TOther> turn) =>
        this switch
        {
            Said said => new NodeReply<TOther>.Said(turn(said.Value)),
            Denied denied => new NodeReply<TOther>.Denied(denied.Error, denied.NoRetry),
            Away away => new NodeReply<TOther>.Away(away.Why),
            Silent silent => new NodeReply<TOther>.Silent(silent.Why),
            Garbled garbled => new NodeReply<TOther>.Garbled(garbled.Why),
            TooLong tooLong => new NodeReply<TOther>.TooLong(tooLong.Why),
            _ => throw new InvalidOperationException(),
        };

    /// <summary>In words, for logs and people.</summary>
    public string Text =>
        this switch
        {
            Denied denied => denied.Error,
            Away away => away.Why,
            Silent silent => silent.Why,
            Garbled garbled => garbled.Why,
            TooLong tooLong => tooLong.Why,
            _ => "ok",
        };
}
