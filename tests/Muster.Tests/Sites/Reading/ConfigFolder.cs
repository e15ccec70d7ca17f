using Muster.Configuration;

namespace Muster.Sites.Reading;

/// <summary>A folder of configuration files for one test, with an environment of its own.</summary>
internal sealed class ConfigFolder : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("muster-sites-");

    public Dictionary<string, string> Environment { get; } = [];

    public string Path => _folder.FullName;
    public string Home => System.IO.Path.Combine(Path, "home");

    public ConfigSources Sources => SourcesIn(Path);

    public ConfigSources SourcesIn(string folder) =>
        new(folder, new Dictionary<string, string>(Environment) { ["HOME"] = Home })
        {
            SystemFile = System.IO.Path.Combine(Path, "etc.yaml"),
        };

    public string Write(string name, string text)
    {
        var path = System.IO.Path.Combine(Path, name);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
        return path;
    }

    public string Text(string name) => File.ReadAllText(System.IO.Path.Combine(Path, name));

    public MusterConfig Read(string yaml)
    {
        Write(ConfigSources.FileName, yaml);
        return ConfigReader.Read(Sources);
    }

    public IReadOnlyList<string> MistakesIn(string yaml) =>
        [.. Assert.Throws<ConfigException>(() => Read(yaml)).Mistakes.Select(mistake => mistake.ToString())];

    public void Dispose() => _folder.Delete(recursive: true);
}
