namespace Muster.NodeOdm.HandIn;

/// <summary>What happens while a task is handed in and followed.</summary>
public abstract record HandInEvent
{
    private HandInEvent() { }

    /// <param name="There">Files that need not be sent again.</param>
    public sealed record Begun(string Task, int There) : HandInEvent;

    public sealed record Sending(int Files, int AllFiles, long Bytes, long AllBytes) : HandInEvent;

    public sealed record Committed(string Task, int Files, long Bytes, TimeSpan Took) : HandInEvent;

    public sealed record Output(IReadOnlyList<string> Lines) : HandInEvent;

    public sealed record Changed(TaskInfo Info) : HandInEvent;

    public sealed record Fetching(long Bytes, long? AllBytes) : HandInEvent;

    public sealed record ContactLost(string Why) : HandInEvent;

    public sealed record ContactBack(TimeSpan After) : HandInEvent;

    public sealed record Warning(string Text) : HandInEvent;
}
