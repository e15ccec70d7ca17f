using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace Muster.Scenes.Formats;

/// <summary>Writes files as `torch.save` does, and such as it never would.</summary>
internal sealed class PickleBuilder
{
    private readonly List<byte> _bytes = [];

    public PickleBuilder() => Raw(0x80, 2);

    public PickleBuilder Raw(params ReadOnlySpan<byte> bytes)
    {
        _bytes.AddRange(bytes);
        return this;
    }

    public PickleBuilder Op(char code) => Raw((byte)code);

    public PickleBuilder Text(string text)
    {
        var length = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, Encoding.UTF8.GetByteCount(text));
        return Op('X').Raw(length).Raw(Encoding.UTF8.GetBytes(text));
    }

    public PickleBuilder Number(int number)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, number);
        return Op('J').Raw(bytes);
    }

    public PickleBuilder Global(string module, string name) =>
        Op('c').Raw(Encoding.ASCII.GetBytes($"{module}\n{name}\n"));

    public PickleBuilder Tuple(params ReadOnlySpan<int> numbers)
    {
        Op('(');
        foreach (var number in numbers)
            Number(number);
        return Op('t');
    }

    public PickleBuilder Tensor(string key, string storage, int count, int offset, int[] shape, int[] strides)
    {
        Global("torch._utils", "_rebuild_tensor_v2")
            .Op('(')
            .Op('(')
            .Text("storage")
            .Global("torch", storage)
            .Text(key)
            .Text("cpu")
            .Number(count)
            .Op('t')
            .Op('Q');
        return Number(offset)
            .Tuple(shape)
            .Tuple(strides)
            .Raw(0x89)
            .Global("collections", "OrderedDict")
            .Op(')')
            .Op('R')
            .Op('t')
            .Op('R');
    }

    public byte[] End() => [.. Op('.')._bytes];

    /// <summary>A dictionary of one tensor.</summary>
    public static byte[] One(string name, string storage, int count, int offset, int[] shape, int[] strides) =>
        new PickleBuilder().Op('}').Text(name).Tensor("0", storage, count, offset, shape, strides).Op('s').End();

    public static byte[] Zip(byte[] pickle, params (string Name, byte[] Bytes)[] members)
    {
        using var file = new MemoryStream();
        using (var zip = new ZipArchive(file, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, bytes) in (ReadOnlySpan<(string, byte[])>)[("archive/data.pkl", pickle), .. members])
            {
                using var entry = zip.CreateEntry(name, CompressionLevel.NoCompression).Open();
                entry.Write(bytes);
            }
        }
        return file.ToArray();
    }

    /// <summary>As before torch 1.6.</summary>
    public static byte[] Legacy(byte[] pickle, int count, byte[] numbers)
    {
        var length = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, count);
        return
        [
            0x80,
            0x02,
            0x8a,
            0x0a,
            0x6c,
            0xfc,
            0x9c,
            0x46,
            0xf9,
            0x20,
            0x6a,
            0xa8,
            0x50,
            0x19,
            (byte)'.',
            .. new PickleBuilder().Number(1001).End(),
            .. new PickleBuilder().Op('}').End(),
            .. pickle,
            .. new PickleBuilder().Op(']').Text("0").Op('a').End(),
            .. length,
            .. numbers,
        ];
    }
}
