using Muster.Scenes.Export;
using Muster.Scenes.Geometry;

namespace Muster.Scenes.Datasets;

/// <summary>An image with its depths, small enough to compare many.</summary>
/// <param name="Grey">Brightness, 0 to 255, row by row.</param>
/// <param name="Metres">0 where it is not known.</param>
internal sealed record DepthImage(int Width, int Height, Pinhole Camera, float[] Grey, float[] Metres);

/// <summary>What one image becomes when it is seen from where another was taken.</summary>
internal static class Warp
{
    /// <summary>
    /// The absolute differences of grey at every known pixel, through depth and motion, and with neither.
    /// </summary>
    public static void Differences(
        DepthImage from,
        DepthImage to,
        Pose motion,
        List<float> warped,
        List<float> identity
    )
    {
        var (rotation, camera) = (motion.Rotation.ToMatrix(), from.Camera);
        for (var v = 0; v < from.Height; v++)
        {
            for (var u = 0; u < from.Width; u++)
            {
                var pixel = (v * from.Width) + u;
                if (!(from.Metres[pixel] > 0))
                    continue;
                var place =
                    (
                        from.Metres[pixel]
                        * rotation.Apply(new((u - camera.Cx) / camera.Fx, (v - camera.Cy) / camera.Fy, 1))
                    ) + motion.Position;
                if (!(place.Z > 1e-6))
                    continue;
                var (x, y) = ((camera.Fx * place.X / place.Z) + camera.Cx, (camera.Fy * place.Y / place.Z) + camera.Cy);
                if (!(x >= 0 && y >= 0 && x < to.Width - 1 && y < to.Height - 1))
                    continue;
                warped.Add(Math.Abs(from.Grey[pixel] - Sample(to, x, y)));
                identity.Add(Math.Abs(from.Grey[pixel] - to.Grey[pixel]));
            }
        }
    }

    private static float Sample(DepthImage image, double x, double y)
    {
        var (column, row) = ((int)x, (int)y);
        var (right, down) = ((float)(x - column), (float)(y - row));
        var at = (row * image.Width) + column;
        var (above, below) = (
            image.Grey[at] + (right * (image.Grey[at + 1] - image.Grey[at])),
            image.Grey[at + image.Width] + (right * (image.Grey[at + image.Width + 1] - image.Grey[at + image.Width]))
        );
        return above + (down * (below - above));
    }
}
