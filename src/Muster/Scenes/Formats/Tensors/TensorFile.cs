using System.Buffers.Binary;
using System.Numerics;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Muster.Scenes.Formats.Tensors;

/// <summary>Named tensors: a `.pth` file of torch, new or old, a single `.npy`, or a folder of them.</summary>
public sealed class TensorFile : IDisposable
{
    private const long MostIndex = 64 << 20;
    private static readonly byte[] LegacyMagic =
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
    ];
    private readonly List<SafeFileHandle> _files = [];
    private readonly Dictionary<string, Tensor> _tensors = new(StringComparer.Ordinal);

    private TensorFile(string path) => Path = path;

    public string Path { get; }
    public IReadOnlyDictionary<string, Tensor> Tensors => _tensors;

    public static TensorFile Open(string path)
    {
        var opened = new TensorFile(path);
        try
        {
            if (Directory.Exists(path))
                foreach (var file in Directory.EnumerateFiles(path, "*.npy").Order(StringComparer.Ordinal))
                    opened.AddNpy(file);
            else if (path.EndsWith(".npy", StringComparison.OrdinalIgnoreCase))
                opened.AddNpy(path);
            else
                opened.AddPth();
            return opened;
        }
        catch
        {
            opened.Dispose();
            throw;
        }
    }

    public Tensor Get(string name) =>
        _tensors.GetValueOrDefault(name)
        ?? throw new SceneException(
            SceneFault.MissingTensor,
            $"{Path} has no tensor '{name}'; it has "
                + $"{(_tensors.Count == 0 ? "none" : string.Join(", ", _tensors.Keys.Take(12)))}",
            "Name the file or folder that DROID-SLAM wrote with --reconstruction_path."
        );

    public void Dispose() => _files.ForEach(file => file.Dispose());

    private SafeFileHandle OpenFile(string path)
    {
        try
        {
            var file = File.OpenHandle(path);
            _files.Add(file);
            return file;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new SceneException(
                SceneFault.Unreadable,
                $"{path} cannot be opened: {fault.Message}",
                "Name a file that is there and may be read.",
                fault
            );
        }
    }

    private void AddNpy(string path)
    {
        var name = System.IO.Path.GetFileNameWithoutExtension(path);
        _tensors[name] = NpyFile.Open(path, name, OpenFile(path));
    }

    private void AddPth()
    {
        var file = OpenFile(Path);
        var start = new byte[LegacyMagic.Length];
        RandomAccess.Read(file, start, 0);
        if (start.AsSpan().StartsWith("PK"u8))
            AddZip(file);
        else if (start.AsSpan().SequenceEqual(LegacyMagic))
            AddLegacy(file);
        else
            throw SceneException.Unreadable(Path, "it is no file of torch.save");
    }

    private void AddZip(SafeFileHandle file)
    {
        var members = ZipMembers.Read(Path, file);
        if (members.Keys.FirstOrDefault(name => name.EndsWith("/data.pkl", StringComparison.Ordinal)) is not { } index)
            throw SceneException.Unreadable(Path, "it has no data.pkl, so it is no file of torch.save");
        var top = index[..^"data.pkl".Length];
        if (
            members.TryGetValue($"{top}byteorder", out var order)
            && !Encoding
                .ASCII.GetString(ZipMembers.ReadAll(Path, file, order, 64))
                .StartsWith("little", StringComparison.Ordinal)
        )
            throw SceneException.Unreadable(Path, "its numbers are big-endian");
        var (value, _) = Pickle.Read(Path, ZipMembers.ReadAll(Path, file, members[index], MostIndex));
        AddTensors(
            value,
            name =>
                members.TryGetValue($"{top}data/{name.Key}", out var member)
                && member.Length / name.Type.Size() >= name.Count
                && name.Count >= 0
                    ? new(Path, file, member.Start, member.Length / name.Type.Size(), name.Type, member.Crc)
                    : throw SceneException.Unreadable(
                        Path,
                        $"the numbers of its storage '{name.Key}' are missing or cut off"
                    )
        );
    }

    /// <summary>Before torch 1.6: five pickles in a row, then for each storage its count and its numbers.</summary>
    private void AddLegacy(SafeFileHandle file)
    {
        var length = RandomAccess.GetLength(file);
        var index = new byte[Math.Min(length, MostIndex)];
        new Storage(Path, file, 0, index.Length, ElementType.UInt8, null).Read(0, index);
        var (magic, at) = Pickle.Read(Path, index);
        var (protocol, second) = Pickle.Read(Path, index, at);
        if (magic is not BigInteger || protocol is not 1001L)
            throw SceneException.Unreadable(Path, "it is no file of torch.save");
        var (_, third) = Pickle.Read(Path, index, second);
        var (value, fourth) = Pickle.Read(Path, index, third);
        var (keys, end) = Pickle.Read(Path, index, fourth);
        var named = TensorNames(value)
            .Select(pair => pair.Tensor.Storage)
            .DistinctBy(storage => storage.Key)
            .ToDictionary(storage => storage.Key, StringComparer.Ordinal);
        var storages = new Dictionary<string, Storage>(StringComparer.Ordinal);
        long place = end;
        var size = new byte[8];
        foreach (var key in keys as List<object?> ?? [])
        {
            if (key is not string known || !named.TryGetValue(known, out var storage))
                throw SceneException.Unreadable(Path, "it has numbers that belong to no tensor");
            new Storage(Path, file, place, 8, ElementType.UInt8, null).Read(0, size);
            var count = BinaryPrimitives.ReadInt64LittleEndian(size);
            place += 8;
            if (count < storage.Count || count < 0 || count > (length - place) / storage.Type.Size())
                throw SceneException.Unreadable(Path, $"the numbers of its storage '{known}' are cut off");
            storages[known] = new(Path, file, place, count, storage.Type, null);
            place += count * storage.Type.Size();
        }
        AddTensors(
            value,
            name =>
                storages.GetValueOrDefault(name.Key)
                ?? throw SceneException.Unreadable(Path, $"the numbers of its storage '{name.Key}' are missing")
        );
    }

    private void AddTensors(object? value, Func<StorageName, Storage> find)
    {
        foreach (var (name, tensor) in TensorNames(value))
            _tensors[name] = new(name, find(tensor.Storage), tensor.Offset, tensor.Shape, tensor.Strides);
    }

    private IEnumerable<(string Name, TensorName Tensor)> TensorNames(object? value) =>
        value is Dictionary<string, object?> dictionary
            ? dictionary.Where(pair => pair.Value is TensorName).Select(pair => (pair.Key, (TensorName)pair.Value!))
            : throw SceneException.Unreadable(Path, "it does not hold a dictionary of tensors");
}
