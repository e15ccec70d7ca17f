using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Muster.Scenes.Geometry;

namespace Muster.Scenes.Formats.Colmap;

/// <summary>
/// Reads a COLMAP model, text or binary. Points are read as they are wanted; what they were seen in is passed over.
/// </summary>
public sealed class ColmapReader
{
    private readonly string _folder;
    private readonly ColmapForm _form;

    private ColmapReader(string folder, ColmapForm form)
    {
        (_folder, _form) = (folder, form);
        Cameras = form == ColmapForm.Text ? [.. Lines("cameras.txt").Select(CameraOf)] : BinaryCameras();
        Images = form == ColmapForm.Text ? TextImages() : BinaryImages();
        var known = Cameras.Select(camera => camera.Id).ToHashSet();
        if (Images.FirstOrDefault(image => !known.Contains(image.Camera)) is { } lost)
            throw SceneException.Unreadable(
                folder,
                $"image '{lost.Name}' was taken with camera {lost.Camera}, which is not there"
            );
    }

    public IReadOnlyList<ColmapCamera> Cameras { get; }
    public IReadOnlyList<ColmapImage> Images { get; }

    public static bool IsModel(string folder) =>
        File.Exists(Path.Combine(folder, "images.bin")) || File.Exists(Path.Combine(folder, "images.txt"));

    public static ColmapReader Open(string folder) =>
        new(folder, File.Exists(Path.Combine(folder, "images.bin")) ? ColmapForm.Binary : ColmapForm.Text);

    public IEnumerable<ScenePoint> Points() =>
        _form == ColmapForm.Text ? Lines("points3D.txt").Select(PointOf) : BinaryPoints();

    private IEnumerable<(int Row, string[] Words)> Lines(string name, bool keepEmpty = false)
    {
        using var file = Open(name, out var path);
        var lines = new AsciiLines(file);
        for (var row = 1; lines.Next(out var line); row++)
        {
            if (!line.IsEmpty && line.Span[0] == '#')
                continue;
            var words = Encoding.UTF8.GetString(line.Span).Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (words.Length > 0 || keepEmpty)
                yield return (row, words);
        }
        if (file.Position < file.Length)
            throw SceneException.Unreadable(path, "a line of it does not end");
    }

    private ColmapCamera CameraOf((int Row, string[] Words) line)
    {
        if (line.Words is not [var id, var model, var width, var height, .. var parameters])
            throw Wrong("cameras.txt", line.Row);
        var numbers = parameters.Select(word => Number("cameras.txt", line.Row, word)).ToArray();
        if (
            Array.Find(ColmapCamera.Models, known => known.Name == model) is { Name: not null } found
            && found.Parameters != numbers.Length
        )
            throw Wrong("cameras.txt", line.Row);
        return new(
            (uint)Whole("cameras.txt", line.Row, id),
            model,
            Whole("cameras.txt", line.Row, width),
            Whole("cameras.txt", line.Row, height),
            numbers
        );
    }

    /// <summary>Every second line lists the points in the image; it may be empty.</summary>
    private List<ColmapImage> TextImages()
    {
        var images = new List<ColmapImage>();
        var second = false;
        foreach (var (row, words) in Lines("images.txt", keepEmpty: true))
        {
            if (!second && words.Length == 0)
                continue;
            if (!second)
            {
                if (words.Length < 10)
                    throw Wrong("images.txt", row);
                var n = words[1..8].Select(word => Number("images.txt", row, word)).ToArray();
                images.Add(
                    new(
                        (uint)Whole("images.txt", row, words[0]),
                        PoseOf("images.txt", n),
                        (uint)Whole("images.txt", row, words[8]),
                        string.Join(' ', words[9..])
                    )
                );
            }
            second = !second;
        }
        return images;
    }

    private ScenePoint PointOf((int Row, string[] Words) line)
    {
        if (line.Words.Length < 8)
            throw Wrong("points3D.txt", line.Row);
        double At(int i) => Number("points3D.txt", line.Row, line.Words[i]);
        byte Colour(int i) => (byte)Math.Clamp(At(i), 0, 255);
        return new(new(At(1), At(2), At(3)), Colour(4), Colour(5), Colour(6));
    }

