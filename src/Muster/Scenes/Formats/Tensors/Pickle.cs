using System.Buffers.Binary;
using System.Numerics;
using System.Text;

namespace Muster.Scenes.Formats.Tensors;

/// <summary>
/// Reads what `torch.save` pickles: dictionaries of tensors, and nothing else. A pickle is a program; this machine
/// knows only the few
/// words of it that build plain values, and only the names that <see cref="Allowed"/> lists. Nothing named in a file is
/// ever called.
/// </summary>
internal sealed class Pickle
{
    /// <summary>A tensor takes about 30 words; what has more than these describes something else.</summary>
    private const int MostWords = 4_000_000;

    /// <summary>
    /// What a list, a tuple or a dictionary counts for, as it takes so much more memory than a number.
    /// </summary>
    private const int ContainerWords = 8;

    private static readonly object Mark = new();
    private static readonly Dictionary<string, ElementType?> Allowed = new(StringComparer.Ordinal)
    {
        ["torch._utils _rebuild_tensor_v2"] = null,
        ["collections OrderedDict"] = null,
        ["torch FloatStorage"] = ElementType.Float32,
        ["torch DoubleStorage"] = ElementType.Float64,
        ["torch HalfStorage"] = ElementType.Float16,
        ["torch BFloat16Storage"] = ElementType.BFloat16,
        ["torch ByteStorage"] = ElementType.UInt8,
        ["torch CharStorage"] = ElementType.Int8,
        ["torch ShortStorage"] = ElementType.Int16,
        ["torch IntStorage"] = ElementType.Int32,
        ["torch LongStorage"] = ElementType.Int64,
        ["torch BoolStorage"] = ElementType.Bool,
    };

    private readonly string _path;
    private readonly byte[] _bytes;
    private readonly Stack<object?> _stack = new();
    private readonly Dictionary<uint, object?> _memo = [];
    private int _at;
    private int _words;

    private Pickle(string path, byte[] bytes, int start) => (_path, _bytes, _at) = (path, bytes, start);

    /// <summary>The value that one pickle describes, and where the next would begin.</summary>
    public static (object? Value, int End) Read(string path, byte[] bytes, int start = 0)
    {
        var machine = new Pickle(path, bytes, start);
        return (machine.Run(), machine._at);
    }

    private object? Run()
    {
        while (true)
        {
            var code = Byte();
            Spend(
                code is (byte)'}' or (byte)']' or (byte)'t' or 0x85 or 0x86 or 0x87 or (byte)'R' ? ContainerWords : 1
            );
            switch (code)
            {
                case 0x80:
                    Byte();
                    break; // PROTO
                case 0x95:
                    Take(8);
                    break; // FRAME
                case (byte)'}':
                    _stack.Push(new Dictionary<string, object?>());
                    break;
                case (byte)']':
                    _stack.Push(new List<object?>());
                    break;
                case (byte)')':
                    _stack.Push(Array.Empty<object?>());
                    break;
                case (byte)'(':
                    _stack.Push(Mark);
                    break;
                case (byte)'q':
                    _memo[Byte()] = Peek();
                    break;
                case (byte)'r':
                    _memo[U32()] = Peek();
                    break;
                case 0x94:
                    _memo[(uint)_memo.Count] = Peek();
                    break; // MEMOIZE
                case (byte)'h':
                    _stack.Push(Remembered(Byte()));
                    break;
                case (byte)'j':
                    _stack.Push(Remembered(U32()));
                    break;
                case (byte)'K':
                    _stack.Push((long)Byte());
                    break;
                case (byte)'M':
                    _stack.Push((long)BinaryPrimitives.ReadUInt16LittleEndian(Take(2)));
                    break;
                case (byte)'J':
                    _stack.Push((long)BinaryPrimitives.ReadInt32LittleEndian(Take(4)));
                    break;
                case 0x8a: // LONG1
                    var number = new BigInteger(Take(Byte()));
                    _stack.Push(number >= long.MinValue && number <= long.MaxValue ? (long)number : (object)number);
                    break;
                case (byte)'G':
                    _stack.Push(BinaryPrimitives.ReadDoubleBigEndian(Take(8)));
                    break;
                case (byte)'X':
                    _stack.Push(Encoding.UTF8.GetString(Take(Length())));
                    break;
                case 0x8c:
                    _stack.Push(Encoding.UTF8.GetString(Take(Byte())));
                    break; // SHORT_BINUNICODE
                case 0x88:
                    _stack.Push(true);
                    break;
                case 0x89:
                    _stack.Push(false);
                    break;
                case (byte)'N':
                    _stack.Push(null);
                    break;
                case (byte)'c':
                    _stack.Push(Global($"{Line()} {Line()}"));
                    break;
                case 0x93: // STACK_GLOBAL
                    var name = Pop<string>();
                    _stack.Push(Global($"{Pop<string>()} {name}"));
                    break;
                case (byte)'t':
                    _stack.Push(ToMark());
                    break;
                case 0x85 or 0x86 or 0x87:
                    _stack.Push(Several(code - 0x84));
                    break; // TUPLE1, 2, 3
                case (byte)'Q':
                    _stack.Push(StorageNamedBy(Pop<object?[]>()));
                    break;
                case (byte)'R':
                    var arguments = Pop<object?[]>();
                    _stack.Push(Reduce(Pop<Named>(), arguments));
                    break;
                case (byte)'b':
                    Pop<object>();
                    Pop<object>(Peek());
                    break; // BUILD sets attributes: not wanted
                case (byte)'s':
                    var pair = Several(2);
                    Put(Pop<Dictionary<string, object?>>(Peek()), pair);
                    break;
                case (byte)'u':
                    var pairs = ToMark();
                    Put(Pop<Dictionary<string, object?>>(Peek()), pairs);
                    break;
                case (byte)'a':
                    var item = Pop<object>();
                    Pop<List<object?>>(Peek()).Add(item);
                    break;
                case (byte)'e':
                    var items = ToMark();
                    Pop<List<object?>>(Peek()).AddRange(items);
                    break;
                case (byte)'.':
                    return Pop<object>();
                default:
                    throw Refused($"its pickle has the word 0x{code:x2}, which no dictionary of tensors needs");
            }
        }
    }

