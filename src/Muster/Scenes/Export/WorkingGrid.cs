using System.Runtime.InteropServices;

namespace Muster.Scenes.Export;

/// <summary>The pixels that are worked on: every s-th row and column of each key frame, in memory.</summary>
internal sealed class WorkingGrid
{
    private WorkingGrid(Reconstruction scene, ExportPreset filter)
    {
        (Height, Width) = (Kept(scene.Height, filter), Kept(scene.Width, filter));
        Camera = scene.EighthCamera.Times(8.0 / filter.Subsample);
        Disparities = new float[scene.Keyframes][];
        Colours = new byte[scene.Keyframes][];
        Means = new double[scene.Keyframes];
    }

    public int Height { get; }
    public int Width { get; }
    public Pinhole Camera { get; }

    /// <summary>Of each key frame, row by row.</summary>
    public float[][] Disparities { get; }

    /// <summary>The same, red, green and blue.</summary>
    public byte[][] Colours { get; }

    /// <summary>The mean inverse depth of each key frame, and of all.</summary>
    public double[] Means { get; }
    public double Mean { get; private set; }

    public static WorkingGrid Load(
        Reconstruction scene,
        ExportPreset filter,
        IProgress<SceneProgress>? progress,
        CancellationToken ct
    )
    {
        var grid = new WorkingGrid(scene, filter);
        if (grid.Height == 0 || grid.Width == 0)
            throw new SceneException(
                SceneFault.ShapeMismatch,
                $"{scene.Path}: images of {scene.Width}×{scene.Height} leave nothing at every {filter.Subsample}th "
                    + "pixel",
                "Choose a smaller --subsample."
            );
        var rows = Places(scene.Height, filter);
        var columns = Places(scene.Width, filter);
        var done = 0;
        AllCores.Invoke(
            () =>
                scene.Disparities.ReadPlanes(
                    (i, bytes) =>
                    {
                        grid.Disparities[i] = Pick(MemoryMarshal.Cast<byte, float>(bytes), scene.Width, rows, columns);
                        grid.Means[i] = MeanOf(grid.Disparities[i]);
                        Step();
                    },
                    ct
                ),
            () =>
                scene.Images.ReadPlanes(
                    (i, bytes) =>
                    {
                        grid.Colours[i] = PickColours(bytes, scene.Height * scene.Width, scene.Width, rows, columns);
                        Step();
                    },
                    ct
                )
        );
        if (grid.Disparities.All(plane => !plane.AsSpan().ContainsAnyExcept(0f, -0f)))
            throw new SceneException(
                SceneFault.AllZeroDisparity,
                $"{scene.Path}: all inverse depths are zero, so up-sampling was off in the run",
                "Run it again with --upsample, or with --reconstruction_path, which switches it on."
            );
        grid.Mean = grid.Means.Average();
        return grid;

        void Step() => progress?.Report(new("reading", Interlocked.Increment(ref done), 2 * scene.Keyframes));
    }

    private static int Kept(int size, ExportPreset filter) =>
        Math.Max(0, (size - filter.Offset + filter.Subsample - 1) / filter.Subsample);

    private static int[] Places(int size, ExportPreset filter) =>
        [.. Enumerable.Range(0, Kept(size, filter)).Select(i => filter.Offset + (i * filter.Subsample))];

    private static float[] Pick(ReadOnlySpan<float> plane, int width, int[] rows, int[] columns)
    {
        var picked = new float[rows.Length * columns.Length];
        var at = 0;
        foreach (var row in rows)
        {
            var line = plane.Slice(row * width, width);
            foreach (var column in columns)
                picked[at++] = line[column];
        }
        return picked;
    }

    private static byte[] PickColours(ReadOnlySpan<byte> planes, int planeSize, int width, int[] rows, int[] columns)
    {
        var picked = new byte[3 * rows.Length * columns.Length];
        var at = 0;
        foreach (var row in rows)
        {
            var blue = planes.Slice(row * width, width);
            var green = planes.Slice(planeSize + (row * width), width);
            var red = planes.Slice((2 * planeSize) + (row * width), width);
            foreach (var column in columns)
            {
                picked[at] = red[column];
                picked[at + 1] = green[column];
                picked[at + 2] = blue[column];
                at += 3;
            }
        }
        return picked;
    }

    private static double MeanOf(float[] plane)
    {
        double sum = 0;
        foreach (var value in plane)
            if (float.IsFinite(value))
                sum += value;
        return sum / plane.Length;
    }
}
