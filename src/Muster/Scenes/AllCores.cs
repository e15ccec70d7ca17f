using System.Runtime.ExceptionServices;

namespace Muster.Scenes;

/// <summary>Work on all cores, of which the first fault comes out as it was thrown.</summary>
internal static class AllCores
{
    public static void ForEach<T>(IEnumerable<T> items, Action<T> work, CancellationToken ct) =>
        Plainly(() => Parallel.ForEach(items, new ParallelOptions { CancellationToken = ct }, work));

    public static void Invoke(params Action[] works) => Plainly(() => Parallel.Invoke(works));

    private static void Plainly(Action work)
    {
        try
        {
            work();
        }
        catch (AggregateException faults)
        {
            ExceptionDispatchInfo.Throw(faults.Flatten().InnerExceptions[0]);
        }
    }
}
