namespace Muster.Configuration;

/// <summary>A word that must not appear in a log or a message by accident.</summary>
public sealed record Secret(string Word)
{
    public const string Hidden = "(hidden)";

    public override string ToString() => Hidden;
}
