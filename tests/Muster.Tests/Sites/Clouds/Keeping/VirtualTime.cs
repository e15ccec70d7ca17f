namespace Muster.Sites.Clouds.Keeping;

/// <summary>Time that passes only when it is told to.</summary>
internal sealed class VirtualTime : TimeProvider
{
    public DateTimeOffset Now { get; private set; } = new(2027, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public override DateTimeOffset GetUtcNow() => Now;

    public void Pass(TimeSpan time) => Now += time;

    /// <summary>Never back: calls take time of their own.</summary>
    public void To(DateTimeOffset time) => Now = time > Now ? time : Now;
}