    private List<ColmapCamera> BinaryCameras()
    {
        using var file = Open("cameras.bin", out var path);
        var bytes = new Bytes(path, file);
        var cameras = new List<ColmapCamera>();
        for (var left = bytes.Count(24); left > 0; left--)
        {
            var (id, model) = ((uint)bytes.I32(), bytes.I32());
            if (model < 0 || model >= ColmapCamera.Models.Length)
                throw SceneException.Unreadable(path, $"camera model {model} is not known");
            var (width, height) = (bytes.I64(), bytes.I64());
            cameras.Add(
                new(
                    id,
                    ColmapCamera.Models[model].Name,
                    width,
                    height,
                    [.. Enumerable.Range(0, ColmapCamera.Models[model].Parameters).Select(_ => bytes.F64())]
                )
            );
        }
        return cameras;
    }

    private List<ColmapImage> BinaryImages()
    {
        using var file = Open("images.bin", out var path);
        var bytes = new Bytes(path, file);
        var images = new List<ColmapImage>();
        for (var left = bytes.Count(73); left > 0; left--)
        {
            var id = (uint)bytes.I32();
            double[] n = [.. Enumerable.Range(0, 7).Select(_ => bytes.F64())];
            var camera = (uint)bytes.I32();
            images.Add(new(id, PoseOf("images.bin", n), camera, bytes.Text()));
            bytes.Skip(bytes.Count(24), 24);
        }
        return images;
    }

    private IEnumerable<ScenePoint> BinaryPoints()
    {
        using var file = Open("points3D.bin", out var path);
        var bytes = new Bytes(path, file);
        for (var left = bytes.Count(51); left > 0; left--)
        {
            bytes.I64();
            var position = new Vec3(bytes.F64(), bytes.F64(), bytes.F64());
            var (red, green, blue) = (bytes.Byte(), bytes.Byte(), bytes.Byte());
            bytes.F64();
            bytes.Skip(bytes.Count(8), 8);
            yield return new(position, red, green, blue);
        }
    }

    private Pose PoseOf(string name, double[] n)
    {
        var (rotation, position) = (new Rotation(n[1], n[2], n[3], n[0]), new Vec3(n[4], n[5], n[6]));
        return position.IsFinite && Math.Abs(rotation.Norm - 1) <= 0.01
            ? new(position, rotation.Normalized())
            : throw SceneException.Unreadable(
                Path.Combine(_folder, name),
                "a pose of it is not finite, or turns by what is no rotation"
            );
    }

    private FileStream Open(string name, out string path)
    {
        path = Path.Combine(_folder, name);
        try
        {
            return new(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new SceneException(
                SceneFault.Unreadable,
                $"{path} cannot be opened: {fault.Message}",
                "A COLMAP model has cameras, images and points3D, all as .txt or all as .bin.",
                fault
            );
        }
    }

    private double Number(string name, int row, string word) =>
        double.TryParse(word, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw Wrong(name, row);

    private long Whole(string name, int row, string word) =>
        long.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw Wrong(name, row);

    private SceneException Wrong(string name, int row) =>
        SceneException.Unreadable(Path.Combine(_folder, name), $"line {row} is not what COLMAP writes there");

    /// <summary>Little-endian numbers of a file, none of which is believed to be there before it was read.</summary>
    private sealed class Bytes(string path, FileStream file)
    {
        private const int MostName = 4096;
        private readonly byte[] _number = new byte[8];

        public byte Byte() => Take(1)[0];

        public int I32() => BinaryPrimitives.ReadInt32LittleEndian(Take(4));

        public long I64() => BinaryPrimitives.ReadInt64LittleEndian(Take(8));

        public double F64() => BinaryPrimitives.ReadDoubleLittleEndian(Take(8));

        /// <summary>How many records follow, each at least so long.</summary>
        public long Count(int size) =>
            I64() is var count && count >= 0 && count <= (file.Length - file.Position) / size ? count : throw CutOff();

        public void Skip(long count, int size) => file.Seek(count * size, SeekOrigin.Current);

        public string Text()
        {
            var name = new List<byte>();
            for (byte one; (one = Byte()) != 0; name.Add(one))
                if (name.Count == MostName)
                    throw SceneException.Unreadable(path, "a name of it does not end");
            return Encoding.UTF8.GetString([.. name]);
        }

        private ReadOnlySpan<byte> Take(int count) =>
            file.ReadAtLeast(_number.AsSpan(0, count), count, throwOnEndOfStream: false) == count
                ? _number
                : throw CutOff();

        private SceneException CutOff() => SceneException.Unreadable(path, "it ends before its last entry");
    }
}
