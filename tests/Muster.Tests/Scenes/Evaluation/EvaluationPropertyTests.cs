using Muster.Scenes.Formats.Trajectories;
using Muster.Scenes.Geometry;

namespace Muster.Scenes.Evaluation;

public sealed class EvaluationPropertyTests
{
    [Fact]
    public void Any_similarity_is_undone()
    {
        for (var seed = 0; seed < 200; seed++)
        {
            var chance = new Chance(seed);
            var (truth, move) = (chance.Trajectory(3 + chance.Below(40)), chance.Similarity());
            var moved = truth with { Poses = Array.ConvertAll(truth.Poses, move.Apply) };

            var poses = MatchedPoses.Of(truth, moved, Association.Default, AlignmentMode.Sim3);
            var errors = AbsoluteError.Of(poses);
            Assert.Equal(1 / move.Scale, poses.Alignment.Scale, 1e-9 / move.Scale);
            Assert.True(
                errors.Translation.Max() < 1e-9 && errors.Degrees.Max() < 1e-5,
                $"seed {seed}: {errors.Translation.Max()} {errors.Degrees.Max()}"
            );
            Assert.True(RelativeError.Of(poses, Delta.OneFrame, RelativeConvention.Tum).Translation.Max() < 1e-9);
        }
    }

    [Fact]
    public void The_first_pose_and_the_scale_alone_can_be_fitted()
    {
        var truth = new Chance(1).Trajectory(20);
        var rigid = truth with { Poses = Array.ConvertAll(truth.Poses, pose => new Chance(2).Pose() * pose) };
        Assert.True(
            AbsoluteError.Of(MatchedPoses.Of(truth, rigid, Association.Default, AlignmentMode.Origin)).Translation.Max()
                < 1e-9
        );
        var larger = truth with { Poses = Array.ConvertAll(truth.Poses, pose => pose.Scaled(4)) };
        var scaled = MatchedPoses.Of(truth, larger, Association.Default, AlignmentMode.Scale);
        Assert.Equal(0.25, scaled.Alignment.Scale, 1e-12);
        Assert.True(AbsoluteError.Of(scaled).Translation.Max() < 1e-9);
        Assert.True(
            AbsoluteError
                .Of(MatchedPoses.Of(truth, larger, Association.Default, AlignmentMode.Sim3, alignFirst: 5))
                .Translation.Max() < 1e-9
        );
    }

    [Fact]
    public void Greedy_pairs_are_those_of_trying_all()
    {
        for (var seed = 0; seed < 100; seed++)
        {
            var chance = new Chance(seed);
            var (reference, estimate) = (
                chance.Trajectory(3 + chance.Below(30)),
                chance.Trajectory(3 + chance.Below(30))
            );
            var (usedHere, usedThere) = (new HashSet<int>(), new HashSet<int>());
            var expected = (
                from i in Enumerable.Range(0, reference.Count)
                from j in Enumerable.Range(0, estimate.Count)
                let apart = Math.Abs(reference.Times[i] - estimate.Times[j])
                where apart < 0.05
                orderby apart
                select (i, j)
            )
                .ToList()
                .Where(pair =>
                    !usedThere.Contains(pair.i)
                    && !usedHere.Contains(pair.j)
                    && usedThere.Add(pair.i)
                    && usedHere.Add(pair.j)
                )
                .Order()
                .ToList();
            if (expected.Count < 3)
                continue;
            Assert.Equal(expected, new Association(AssociationMode.Greedy, 0.05).Pair(reference, estimate));
        }
    }

    [Fact]
    public void An_offset_moves_the_times_of_the_estimate()
    {
        var truth = new Chance(3).Trajectory(10);
        var late = truth with { Times = Array.ConvertAll(truth.Times, time => time + 2.5) };
        Assert.Throws<SceneException>(() => Association.Default.Pair(truth, late));
        Assert.Equal(
            Enumerable.Range(0, 10).Select(i => (i, i)),
            (Association.Default with { Offset = -2.5 }).Pair(truth, late)
        );
    }

    [Theory]
    [InlineData(DeltaUnit.Meters, 1.0, false, new[] { 0, 4, 8, 12, 16, 20 })]
    [InlineData(DeltaUnit.Seconds, 2.0, false, new[] { 0, 20 })]
    [InlineData(DeltaUnit.Deg, 30.0, false, new[] { 0, 6, 12, 18 })]
    public void Pieces_follow_the_way(DeltaUnit unit, double size, bool all, int[] ends)
    {
        // A quarter of a metre, five degrees and a tenth of a second at a step.
        var step = new Pose(new(0.25, 0, 0), new Rotation(0, 0, Math.Sin(Math.PI / 72), Math.Cos(Math.PI / 72)));
        var poses = new List<Pose> { Pose.None };
        for (var i = 0; i < 20; i++)
            poses.Add(poses[^1] * step);
        var walk = new Trajectory([.. Enumerable.Range(0, 21).Select(i => i / 10.0)], [.. poses]);
        var pairs = new Delta(size * (1 - 1e-12), unit, all).Pairs(
            MatchedPoses.Of(walk, walk, Association.Default, AlignmentMode.None)
        );
        Assert.Equal(ends.SkipLast(1).Zip(ends.Skip(1)), pairs);
    }
}
