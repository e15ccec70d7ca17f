using System.Diagnostics;
using System.Text;
using FsCheck;
using FsCheck.Fluent;

namespace Muster.Snapshots;

public sealed class IgnoreRulesTests
{
    private static readonly string[] Pieces =
    [
        "a",
        "b",
        "ab",
        "*",
        "**",
        "?",
        "/",
        "/",
        "/**/",
        "**/",
        "[ab]",
        "[!a]",
        "[a-c]",
        "[^b]",
        "[[:alpha:]]",
        "\\",
        "\\*",
        "!",
        "#",
        " ",
        "\\ ",
        ".",
        "[",
        "]",
        "-",
        "a/b",
    ];

    [Fact]
    public void Git_leaves_out_the_same_whatever_the_rules()
    {
        using var repository = new TestRepository(withFirstCommit: false);
        var names = new[] { "a", "b", "ab", "abc", "a b", "a ", "c", "!a", "#", "*", ".a", "[", "]", "-", "\\", "a-b" };
        var folders = new[] { "a", "b", "ab", "a/b", "b/a", "a/b/a", "ab/b", "ab/b/a" };
        foreach (var folder in folders)
            Directory.CreateDirectory(Path.Combine(repository.Root, folder));
        List<(string Path, bool IsFolder)> entries = [.. folders.Select(folder => (folder, true))];
        foreach (var folder in folders.Append(""))
        foreach (var name in names)
            if (Path.Combine(folder, name) is var path && !folders.Contains(path))
                entries.Add((path, false));
        var input = Encoding.UTF8.GetBytes(string.Join('\0', entries.Select(entry => entry.Path)));

        var pattern = Gen.Elements(Pieces).ListOf().Select(pieces => string.Concat(pieces.Take(6)));
        var rules = pattern.ListOf().Select(lines => string.Join('\n', lines.Take(6)) + "\n");
        Prop.ForAll(
                rules.ToArbitrary(),
                text =>
                {
                    repository.Write(".gitignore", text);
                    var ours = new IgnoreRules(Encoding.UTF8.GetBytes(text), [], null);
                    var here = entries
                        .Where(entry => LeavesOut(ours, entry.Path, entry.IsFolder))
                        .Select(entry => entry.Path)
                        .ToHashSet();
                    var gits = CheckIgnore(repository.Root, input);
                    if (!here.SetEquals(gits))
                        throw new InvalidOperationException(
                            $"{text.Replace("\n", "⏎")}: only ours {string.Join(' ', here.Except(gits))}; only git's "
                                + $"{string.Join(' ', gits.Except(here))}"
                        );
                }
            )
            .Check(Config.QuickThrowOnFailure.WithMaxTest(250));
    }

    [Theory]
    [InlineData("[-- x]", "-", true)] // an empty range holds its first
    [InlineData("[z-a]", "z", true)]
    [InlineData("[z-a]", "a", false)]
    [InlineData("[!z-a]", "z", false)]
    public void An_empty_range_holds_its_first_as_with_git(string pattern, string name, bool leftOut)
    {
        using var repository = new TestRepository(withFirstCommit: false);
        repository.Write(".gitignore", pattern + "\n");
        Assert.Equal(
            leftOut,
            new IgnoreRules(Encoding.UTF8.GetBytes(pattern + "\n"), [], null).LeavesOut(
                Encoding.UTF8.GetBytes(name),
                false
            )
        );
        Assert.Equal(leftOut, CheckIgnore(repository.Root, Encoding.UTF8.GetBytes(name)).Contains(name));
    }

    /// <summary>As a walk asks: a folder that is left out is not entered.</summary>
    private static bool LeavesOut(IgnoreRules rules, string path, bool isFolder)
    {
        for (var slash = path.IndexOf('/'); slash > 0; slash = path.IndexOf('/', slash + 1))
            if (rules.LeavesOut(Encoding.UTF8.GetBytes(path[..slash]), true))
                return true;
        return rules.LeavesOut(Encoding.UTF8.GetBytes(path), isFolder);
    }

    private static HashSet<string> CheckIgnore(string root, byte[] input)
    {
        using var git = Process.Start(
            new ProcessStartInfo("git", ["check-ignore", "--no-index", "-z", "--stdin"])
            {
                WorkingDirectory = root,
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
            }
        )!;
        git.StandardInput.BaseStream.Write(input);
        git.StandardInput.Close();
        return [.. git.StandardOutput.ReadToEnd().Split('\0', StringSplitOptions.RemoveEmptyEntries)];
    }
}
