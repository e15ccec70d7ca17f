using System.Runtime.InteropServices;
using Muster.Scenes.Drawing;
using Muster.Scenes.Formats;
using Muster.Scenes.Formats.Png;
using Muster.Scenes.Formats.Tensors;

namespace Muster.Scenes.Export;

/// <summary>The images and depth maps of key frames in full size, a few at a time on all cores.</summary>
internal static class KeyframeFiles
{
    public static void WriteImages(
        Reconstruction scene,
        IReadOnlyList<int> keyframes,
        Func<int, string> path,
        CancellationToken ct
    ) =>
        Each(
            scene.Images,
            keyframes,
            (keyframe, bytes) =>
            {
                var raster = new Raster(scene.Width, scene.Height);
                var size = scene.Width * scene.Height;
                for (var pixel = 0; pixel < size; pixel++)
                {
                    (raster.Pixels[3 * pixel], raster.Pixels[(3 * pixel) + 1], raster.Pixels[(3 * pixel) + 2]) = (
                        bytes[(2 * size) + pixel],
                        bytes[size + pixel],
                        bytes[pixel]
                    );
                }
                WholeFile.Write(path(keyframe), stream => PngWriter.Write(stream, raster));
            },
            ct
        );

    /// <summary>Depths in units of the output; where it is unknown, zero.</summary>
    public static void WriteDepths(
        Reconstruction scene,
        IReadOnlyList<int> keyframes,
        double scale,
        Func<int, string> path,
        CancellationToken ct
    ) =>
        Each(
            scene.Disparities,
            keyframes,
            (keyframe, bytes) =>
            {
                var depths = new float[scene.Width * scene.Height];
                var disparities = MemoryMarshal.Cast<byte, float>(bytes);
                for (var pixel = 0; pixel < depths.Length; pixel++)
                    depths[pixel] = disparities[pixel] is > 0 and < float.PositiveInfinity and var d
                        ? (float)(scale / d)
                        : 0;
                WholeFile.Write(
                    path(keyframe),
                    stream => NpyFile.Write<float>(stream, depths, scene.Height, scene.Width)
                );
            },
            ct
        );

    private static void Each(Tensor tensor, IReadOnlyList<int> keyframes, PlaneReader write, CancellationToken ct) =>
        AllCores.ForEach(keyframes, keyframe => tensor.ReadPlane(keyframe, write), ct);
}
