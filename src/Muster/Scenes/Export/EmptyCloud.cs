using System.Globalization;
using Muster.Scenes.Geometry;

namespace Muster.Scenes.Export;

/// <summary>Why nothing was kept.</summary>
internal static class EmptyCloud
{
    public static SceneWarning Explain(
        WorkingGrid grid,
        byte[][] votes,
        Pose[] worldToCamera,
        ExportOptions options,
        long[] histogram,
        CancellationToken ct
    )
    {
        // With an endless threshold every neighbour that sees the place votes.
        var seen = Votes.Count(grid, worldToCamera, double.PositiveInfinity, options.Symmetric, null, ct);
        long outOfView = 0,
            disagree = 0,
            ratio = 0;
        for (var i = 0; i < votes.Length; i++)
        {
            for (var pixel = 0; pixel < votes[i].Length; pixel++)
            {
                if (seen[i][pixel] < options.Filter.Count)
                    outOfView++;
                else if (votes[i][pixel] < options.Filter.Count)
                    disagree++;
                else
                    ratio++;
            }
        }
        var reason = Math.Max(outOfView, Math.Max(disagree, ratio)) switch
        {
            var most when most == outOfView =>
                $"most pixels ({outOfView}) are out of the view of {options.Filter.Count} neighbours: lower --count",
            var most when most == disagree =>
                $"for most pixels ({disagree}) the neighbours see other depths: raise --threshold",
            _ => $"most pixels ({ratio}) are too far away: lower --min-disp-ratio, or raise --max-depth",
        };
        return new(
            608,
            string.Create(
                CultureInfo.InvariantCulture,
                $"the cloud is empty; pixels with 0, 1, … 6 votes: {string.Join(' ', histogram)}; {reason}"
            )
        );
    }
}
