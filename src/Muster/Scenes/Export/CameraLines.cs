using System.Buffers.Binary;
using System.Text;
using Muster.Scenes.Geometry;

namespace Muster.Scenes.Export;

/// <summary>Cameras as little pyramids of lines, with a roof that says where up is.</summary>
public static class CameraLines
{
    private static readonly Vec3[] Shape =
    [
        new(0, 0, 0),
        new(-1, -1, 1.5),
        new(1, -1, 1.5),
        new(1, 1, 1.5),
        new(-1, 1, 1.5),
        new(-0.5, 1, 1.5),
        new(0.5, 1, 1.5),
        new(0, 1.2, 1.5),
    ];

    /// <summary>Which corners of one camera its lines join.</summary>
    public static IReadOnlyList<(int From, int To)> Edges { get; } =
    [(1, 2), (2, 3), (3, 4), (4, 1), (1, 0), (0, 2), (3, 0), (0, 4), (5, 7), (7, 6)];

    /// <summary>The corners of one camera in the world.</summary>
    public static IEnumerable<Vec3> Corners(Pose cameraToWorld, double size = 0.05) =>
        Shape.Select(corner => cameraToWorld.Apply(size * corner));

    public static void Write(Stream to, IReadOnlyList<Pose> cameraToWorld)
    {
        to.Write(
            Encoding.ASCII.GetBytes(
                $"ply\nformat binary_little_endian 1.0\nelement vertex {cameraToWorld.Count * Shape.Length}\nproperty "
                    + $"double x\nproperty double y\nproperty double z\n"
                    + $"element edge {cameraToWorld.Count * Edges.Count}\nproperty int vertex1\nproperty int "
                    + $"vertex2\nproperty uchar red\nproperty uchar green\nproperty uchar blue\nend_header\n"
            )
        );
        var vertex = new byte[24];
        foreach (var corner in cameraToWorld.SelectMany(pose => Corners(pose)))
        {
            BinaryPrimitives.WriteDoubleLittleEndian(vertex, corner.X);
            BinaryPrimitives.WriteDoubleLittleEndian(vertex.AsSpan(8), corner.Y);
            BinaryPrimitives.WriteDoubleLittleEndian(vertex.AsSpan(16), corner.Z);
            to.Write(vertex);
        }
        var edge = new byte[] { 0, 0, 0, 0, 0, 0, 0, 0, 255, 0, 0 };
        for (var camera = 0; camera < cameraToWorld.Count; camera++)
        {
            foreach (var (from, other) in Edges)
            {
                BinaryPrimitives.WriteInt32LittleEndian(edge, (camera * Shape.Length) + from);
                BinaryPrimitives.WriteInt32LittleEndian(edge.AsSpan(4), (camera * Shape.Length) + other);
                to.Write(edge);
            }
        }
    }
}
