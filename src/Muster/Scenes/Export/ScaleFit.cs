using System.Globalization;
using Muster.Scenes.Evaluation;
using Muster.Scenes.Formats.Trajectories;

namespace Muster.Scenes.Export;

/// <summary>The scale that a scene has beside a true trajectory: a single camera cannot know it.</summary>
public static class ScaleFit
{
    public static double Of(
        Reconstruction scene,
        Timestamps timestamps,
        Trajectory truth,
        Association association,
        int firstFrame = 0
    )
    {
        var tracked =
            scene.CameraToWorldTracked?.Select((pose, frame) => (Frame: (double)firstFrame + frame, Pose: pose))
            ?? scene.WorldToCamera.Select((pose, i) => (Frame: scene.Times[i], Pose: pose.Inverse));
        var frames = tracked.ToList();
        var estimate = Trajectory.Sorted(
            frames.ConvertAll(frame => double.Parse(timestamps.Of(frame.Frame), CultureInfo.InvariantCulture)),
            frames.ConvertAll(frame => frame.Pose)
        );
        return MatchedPoses.Of(truth, estimate, association, AlignmentMode.Sim3).Alignment.Scale;
    }
}