    private void Spend(int words)
    {
        if ((_words += words) > MostWords)
            throw Broken("its pickle builds far more than any dictionary of tensors needs");
    }

    private Named Global(string name) =>
        Allowed.TryGetValue(name, out var type) ? new(name, type) : throw Refused($"its pickle names '{Shown(name)}'");

    private object Reduce(Named what, object?[] arguments) =>
        what.Name switch
        {
            "collections OrderedDict" => new Dictionary<string, object?>(),
            "torch._utils _rebuild_tensor_v2"
                when arguments is [StorageName storage, long offset, object?[] shape, object?[] strides, ..] =>
                new TensorName(storage, offset, Sizes(shape), Sizes(strides)),
            _ => throw Broken("its pickle builds a tensor from something else"),
        };

    private StorageName StorageNamedBy(object?[] id) =>
        id is ["storage", Named { Type: { } type }, string key, _, long count, ..]
            ? new(key, type, count)
            : throw Broken("its pickle refers to something that is no storage");

    private long[] Sizes(object?[] sizes) =>
        [
            .. sizes.Select(size =>
                size is long number ? number : throw Broken("its pickle has a tensor with a size that is no number")
            ),
        ];

    private void Put(Dictionary<string, object?> dictionary, ReadOnlySpan<object?> pairs)
    {
        if (pairs.Length % 2 != 0)
            throw Broken("its pickle has a key without a value");
        for (var i = 0; i < pairs.Length; i += 2)
        {
            if (pairs[i] is not (string or long or bool or double))
                throw Broken("its pickle has a key that is no text or number");
            if (pairs[i] is string key)
                dictionary[key] = pairs[i + 1]; // tensors have names
        }
    }

    private object?[] ToMark()
    {
        var items = new List<object?>();
        while (_stack.TryPop(out var item))
        {
            if (!ReferenceEquals(item, Mark))
            {
                items.Add(item);
                continue;
            }
            items.Reverse();
            return [.. items];
        }
        throw Broken("its pickle closes what it did not open");
    }

    private object?[] Several(int count)
    {
        var items = new object?[count];
        for (var i = count - 1; i >= 0; i--)
            items[i] = Pop<object>();
        return items;
    }

    private object? Peek() => _stack.TryPeek(out var top) ? top : throw Broken("its pickle takes what is not there");

    private T Pop<T>() => _stack.TryPop(out var top) ? Pop<T>(top) : throw Broken("its pickle takes what is not there");

    private T Pop<T>(object? value) =>
        !ReferenceEquals(value, Mark) && (value is T || (value is null && typeof(T) == typeof(object)))
            ? (T)value!
            : throw Broken($"its pickle mixes its values up");

    private object? Remembered(uint place) =>
        _memo.TryGetValue(place, out var value) ? value : throw Broken("its pickle remembers what it never saw");

    private byte Byte() => Take(1)[0];

    private uint U32() => BinaryPrimitives.ReadUInt32LittleEndian(Take(4));

    private int Length() =>
        U32() is var length && length <= _bytes.Length ? (int)length : throw Broken("its pickle is cut off");

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count > _bytes.Length - _at)
            throw Broken("its pickle is cut off");
        var taken = _bytes.AsSpan(_at, count);
        _at += count;
        return taken;
    }

    private string Line()
    {
        var length = _bytes.AsSpan(_at).IndexOf((byte)'\n');
        if (length < 0)
            throw Broken("its pickle is cut off");
        var line = Encoding.UTF8.GetString(Take(length));
        _at++;
        return line;
    }

    private SceneException Broken(string why) => SceneException.Unreadable(_path, why);

    private SceneException Refused(string why) =>
        new(
            SceneFault.DisallowedGlobal,
            $"{_path}: {why}; it was not run",
            "Use a file that holds nothing but tensors; do not load this one with anything that runs pickles."
        );

    private static string Shown(string name) => new([.. name.Take(80).Select(c => char.IsControl(c) ? '?' : c)]);
}

/// <summary>An allowed name, and for a kind of storage what its numbers are.</summary>
internal sealed record Named(string Name, ElementType? Type);

internal sealed record StorageName(string Key, ElementType Type, long Count);

internal sealed record TensorName(StorageName Storage, long Offset, long[] Shape, long[] Strides);
