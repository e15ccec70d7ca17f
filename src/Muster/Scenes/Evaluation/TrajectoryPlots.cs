using System.Globalization;
using Muster.Scenes.Drawing;
using Muster.Scenes.Geometry;

namespace Muster.Scenes.Evaluation;

/// <summary>
/// A sheet of four: both trajectories from above and from the side, the error over time and along the way.
/// </summary>
public static class TrajectoryPlots
{
    private const int Width = 1200,
        Height = 900;

    public static Sketch Draw(string title, MatchedPoses poses, PoseErrors errors)
    {
        var sketch = new Sketch(Width, Height);
        var (right, back, up) = Axes(poses.Reference);
        var travelled = poses.Travelled();
        sketch.Text(new(24, 28), title, Ink.Black, size: 12);
        const double half = Width / 2.0,
            below = (Height - 40) / 2.0;
        Views("from above", right, back).Draw(sketch, 0, 40, half, below);
        Views("from the side", right, up).Draw(sketch, half, 40, half, below);
        Errors("error over time", "time [s]", errors.At.Select(i => poses.Times[i] - poses.Times[0]))
            .Draw(sketch, 0, 40 + below, half, below);
        Errors("error along the path", "way [m]", errors.At.Select(i => travelled[i]))
            .Draw(sketch, half, 40 + below, half, below);
        return sketch;

        Chart Views(string name, Axis across, Axis upward) =>
            new(
                name,
                $"{across.Name} [m]",
                $"{upward.Name} [m]",
                [
                    new(
                        "reference",
                        Ink.Grey,
                        2,
                        [
                            .. poses.Reference.Select(pose => new Spot(
                                across.Of(pose.Position),
                                upward.Of(pose.Position)
                            )),
                        ]
                    ),
                    new(
                        "estimate",
                        Ink.Blueish,
                        1.5,
                        [.. poses.Estimate.Select(pose => new Spot(across.Of(pose.Position), upward.Of(pose.Position)))]
                    ),
                ],
                Square: true
            );

        Chart Errors(string name, string across, IEnumerable<double> places)
        {
            var points = places.Zip(errors.Translation, (place, error) => new Spot(place, error)).ToList();
            var rmse = Math.Sqrt(errors.Translation.Average(error => error * error));
            return new(
                name,
                across,
                "error [m]",
                [
                    new(
                        string.Create(CultureInfo.InvariantCulture, $"rmse {rmse:0.####}"),
                        Ink.Grey,
                        1,
                        [new(points[0].X, rmse), new(points[^1].X, rmse)]
                    ),
                    new("error", Ink.Orange, 1.5, points),
                ]
            );
        }
    }

    private sealed record Axis(string Name, Func<Vec3, double> Of);

    /// <summary>Up is where the reference moves least.</summary>
    private static (Axis Right, Axis Back, Axis Up) Axes(Pose[] reference)
    {
        Axis[] all = [new("x", p => p.X), new("y", p => p.Y), new("z", p => p.Z)];
        var up = all.MinBy(axis =>
            reference.Max(pose => axis.Of(pose.Position)) - reference.Min(pose => axis.Of(pose.Position))
        )!;
        var flat = all.Where(axis => axis != up).ToArray();
        return (flat[0], flat[1], up);
    }
}
