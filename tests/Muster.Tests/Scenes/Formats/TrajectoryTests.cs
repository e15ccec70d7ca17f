using System.Text;
using Muster.Scenes.Formats.Trajectories;
using Muster.Scenes.Geometry;

namespace Muster.Scenes.Formats;

public sealed class TrajectoryTests
{
    [Theory]
    [InlineData(TrajectoryFormat.Tum)]
    [InlineData(TrajectoryFormat.Kitti)]
    [InlineData(TrajectoryFormat.Euroc)]
    public void Any_trajectory_comes_back_and_is_known_for_what_it_is(TrajectoryFormat format)
    {
        for (var seed = 0; seed < 50; seed++)
        {
            var trajectory = new Chance(seed).Trajectory(20);
            using var text = new StringWriter { NewLine = "\n" };
            if (format == TrajectoryFormat.Tum)
                TrajectoryWriter.Tum(text, trajectory);
            else if (format == TrajectoryFormat.Kitti)
                TrajectoryWriter.Kitti(text, trajectory.Poses);
            else
                TrajectoryWriter.Euroc(text, trajectory);
            var back = Read(text.ToString());
            Assert.Equal(
                format == TrajectoryFormat.Kitti ? Enumerable.Range(0, 20).Select(i => (double)i) : trajectory.Times,
                back.Times,
                EqualityComparer<double>.Create((a, b) => Math.Abs(a - b) < 1e-6)
            );
            foreach (var (one, other) in trajectory.Poses.Zip(back.Poses))
            {
                Assert.True((one.Position - other.Position).Length < 1e-7);
                Assert.True((one.Rotation.Inverse * other.Rotation).Angle < 1e-7);
            }
        }
    }

    [Fact]
    public void Blanks_tabs_commas_marks_and_lost_poses_are_no_hindrance()
    {
        var read = Read(
            "\ufeff# a comment\r\n\r\n  3.0 1  2\t3,0, 0 0 1\r\n1.0 0 0 0 0 0 0 1\n2.0 nan 0 0 0 0 0 1\n2.5 0 0 0 0 0 "
                + "0 0\n1.0 9 0 0 0 0 0 2\n"
        );
        Assert.Equal([1.0, 3.0], read.Times);
        Assert.Equal(new Vec3(9, 0, 0), read.Poses[0].Position);
        Assert.Equal(1, read.Poses[0].Rotation.W);
    }

    [Fact]
    public void Of_many_rows_of_one_time_the_last_counts()
    {
        var read = Read(
            $"{string.Concat(Enumerable.Range(0, 300_000).Select(n => $"1 {n} 0 0 0 0 0 1\n"))}0 7 0 0 0 0 0 1\n"
        );
        Assert.Equal([0.0, 1.0], read.Times);
        Assert.Equal([7.0, 299_999.0], read.Poses.Select(pose => pose.Position.X));
    }

    [Fact]
    public void What_is_called_tum_is_in_its_order_also_with_nanoseconds()
    {
        var path = Path.Combine(Directory.CreateTempSubdirectory("muster-scenes-").FullName, "a.tum");
        File.WriteAllText(path, "1403636579763555584 1 2 3 0.6 0 0 0.8\n");
        var read = TrajectoryFile.Read(path);
        Directory.Delete(Path.GetDirectoryName(path)!, recursive: true);
        Assert.Equal(1403636579.763555584, read.Times[0], 1e-6);
        Assert.Equal((0.6, 0.8), (read.Poses[0].Rotation.X, read.Poses[0].Rotation.W));
        Assert.Equal(0.6, Read("1403636579763555584 1 2 3 0.6 0 0 0.8\n").Poses[0].Rotation.W);
    }

    [Fact]
    public void A_lost_pose_keeps_its_line_where_lines_are_the_times()
    {
        var read = Read("# TartanAir\n1 2 3 0 0 0 1\nnan 0 0 0 0 0 1\n4 5 6 0 0 0.6 0.8\n");
        Assert.Equal([0.0, 2.0], read.Times);
        Assert.Equal(new Pose(new(4, 5, 6), new(0, 0, 0.6, 0.8)), read.Poses[1]);
    }

    [Theory]
    [InlineData("1 2 3\n", "line 1: 3 numbers")]
    [InlineData("1 0 0 0 0 0 0 1\n2 0 0 0 0 0 1\n", "line 2: 7 numbers")]
    [InlineData("1 0 0 0 0 0 0 1\n2 0 0 0 x 0 0 1\n", "line 2: a word that is no number")]
    [InlineData("# nothing\n", "no pose")]
    public void The_line_that_is_wrong_is_named(string text, string why) =>
        Assert.Contains(why, Assert.Throws<SceneException>(() => Read(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void Poses_and_their_inverses_agree_with_matrices()
    {
        for (var seed = 0; seed < 1000; seed++)
        {
            var chance = new Chance(seed);
            var (a, b, p) = (chance.Pose(), chance.Pose(), chance.Vector(3));
            var relative = b * a.Inverse;
            var m = b.Rotation.ToMatrix() * a.Rotation.ToMatrix().Transposed;
            Assert.True((relative.Apply(p) - (m.Apply(p - a.Position) + b.Position)).Length < 1e-12);
            Assert.True((a.Inverse.Inverse.Apply(p) - a.Apply(p)).Length < 1e-12);
            Assert.True((Rotation.FromMatrix(a.Rotation.ToMatrix()).Inverse * a.Rotation).Angle < 1e-7);
            var (u, d, v) = new Mat3(
                chance.Between(-1, 1),
                chance.Between(-1, 1),
                3,
                chance.Between(-1, 1),
                0,
                1,
                chance.Between(-9, 9),
                2,
                chance.Between(-1, 1)
            ).Decompose();
            Assert.True(d.X >= d.Y && d.Y >= d.Z && d.Z >= 0);
            Assert.Equal(1, Math.Abs(u.Determinant * v.Determinant), 1e-9);
        }
    }

    private static Trajectory Read(string text) =>
        TrajectoryFile.Read("a.txt", new MemoryStream(Encoding.UTF8.GetBytes(text)));
}
