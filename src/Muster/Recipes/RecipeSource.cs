using System.Security.Cryptography;
using System.Text;

namespace Muster.Recipes;

/// <summary>
/// Where the files of a recipe are: in a folder of the user's, or in the program. A recipe NAME/PART shares the folder
/// NAME with its other parts.
/// </summary>
public sealed record RecipeSource
{
    private const string Embedded = "Recipes/BuiltIn/";

    private readonly string? _folder;
    private readonly string _family;

    private RecipeSource(string? folder, string name) => (_folder, _family, Name) = (folder, name.Split('/')[0], name);

    public string Name { get; }
    public bool IsBuiltIn => _folder is null;

    public static RecipeSource Of(string folder, string name) => new(folder, name);

    public static RecipeSource BuiltIn(string name) => new(null, name);

    public static IReadOnlyList<string> BuiltInNames { get; } =
    [
        .. Resources("")
            .Where(file => file.EndsWith("/" + FileName, StringComparison.Ordinal))
            .Select(file => file[..^(FileName.Length + 1)])
            .Order(StringComparer.Ordinal),
    ];

    public const string FileName = "recipe.yaml";

    /// <summary>How the file is named to the user.</summary>
    public string Path => IsBuiltIn ? $"{Name}/{FileName}" : System.IO.Path.Combine(_folder!, Name, FileName);

    public string Text() => IsBuiltIn ? TextOf(Resource($"{Name}/{FileName}")) : File.ReadAllText(Path);

    /// <param name="file">Below the folder that is brought along.</param>
    public bool Has(string file) =>
        IsBuiltIn
            ? Resources(_family + "/").Contains($"{_family}/{file}")
            : File.Exists(System.IO.Path.Combine(_folder!, _family, file));

    public string Script(string file) =>
        IsBuiltIn
            ? TextOf(Resource($"{_family}/{file}"))
            : File.ReadAllText(System.IO.Path.Combine(_folder!, _family, file));

    /// <summary>
    /// The folder that a run brings along; what is in the program is laid out in <paramref name="cache"/> first, under
    /// a name that its content decides.
    /// </summary>
    public string Folder(string cache)
    {
        if (!IsBuiltIn)
            return System.IO.Path.Combine(_folder!, _family);
        var files = Resources(_family + "/")
            .Select(name => (Name: name[(_family.Length + 1)..], Bytes: Resource(name)))
            .ToList();
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var (name, bytes) in files)
        {
            hash.AppendData(Encoding.UTF8.GetBytes($"{name}\0{bytes.Length}\0"));
            hash.AppendData(bytes);
        }
        var folder = System.IO.Path.Combine(
            cache,
            "recipes",
            $"{_family}-{Convert.ToHexStringLower(hash.GetHashAndReset())[..16]}"
        );
        if (Directory.Exists(folder))
            return folder;
        var draft = $"{folder}.{Guid.NewGuid():N}";
        foreach (var (name, bytes) in files)
        {
            var path = System.IO.Path.Combine(draft, name);
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
            File.WriteAllBytes(path, bytes);
        }
        try
        {
            Directory.Move(draft, folder);
        }
        catch (IOException) when (Directory.Exists(folder))
        {
            Directory.Delete(draft, recursive: true);
        } // another Muster was first
        return folder;
    }

    private static IEnumerable<string> Resources(string prefix) =>
        typeof(RecipeSource)
            .Assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith(Embedded + prefix, StringComparison.Ordinal))
            .Select(name => name[Embedded.Length..])
            .Order(StringComparer.Ordinal);

    private static byte[] Resource(string name)
    {
        using var stream =
            typeof(RecipeSource).Assembly.GetManifestResourceStream(Embedded + name)
            ?? throw new InvalidOperationException($"no embedded recipe file {name}");
        using var memory = new MemoryStream();
        stream.CopyTo(memory);
        return memory.ToArray();
    }

    private static string TextOf(byte[] bytes) => Encoding.UTF8.GetString(bytes);
}
