using Muster.Faults;

namespace Muster.Runs.Submit;

public sealed class SweepReaderTests
{
    [Fact]
    public void Every_combination_is_a_point_and_the_last_parameter_changes_fastest()
    {
        Assert.Equal(
            ["lr=0.1 seed=0", "lr=0.1 seed=1", "lr=0.01 seed=0", "lr=0.01 seed=1"],
            Labels(["lr=0.1,0.01", "seed=0..1"])
        );
        Assert.Equal(
            [7, 8],
            SweepReader.Read(["a=1,2"], SweepFile.None, null, 0, first: 7).Select(point => point.Index)
        );
    }

    [Theory]
    [InlineData("a=0..1:0.25", "a=0 a=0.25 a=0.5 a=0.75 a=1")]
    [InlineData("a=8..20:8", "a=8 a=16")]
    [InlineData("a=-1..1", "a=-1 a=0 a=1")]
    [InlineData("a=log:1e-4..1:3", "a=0.0001 a=0.01 a=1")]
    [InlineData("a=lin:0..1:3", "a=0 a=0.5 a=1")]
    [InlineData("a=x..y", "a=x..y")]
    [InlineData("a=../data,~", "a=../data a=~")]
    public void Ranges_are_counted_through_and_anything_else_is_a_value(string grid, string expected) =>
        Assert.Equal(expected, string.Join(' ', Labels([grid])));

    [Fact]
    public void The_same_seed_draws_the_same_points_within_their_range()
    {
        IReadOnlyList<SweepPoint> Drawn(int seed) =>
            SweepReader.Read(["lr=log:1e-5..1e-1", "n=1,2"], SweepFile.None, 50, seed, 0);
        var points = Drawn(3);

        Assert.Equal(points.Select(point => point.Label()), Drawn(3).Select(point => point.Label()));
        Assert.NotEqual(points.Select(point => point.Label()), Drawn(4).Select(point => point.Label()));
        Assert.All(
            points,
            point =>
                Assert.InRange(
                    double.Parse(point.Values["lr"], System.Globalization.CultureInfo.InvariantCulture),
                    1e-5,
                    1e-1
                )
        );
        Assert.Equal(25, points.Count(point => point.Values["n"] == "1"));
    }

    [Fact]
    public void Of_too_many_combinations_so_many_different_ones_are_drawn()
    {
        var points = SweepReader.Read(["a=0..999", "b=0..999"], SweepFile.None, 100, 0, 0);
        Assert.Equal(100, points.Select(point => point.Label()).Distinct().Count());
    }

    [Theory]
    [InlineData("a=2..1")]
    [InlineData("a=lin:0..1:1")]
    [InlineData("a=1,1")]
    [InlineData("1a=1")]
    [InlineData("a=0..1:0")]
    public void What_makes_no_sense_is_refused(string grid) =>
        Assert.Throws<UserException>(() => SweepReader.Read([grid], SweepFile.None, null, 0, 0));

    private static IEnumerable<string> Labels(IReadOnlyList<string> grids) =>
        SweepReader.Read(grids, SweepFile.None, null, 0, 0).Select(point => point.Label());
}
