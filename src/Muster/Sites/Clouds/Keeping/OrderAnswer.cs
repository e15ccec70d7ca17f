namespace Muster.Sites.Clouds.Keeping;

/// <summary>What became of an order.</summary>
public abstract record OrderAnswer
{
    private OrderAnswer() { }

    public sealed record Placed(MachineRecord Machine) : OrderAnswer;

    /// <summary>Limit or budget have no room for it.</summary>
    public sealed record Refused(string Why) : OrderAnswer;
}
