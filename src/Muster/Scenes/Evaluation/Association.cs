using Muster.Scenes.Formats.Trajectories;

namespace Muster.Scenes.Evaluation;

public enum AssociationMode
{
    /// <summary>As the tools of the TUM benchmark do it: the nearest pairs first, each pose once.</summary>
    Greedy,

    /// <summary>For each pose of the shorter trajectory the nearest of the longer, which may serve twice.</summary>
    Nearest,
}

/// <summary>Which pose of the estimate belongs to which of the reference, by their times.</summary>
/// <param name="Offset">Seconds that are added to the times of the estimate.</param>
public sealed record Association(AssociationMode Mode, double MaxDifference, double Offset = 0)
{
    public static Association Default { get; } = new(AssociationMode.Nearest, 0.01);

    public IReadOnlyList<(int Reference, int Estimate)> Pair(Trajectory reference, Trajectory estimate)
    {
        var times = Array.ConvertAll(estimate.Times, time => time + Offset);
        var pairs = Mode == AssociationMode.Greedy ? Greedy(reference.Times, times) : Nearest(reference.Times, times);
        if (pairs.Count >= 3)
            return pairs;
        throw new SceneException(
            SceneFault.TooFewPairs,
            $"only {pairs.Count} poses of the {estimate.Count} estimated have one of the {reference.Count} references "
                + $"within {MaxDifference} s",
            $"The estimate's times run from {times[0]:0.###} to {times[^1]:0.###}, the reference's from "
                + $"{reference.Times[0]:0.###} to {reference.Times[^1]:0.###}; see --max-diff and --offset."
        );
    }

    private List<(int, int)> Nearest(double[] reference, double[] estimate)
    {
        var swapped = estimate.Length > reference.Length;
        var (few, many) = swapped ? (reference, estimate) : (estimate, reference);
        var pairs = new List<(int, int)>();
        for (int i = 0, j = 0; i < few.Length; i++)
        {
            while (j + 1 < many.Length && Math.Abs(many[j + 1] - few[i]) < Math.Abs(many[j] - few[i]))
                j++;
            if (Math.Abs(many[j] - few[i]) <= MaxDifference)
                pairs.Add(swapped ? (i, j) : (j, i));
        }
        return pairs;
    }

    /// <remarks>
    /// Of what is left, the nearest pair always lies side by side in time; so it is enough to know the neighbours.
    /// </remarks>
    private List<(int, int)> Greedy(double[] reference, double[] estimate)
    {
        var order = Enumerable.Range(0, reference.Length + estimate.Length).ToArray();
        double Time(int one) => one < reference.Length ? reference[one] : estimate[one - reference.Length];
        Array.Sort([.. order.Select(Time)], order);
        int[] before = [.. Enumerable.Range(-1, order.Length)],
            after = [.. Enumerable.Range(1, order.Length)];
        var near = new PriorityQueue<(int Left, int Right), (double Apart, double Reference, double Estimate)>();
        for (var i = 0; i + 1 < order.Length; i++)
            Offer(i, i + 1);

        var taken = new bool[order.Length];
        var pairs = new List<(int Reference, int Estimate)>();
        while (near.TryDequeue(out var pair, out _))
        {
            var (left, right) = pair;
            if (taken[left] || taken[right])
                continue;
            taken[left] = taken[right] = true;
            var (first, second) = (Math.Min(order[left], order[right]), Math.Max(order[left], order[right]));
            pairs.Add((first, second - reference.Length));
            var (outerLeft, outerRight) = (before[left], after[right]);
            if (outerLeft >= 0)
                after[outerLeft] = outerRight;
            if (outerRight < order.Length)
                before[outerRight] = outerLeft;
            if (outerLeft >= 0 && outerRight < order.Length)
                Offer(outerLeft, outerRight);
        }
        pairs.Sort();
        return [.. pairs];

        void Offer(int left, int right)
        {
            if ((order[left] < reference.Length) == (order[right] < reference.Length))
                return;
            var (one, other) = (Math.Min(order[left], order[right]), Math.Max(order[left], order[right]));
            var apart = Math.Abs(Time(one) - Time(other));
            if (apart < MaxDifference)
                near.Enqueue((left, right), (apart, Time(one), Time(other)));
        }
    }
}
