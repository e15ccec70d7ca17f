using System.Runtime.InteropServices;
using System.Text;
using Muster.Scenes.Formats.Tensors;

namespace Muster.Scenes.Formats;

public sealed class TensorFileTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Every_kind_of_number_comes_back()
    {
        Back<float>([1.5f, -2, float.Epsilon, float.MaxValue], 2, 2);
        Back<double>([Math.PI, -1, 0, 1e300, 5, 6], 1, 2, 3);
        Back<byte>([0, 255, 7], 3);
        Back<int>([int.MinValue, 0, int.MaxValue], 3, 1);
        Back<long>([-5, 1L << 52], 2);
        Back<float>([], 0, 4);

        void Back<T>(T[] numbers, params long[] shape)
            where T : unmanaged, System.Numerics.INumberBase<T>
        {
            using (var to = File.Create(_folder["a.npy"]))
                NpyFile.Write<T>(to, numbers, shape);
            Assert.Equal(0, (new FileInfo(_folder["a.npy"]).Length - Buffer.ByteLength(numbers)) % 64);
            using var file = TensorFile.Open(_folder["a.npy"]);
            Assert.Equal(shape, file.Get("a").Shape);
            Assert.Equal(numbers.Select(number => double.CreateChecked(number)), file.Get("a").ToDoubles());
        }
    }

    [Theory]
    [InlineData(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", new double[] { 0, 1, 2, 3, 4, 5 })]
    [InlineData(
        2,
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }     \n",
        new double[] { 0, 1, 2, 3, 4, 5 }
    )]
    [InlineData(3, "{'shape':(2,3),'fortran_order':True,'descr':'<f4'}\n", new double[] { 0, 2, 4, 1, 3, 5 })]
    public void Every_version_and_order_is_read(int version, string header, double[] expected)
    {
        var numbers = new float[] { 0, 1, 2, 3, 4, 5 };
        byte[] length = version == 1 ? [(byte)header.Length, 0] : [(byte)header.Length, 0, 0, 0];
        _folder.Put(
            "a.npy",
            [
                0x93,
                .. "NUMPY"u8,
                (byte)version,
                0,
                .. length,
                .. Encoding.ASCII.GetBytes(header),
                .. MemoryMarshal.AsBytes<float>(numbers),
            ]
        );
        using var file = TensorFile.Open(_folder["a.npy"]);
        Assert.Equal(expected, file.Get("a").ToDoubles());
    }

    [Theory]
    [InlineData("{'descr': '>f4', 'fortran_order': False, 'shape': (2,), }")]
    [InlineData("{'descr': '|O', 'fortran_order': False, 'shape': (2,), }")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775807, 9223372036854775807), }")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), }")]
    [InlineData("__import__('os').system('touch hacked')")]
    public void What_is_no_plain_array_is_refused(string header)
    {
        _folder.Put(
            "a.npy",
            [
                0x93,
                .. "NUMPY"u8,
                1,
                0,
                (byte)header.Length,
                0,
                .. Encoding.ASCII.GetBytes(header),
                1,
                2,
                3,
                4,
                5,
                6,
                7,
                8,
            ]
        );
        Assert.Throws<SceneException>(() =>
        {
            using var file = TensorFile.Open(_folder["a.npy"]);
            file.Get("a").ToDoubles();
        });
    }

    [Theory]
    [InlineData("FloatStorage", "0000803f00000040")]
    [InlineData("DoubleStorage", "000000000000f03f0000000000000040")]
    [InlineData("HalfStorage", "003c0040")]
    [InlineData("BFloat16Storage", "803f0040")]
    [InlineData("ByteStorage", "0102")]
    [InlineData("CharStorage", "0102")]
    [InlineData("ShortStorage", "01000200")]
    [InlineData("IntStorage", "0100000002000000")]
    [InlineData("LongStorage", "01000000000000000200000000000000")]
    public void Every_storage_of_torch_is_read_from_both_containers(string storage, string hex)
    {
        var numbers = Convert.FromHexString(hex);
        var pickle = PickleBuilder.One("a", storage, 2, 0, [2], [1]);
        _folder.Put(
            "new.pth",
            PickleBuilder.Zip(pickle, ("archive/data/0", numbers), ("archive/byteorder", "little"u8.ToArray()))
        );
        _folder.Put("old.pth", PickleBuilder.Legacy(pickle, 2, numbers));
        foreach (var name in (string[])["new.pth", "old.pth"])
        {
            using var file = TensorFile.Open(_folder[name]);
            Assert.Equal([1, 2], file.Get("a").ToDoubles());
        }
    }

    [Theory]
    [
        InlineData("("),
        InlineData("}"),
        InlineData("]"),
        InlineData(")\u0085"),
        InlineData("(t"),
        InlineData("K\u0001"),
        InlineData("}q\u0001")
    ]
    public void A_pickle_that_builds_and_builds_is_given_up(string words)
    {
        var pickle = new byte[20_000_000];
        var one = System.Text.Encoding.Latin1.GetBytes(words);
        for (var at = 0; at < pickle.Length; at++)
            pickle[at] = one[at % one.Length];
        var path = _folder.Put("a.pth", PickleBuilder.Zip([0x80, 2, .. pickle]));
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Contains(
            "builds far more",
            Assert.Throws<SceneException>(() => TensorFile.Open(path)).Message,
            StringComparison.Ordinal
        );
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 400 << 20);
    }

    [Fact]
    public void A_view_of_a_storage_is_read_through_its_strides()
    {
        var numbers = MemoryMarshal.AsBytes<float>(Enumerable.Range(0, 24).Select(i => (float)i).ToArray()).ToArray();
        // What was [4, 6], sliced [1:3, ::2] and transposed.
        _folder.Put(
            "a.pth",
            PickleBuilder.Zip(
                PickleBuilder.One("a", "FloatStorage", 24, 6, [3, 2], [2, 6]),
                ("archive/data/0", numbers)
            )
        );
        using var file = TensorFile.Open(_folder["a.pth"]);
        Assert.Equal([6, 12, 8, 14, 10, 16], file.Get("a").ToDoubles());
        var planes = new List<float[]>();
        file.Get("a")
            .ReadPlanes(
                (_, bytes) => planes.Add(MemoryMarshal.Cast<byte, float>(bytes).ToArray()),
                CancellationToken.None
            );
        Assert.Equal(
            [
                [6, 12],
                [8, 14],
                [10, 16],
            ],
            planes
        );
    }

    [Theory]
    [InlineData(24, 0, new[] { 5, 5 }, new[] { 5, 1 })]
    [InlineData(24, 20, new[] { 5 }, new[] { 1 })]
    [InlineData(24, -1, new[] { 5 }, new[] { 1 })]
    [InlineData(24, 0, new[] { 5 }, new[] { -1 })]
    [InlineData(25, 0, new[] { 5 }, new[] { 1 })]
    [InlineData(24, 0, new[] { int.MaxValue, int.MaxValue }, new[] { 0, 0 })]
    [InlineData(24, 0, new[] { 2 }, new[] { int.MaxValue })]
    public void A_view_beyond_its_storage_is_refused(int count, int offset, int[] shape, int[] strides)
    {
        _folder.Put(
            "a.pth",
            PickleBuilder.Zip(
                PickleBuilder.One("a", "FloatStorage", count, offset, shape, strides),
                ("archive/data/0", new byte[96])
            )
        );
        Assert.Throws<SceneException>(() =>
        {
            using var file = TensorFile.Open(_folder["a.pth"]);
            file.Get("a").ToDoubles();
        });
    }

    [Fact]
    public void A_flipped_bit_in_the_numbers_is_noticed_by_the_checksum()
    {
        var bytes = PickleBuilder.Zip(
            PickleBuilder.One("a", "FloatStorage", 4, 0, [4, 1], [1, 1]),
            ("archive/data/0", Enumerable.Range(1, 16).Select(i => (byte)i).ToArray())
        );
        bytes[bytes.AsSpan().IndexOf((ReadOnlySpan<byte>)[1, 2, 3, 4, 5, 6])] ^= 1;
        using var file = TensorFile.Open(_folder.Put("a.pth", bytes));
        Assert.Contains(
            "checksum",
            Assert
                .Throws<SceneException>(() => file.Get("a").ReadPlanes((_, _) => { }, CancellationToken.None))
                .Message,
            StringComparison.Ordinal
        );
    }

    public static TheoryData<string, byte[]> Hostile =>
        new()
        {
            {
                "runs a command",
                new PickleBuilder().Global("posix", "system").Op('(').Text("touch hacked").Op('t').Op('R').End()
            },
            {
                "runs a command by its old name",
                new PickleBuilder().Global("os", "system").Text("touch hacked").Raw(0x85).Op('R').End()
            },
            { "evaluates", new PickleBuilder().Global("builtins", "eval").Text("1").Raw(0x85).Op('R').End() },
            {
                "names by the stack",
                new PickleBuilder().Text("builtins").Text("exec").Raw(0x93).Text("1").Raw(0x85).Op('R').End()
            },
            {
                "makes an instance",
                new PickleBuilder().Op('(').Text("touch hacked").Op('i').Raw("os\nsystem\n"u8).End()
            },
            {
                "makes an object",
                new PickleBuilder().Op('(').Global("os", "system").Text("touch hacked").Op('o').End()
            },
            { "makes a new object", new PickleBuilder().Global("subprocess", "Popen").Op(')').Raw(0x81).End() },
            { "takes an extension", new PickleBuilder().Raw(0x82, 1).End() },
            { "takes a persistent id in text", new PickleBuilder().Op('P').Raw("0\n"u8).End() },
            {
                "sets the state of something",
                new PickleBuilder().Global("torch", "FloatStorage").Op('}').Op('b').Global("nt", "system").End()
            },
            {
                "names torch's own loader",
                new PickleBuilder().Global("torch.storage", "_load_from_bytes").Op('(').Op('t').Op('R').End()
            },
            { "calls a storage", new PickleBuilder().Global("torch", "FloatStorage").Op(')').Op('R').End() },
            { "is no dictionary", new PickleBuilder().Text("touch hacked").End() },
            {
                "eats itself",
                new PickleBuilder()
                    .Op('}')
                    .Raw((byte)'q', 0)
                    .Text("a")
                    .Raw((byte)'h', 0)
                    .Op('s')
                    .Raw((byte)'h', 0)
                    .Raw((byte)'h', 0)
                    .Op('s')
                    .End()
            },
        };

    [Theory, MemberData(nameof(Hostile))]
    public void A_pickle_that_does_more_than_hold_tensors_is_refused(string what, byte[] pickle)
    {
        foreach (var bytes in (byte[][])[PickleBuilder.Zip(pickle), PickleBuilder.Legacy(pickle, 0, [])])
        {
            _folder.Put("a.pth", bytes);
            var fault = Assert.Throws<SceneException>(() => TensorFile.Open(_folder["a.pth"]));
            Assert.True(
                fault.Fault is SceneFault.DisallowedGlobal or SceneFault.Unreadable,
                $"{what}: {fault.Message}"
            );
            if (what.Contains("command", StringComparison.Ordinal) || what.Contains("loader", StringComparison.Ordinal))
                Assert.Equal(SceneFault.DisallowedGlobal, fault.Fault);
        }
    }
}
