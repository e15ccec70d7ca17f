using System.Text;
using Muster.Configuration;
using Muster.Faults;
using YamlDotNet.Core.Events;
using YamlDotNet.RepresentationModel;

namespace Muster.Sites.Reading;

/// <summary>Adds a site to a configuration file and leaves all else in it as it is, to the byte.</summary>
public static class SiteWriter
{
    /// <summary>Throws when the file has a site of this name, or is not fit to be added to.</summary>
    public static void Add(string path, Site site, ConfigSources sources)
    {
        if (!SiteNames.IsName(site.Name))
            throw new UserException(
                $"a site cannot be named '{ConfigFile.Flat(site.Name)}'",
                "Use letters, digits and . _ @ -, and begin with a letter or a digit."
            );
        var full = Path.GetFullPath(path, sources.Folder);
        var target = File.Exists(full) ? File.ResolveLinkTarget(full, returnFinalTarget: true)?.FullName ?? full : full;
        var before = File.Exists(target) ? Encoding.UTF8.GetString(File.ReadAllBytes(target)) : "";
        var after = Insert(before, site, target, sources);
        Replace(target, after);
    }

    private static string Insert(string before, Site site, string path, ConfigSources sources)
    {
        var file = new ConfigFile(path, sources);
        var root = before.Length == 0 ? null : file.Load();
        if (file.Mistakes.Count > 0)
            throw new ConfigException(file.Mistakes);

        var shown = sources.Shown(path);
        var newline = before.Contains("\r\n", StringComparison.Ordinal) ? "\r\n" : "\n";
        if (SitesOf(root) is YamlMappingNode { Style: MappingStyle.Flow, Children.Count: 0 } none)
        {
            var start = (int)none.Start.Index;
            // as if nothing stood behind `sites:`
            before = before[..start].TrimEnd(' ') + before[(before.IndexOf('}', start) + 1)..];
            root = new ConfigFile(path, sources).Load(before);
        }
        var (place, indent, needsHeader) = PlaceFor(root, before, site, shown);
        var text = new StringBuilder(before[..place]);
        if (place > 0 && before[place - 1] != '\n')
            text.Append(newline);
        if (needsHeader)
            text.Append("sites:").Append(newline);
        foreach (var line in SiteYaml.Lines(site))
            text.Append(indent).Append(line).Append(newline);
        text.Append(before[place..]);

        // What was read before must be read after: the last word on whether this file's layout was understood.
        var check = new ConfigFile(path, sources);
        var written = SitesOf(check.Load(text.ToString())) as YamlMappingNode ?? new YamlMappingNode();
        var added = new YamlMappingNode(
            written.Children.Where(pair => pair.Key is YamlScalarNode { Value: var name } && name == site.Name)
        );
        var others = new YamlMappingNode(written.Children.Except(added.Children));
        var kept =
            check.Mistakes.Count == 0
            && added.Children.Count == 1
            && others.Equals(SitesOf(root) as YamlMappingNode ?? new YamlMappingNode());
        if (!kept)
            throw ByHand(site, shown);

        foreach (var (key, node) in added.Children)
            SiteReader.Read((YamlScalarNode)key, node, check);
        return check.Mistakes.Count == 0
            ? text.ToString()
            : throw new UserException(
                $"site '{site.Name}' cannot be added: "
                    + $"{string.Join("; ", check.Mistakes.Select(mistake => mistake.Text))}",
                "Correct what is named, and add it again."
            );
    }

    /// <summary>
    /// Where the site's lines go, how far they are indented, and whether <c>sites:</c> is to be written before them.
    /// </summary>
    private static (int Place, string Indent, bool NeedsHeader) PlaceFor(
        YamlNode? root,
        string text,
        Site site,
        string shown
    )
    {
        if (root is null || ConfigShape.IsNull(root))
            return (text.Length, "  ", true);
        if (root is not YamlMappingNode top || top.Style is MappingStyle.Flow)
            throw ByHand(site, shown);
        if (SitesOf(top) is not { } sites)
            return (text.Length, "  ", true);

        var next = top
            .Children.Keys.Select(key => key.Start.Line)
            .Where(line => line > sites.Start.Line)
            .DefaultIfEmpty(long.MaxValue)
            .Min();
        switch (sites)
        {
            case YamlMappingNode { Style: not MappingStyle.Flow } map when map.Children.Count > 0:
                if (map.Children.Keys.Any(key => key is YamlScalarNode { Value: var name } && name == site.Name))
                {
                    throw new UserException(
                        $"{shown} has a site '{site.Name}' already",
                        "Choose another name, or edit the site in the file."
                    );
                }
                var first = map.Children.Keys.First();
                return (EndOfBlock(text, next), new string(' ', (int)first.Start.Column - 1), false);
            case YamlScalarNode when ConfigShape.IsNull(sites):
                return (EndOfBlock(text, next), "  ", false);
            default:
                throw ByHand(site, shown);
        }
    }

    private static YamlNode? SitesOf(YamlNode? root) =>
        root is YamlMappingNode map
        && map.Children.TryGetValue(new YamlScalarNode(ConfigSchema.Sites.Name), out var sites)
            ? sites
            : null;

    /// <summary>
    /// The end of the last line before <paramref name="nextLine"/> that is not blank and no comment at the margin:
    /// those belong to what follows.
    /// </summary>
    private static int EndOfBlock(string text, long nextLine)
    {
        var end = 0;
        var start = 0;
        for (var line = 1L; line < nextLine && start < text.Length; line++)
        {
            var stop = text.IndexOf('\n', start) is >= 0 and var found ? found + 1 : text.Length;
            var content = text[start..stop].TrimEnd();
            if (content is "..." or "---" && end > 0)
                break;
            if (content.Length > 0 && content[0] is not '#')
                end = stop;
            start = stop;
        }
        return end;
    }

    private static void Replace(string path, string text)
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            var draft = $"{path}.{Guid.NewGuid():N}.tmp";
            try
            {
                var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
                if (!OperatingSystem.IsWindows() && File.Exists(path))
                    options.UnixCreateMode = File.GetUnixFileMode(path);
                using (var stream = new FileStream(draft, options))
                {
                    stream.Write(Encoding.UTF8.GetBytes(text));
                    stream.Flush(flushToDisk: true);
                }
                File.Move(draft, path, overwrite: true);
            }
            finally
            {
                File.Delete(draft);
            }
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new UserException(
                $"{path} cannot be written: {fault.Message}",
                "Check its permissions and those of its folder.",
                fault
            );
        }
    }

    private static UserException ByHand(Site site, string shown) =>
        new(
            $"{shown} is laid out in a way that a site cannot be added to",
            $"Add it by hand, under `sites:`:\n{string.Join('\n', SiteYaml.Lines(site).Select(line => "  " + line))}"
        );
}
