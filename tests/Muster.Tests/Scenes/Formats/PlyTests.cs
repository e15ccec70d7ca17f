using System.Buffers.Binary;
using System.Text;
using Muster.Scenes.Formats.Ply;
using Muster.Scenes.Geometry;

namespace Muster.Scenes.Formats;

public sealed class PlyTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(PlyFormat.Ascii, false), InlineData(PlyFormat.Ascii, true), InlineData(PlyFormat.Binary, false)]
    [InlineData(PlyFormat.Binary, true), InlineData(PlyFormat.BigEndian, false), InlineData(PlyFormat.BigEndian, true)]
    public void Any_cloud_comes_back(PlyFormat format, bool doubles)
    {
        var chance = new Chance(1);
        var points = Enumerable
            .Range(0, 40_000)
            .Select(i => new ScenePoint(
                Math.Pow(10, chance.Between(-6, 6)) * chance.Vector(1),
                (byte)chance.Below(256),
                (byte)chance.Below(256),
                (byte)chance.Below(256)
            ))
            .ToArray();
        using (var file = File.Create(_folder["a.ply"]))
        {
            var writer = new PlyWriter(file, points.Length, format, doubles, "by a test");
            foreach (var batch in points.Chunk(777))
                writer.Write(batch);
        }
        using var cloud = PlyCloud.Open(_folder["a.ply"]);
        for (var pass = 0; pass < 2; pass++)
        {
            var back = cloud.Read(CancellationToken.None).SelectMany(batch => batch.ToArray()).ToArray();
            Assert.Equal(points.Length, back.Length);
            foreach (var (one, other) in points.Zip(back))
                Assert.Equal(doubles ? one : Floats(one), doubles ? other : Floats(other));
        }
    }

    private static ScenePoint Floats(ScenePoint point) =>
        point with
        {
            Position = new((float)point.Position.X, (float)point.Position.Y, (float)point.Position.Z),
        };

    [Fact]
    public void The_bytes_are_those_of_the_specification()
    {
        using var file = new MemoryStream();
        new PlyWriter(file, 2).Write([new(new(1.5, 2.25, -3), 255, 128, 0), new(new(0.1, 0.2, 0.3), 51, 102, 255)]);
        Assert.EndsWith(
            "0000C03F00001040000040C0FF8000CDCCCC3DCDCC4C3E9A99993E3366FF",
            Convert.ToHexString(file.ToArray()),
            StringComparison.Ordinal
        );
        Assert.StartsWith(
            "ply\nformat binary_little_endian 1.0\nelement vertex 2\nproperty float x\n",
            Encoding.ASCII.GetString(file.ToArray()),
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData("\n")]
    [InlineData("\r\n")]
    public void Other_properties_names_and_elements_are_passed_over(string end)
    {
        string[] header =
        [
            "ply",
            "format binary_big_endian 1.0",
            "comment made elsewhere",
            "obj_info x",
            "element camera 2",
            "property int id",
            "property list uchar float rest",
            "element vertex 2",
            "property float64 x",
            "property float32 nx",
            "property float32 y",
            "property int16 z",
            "property uint16 red",
            "property float green",
            "property uint8 blue",
            "property uint8 alpha",
            "element face 1",
            "property list uchar int vertex_indices",
            "end_header",
        ];
        using var bytes = new MemoryStream();
        bytes.Write(Encoding.ASCII.GetBytes(string.Join(end, header) + end));
        foreach (var rest in (int[])[3, 0])
        {
            bytes.Write([0, 0, 0, 1, (byte)rest]);
            bytes.Write(new byte[4 * rest]);
        }
        for (var i = 0; i < 2; i++)
        {
            var record = new byte[8 + 4 + 4 + 2 + 2 + 4 + 1 + 1];
            BinaryPrimitives.WriteDoubleBigEndian(record, 1.25 + i);
            BinaryPrimitives.WriteSingleBigEndian(record.AsSpan(12), 2.5f);
            BinaryPrimitives.WriteInt16BigEndian(record.AsSpan(16), -7);
            BinaryPrimitives.WriteUInt16BigEndian(record.AsSpan(18), 0xab00);
            BinaryPrimitives.WriteSingleBigEndian(record.AsSpan(20), 0.5f);
            (record[24], record[25]) = (9, 255);
            bytes.Write(record);
        }
        bytes.Write([3, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1]);
        using var cloud = PlyCloud.Open(_folder.Put("a.ply", bytes.ToArray()));
        Assert.Equal(
            [new(new(1.25, 2.5, -7), 0xab, 127, 9), new(new(2.25, 2.5, -7), 0xab, 127, 9)],
            cloud.Read(CancellationToken.None).SelectMany(batch => batch.ToArray())
        );
    }

    [Fact]
    public void A_million_lists_are_passed_over_wherever_their_lengths_lie()
    {
        const int lists = 1_000_000;
        using var bytes = new MemoryStream();
        bytes.Write(
            Encoding.ASCII.GetBytes(
                $"ply\nformat binary_little_endian 1.0\nelement face {lists}\nproperty list uchar short a\nproperty "
                    + $"int b\nproperty list int uchar c\n"
                    + "element vertex 1\nproperty float x\nproperty float y\nproperty float z\nend_header\n"
            )
        );
        var chance = new Chance(5);
        Span<byte> four = stackalloc byte[4];
        for (var n = 0; n < lists; n++)
        {
            var (few, many) = (chance.Below(4), n % 100_000 == 7 ? 300_000 : chance.Below(3));
            bytes.WriteByte((byte)few);
            bytes.Write(new byte[(2 * few) + 4]);
            BinaryPrimitives.WriteInt32LittleEndian(four, many);
            bytes.Write(four);
            bytes.Write(new byte[many]);
        }
        foreach (var number in (float[])[1, 2, 3])
        {
            BinaryPrimitives.WriteSingleLittleEndian(four, number);
            bytes.Write(four);
        }
        using var cloud = PlyCloud.Open(_folder.Put("a.ply", bytes.ToArray()));
        for (var pass = 0; pass < 2; pass++)
            Assert.Equal(
                new Vec3(1, 2, 3),
                cloud.Read(CancellationToken.None).SelectMany(batch => batch.ToArray()).Single().Position
            );
    }

    [Theory]
    [InlineData("plx\n", "no PLY")]
    [InlineData(
        "ply\nformat binary_little_endian 1.0\nelement vertex 1000000000000\nproperty float x\nproperty float "
            + "y\nproperty float z\nend_header\n0000",
        "before its last point"
    )]
    [InlineData(
        "ply\nformat ascii 1.0\nelement vertex 2\nproperty float x\nproperty float y\nproperty float z\nend_header\n1 "
            + "2 3\n",
        "before its last point"
    )]
    [InlineData(
        "ply\nformat ascii 1.0\nelement vertex 1\nproperty float x\nproperty float y\nproperty float z\nend_header\n1 "
            + "two 3\n",
        "point 1"
    )]
    [InlineData(
        "ply\nformat ascii 1.0\nelement vertex 1\nproperty float x\nproperty float y\nend_header\n1 2\n",
        "no z"
    )]
    [InlineData("ply\nformat ascii 1.0\nelement face 1\nproperty list uchar int i\nend_header\n", "no vertices")]
    [InlineData("ply\nformat ascii 1.0\nelement vertex 1\nproperty quad x\nend_header\n", "type")]
    [InlineData(
        "ply\nformat binary_little_endian 1.0\nelement camera 9000000000000000000\nelement vertex 1\nproperty float "
            + "x\nproperty float y\nproperty float z\nend_header\n",
        "before its last point"
    )]
    public void What_is_wrong_is_named(string text, string why)
    {
        var fault = Assert.Throws<SceneException>(() =>
        {
            using var cloud = PlyCloud.Open(_folder.Put("a.ply", Encoding.ASCII.GetBytes(text)));
            return cloud.Read(CancellationToken.None).Count();
        });
        Assert.Contains(why, fault.Message, StringComparison.Ordinal);
    }
}
