using Muster.Scenes.Drawing;
using Muster.Scenes.Export;
using Muster.Scenes.Geometry;

namespace Muster.Scenes.Looking;

/// <summary>
/// A scene from three sides, side by side: from above, from the front and from the right, with its cameras and its way.
/// </summary>
public sealed class CloudPicture
{
    public const int Side = 420;
    private const int Title = 28;
    private static readonly Ink Night = new(20, 22, 26),
        Faint = new(60, 64, 70),
        Words = new(200, 204, 210),
        CameraInk = new(255, 80, 60),
        WayInk = new(255, 176, 32);
    private readonly Stance _stance;
    private readonly Vec3 _centre;
    private readonly double _unit;
    private readonly View[] _views;

    /// <param name="frame">What is to be in the picture, along the axes of the stance.</param>
    private CloudPicture(Stance stance, Bounds frame)
    {
        (_stance, _centre) = (stance, frame.Centre);
        _unit = Side / Math.Max(frame.Size.X, Math.Max(frame.Size.Y, frame.Size.Z));
        Pixels = new(3 * Side, Side + Title);
        Pixels.Fill(Night);
        _views =
        [
            new("from above", 0, p => new(p.X, -p.Z, p.Y)),
            new("from the front", 1, p => new(p.X, p.Y, p.Z)),
            new("from the right", 2, p => new(p.Z, p.Y, -p.X)),
        ];
    }

    public Raster Pixels { get; }

    public static CloudPicture Draw(Scene scene, SceneSurvey survey, CancellationToken ct)
    {
        var stance = Stance.Of(scene.Cameras);
        var picture = new CloudPicture(stance, FrameOf(stance, survey, scene));
        // Few points are drawn larger, that they be seen.
        var size = survey.Points switch
        {
            < 4_000 => 3,
            < 60_000 => 2,
            _ => 1,
        };
        foreach (var batch in scene.Points(ct))
            picture.Add(batch, size);
        picture.AddCameras(scene);
        picture.AddTitles();
        return picture;
    }

    private static Bounds FrameOf(Stance stance, SceneSurvey survey, Scene scene)
    {
        var box = survey.Frame(scene.Cameras.Select(camera => camera.Position));
        var corners =
            from x in (double[])[box.Min.X, box.Max.X]
            from y in (double[])[box.Min.Y, box.Max.Y]
            from z in (double[])[box.Min.Z, box.Max.Z]
            select stance.Seen(new(x, y, z));
        var seen = corners.ToList();
        return new(
            new(seen.Min(p => p.X), seen.Min(p => p.Y), seen.Min(p => p.Z)),
            new(seen.Max(p => p.X), seen.Max(p => p.Y), seen.Max(p => p.Z))
        );
    }

    private void Add(ReadOnlySpan<ScenePoint> points, int size)
    {
        foreach (ref readonly var point in points)
        {
            var seen = _stance.Seen(point.Position) - _centre;
            if (!seen.IsFinite)
                continue;
            foreach (var view in _views)
                Dot(view, view.Turn(seen), new(point.Red, point.Green, point.Blue), size);
        }
    }

    private void Dot(View view, Vec3 turned, Ink ink, int size)
    {
        var (x, y) = ((turned.X * _unit) + (Side / 2.0), (turned.Y * _unit) + (Side / 2.0));
        if (!(x >= 0 && y >= 0 && x <= Side - size && y <= Side - size))
            return;
        for (var row = (int)y; row < (int)y + size; row++)
        {
            for (var column = (int)x; column < (int)x + size; column++)
            {
                ref var depth = ref view.Depths[(row * Side) + column];
                if (turned.Z >= depth)
                    continue;
                depth = (float)turned.Z;
                Pixels[(view.Place * Side) + column, Title + row] = ink;
            }
        }
    }

    private void AddCameras(Scene scene)
    {
        // Of very many cameras some are enough.
        var step = Math.Max(1, scene.Cameras.Count / 120);
        foreach (var view in _views)
        {
            Spot At(Vec3 place) =>
                view.Turn(_stance.Seen(place) - _centre) is var turned
                    ? new(
                        (view.Place * Side) + (turned.X * _unit) + (Side / 2.0),
                        Title + (turned.Y * _unit) + (Side / 2.0)
                    )
                    : default;
            for (var i = 1; i < scene.Way.Count; i++)
                Line(view, At(scene.Way[i - 1]), At(scene.Way[i]), WayInk, 1.5);
            for (var i = 0; i < scene.Cameras.Count; i += step)
            {
                Spot[] corners = [.. CameraLines.Corners(scene.Cameras[i], 8 / _unit).Select(At)];
                foreach (var (from, to) in CameraLines.Edges)
                    Line(view, corners[from], corners[to], CameraInk, 1);
            }
        }
    }

    private void Line(View view, Spot from, Spot to, Ink ink, double width)
    {
        bool Inside(Spot spot) => spot.X >= view.Place * Side && spot.X < (view.Place + 1) * Side && spot.Y >= Title;
        if (Inside(from) && Inside(to))
            Pixels.Line(from, to, width, ink);
    }

    private void AddTitles()
    {
        foreach (var view in _views)
        {
            StrokeFont.Draw(Pixels, view.Name, new((view.Place * Side) + 10, 19), 9, Words, upright: false);
            if (view.Place > 0)
                Pixels.Line(new(view.Place * Side, 0), new(view.Place * Side, Side + Title), 1, Faint);
        }
    }

    /// <summary>
    /// One of the sides: what was right, down and forward becomes right, down and away in the picture.
    /// </summary>
    private sealed record View(string Name, int Place, Func<Vec3, Vec3> Turn)
    {
        public float[] Depths { get; } = Enumerable.Repeat(float.PositiveInfinity, Side * Side).ToArray();
    }
}
