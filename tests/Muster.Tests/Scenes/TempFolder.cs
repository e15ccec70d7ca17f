namespace Muster.Scenes;

/// <summary>A folder of a test's own, gone with it.</summary>
internal sealed class TempFolder : IDisposable
{
    private readonly string _path = Directory.CreateTempSubdirectory("muster-scenes-").FullName;

    public string this[string name] => Path.Combine(_path, name);

    public string Put(string name, byte[] bytes)
    {
        var path = this[name];
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, bytes);
        return path;
    }

    public override string ToString() => _path;

    public void Dispose() => Directory.Delete(_path, recursive: true);
}
