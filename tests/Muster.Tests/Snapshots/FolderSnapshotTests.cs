using System.Text;
using Muster.Faults;
using Muster.Transfers;

namespace Muster.Snapshots;

public sealed class FolderSnapshotTests : IDisposable
{
    private readonly TestRepository _folder = new(withFirstCommit: false);

    public FolderSnapshotTests() => _folder.Sh("rm -rf .git");

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Everything_is_taken_as_it_is_but_what_musterignore_names()
    {
        _folder.Write(".musterignore", "*.log\n!keep.log\n/data/\n");
        _folder.Write("sub/.musterignore", "!*.log\ncache\n");
        _folder.Sh(
            "echo 1 > a.log; echo 2 > keep.log; mkdir -p data sub/data sub/cache none; echo 3 > data/x; echo 4 > "
                + "sub/data/y; echo 5 > sub/b.log; echo 6 > sub/cache/z"
        );
        _folder.Sh("printf '#!/bin/sh\n' > run; chmod +x run; ln run hard; ln -s nowhere dangling; ln -s sub folder");

        var snapshot = FolderSnapshot.Take(_folder.Root, Ct);

        var items = snapshot.Items.ToDictionary(item => item.Path.ToString());
        Assert.Equal(
            [
                ".musterignore",
                "dangling",
                "folder",
                "hard",
                "keep.log",
                "none",
                "run",
                "sub/.musterignore",
                "sub/b.log",
                "sub/data/y",
            ],
            items.Keys.Order(StringComparer.Ordinal)
        );
        Assert.Equal(["a.log", "data/", "sub/cache/"], snapshot.LeftOut.Entries.Order(StringComparer.Ordinal));
        Assert.Equal(
            (CargoKind.Executable, CargoKind.Folder, CargoKind.Symlink),
            (items["hard"].Kind, items["none"].Kind, items["folder"].Kind)
        );
        Assert.Equal("nowhere", Encoding.UTF8.GetString(items["dangling"].Target.Span));
        Assert.Equal("5\n", (await snapshot.FilesAsync())["sub/b.log"]);
    }

    [Fact]
    public void A_repository_without_git_is_taken_whole_but_for_what_its_ignore_files_name()
    {
        _folder.Sh(
            "mkdir -p .git/info lib/cache; echo '*.tmp' > .git/info/exclude; echo .env > .gitignore; echo '/cache/' > "
                + "lib/.gitignore; touch a.tmp .env main.py lib/util.py lib/cache/x lib/.env"
        );

        var snapshot = FolderSnapshot.TakeCode(Path.Combine(_folder.Root, "lib"), hasGit: false, Ct);

        Assert.Equal(
            [".gitignore", "lib/.gitignore", "lib/util.py", "main.py"],
            snapshot.Items.Select(item => item.Path.ToString())
        );
        Assert.Equal((_folder.Root, "lib", null), (snapshot.Root, snapshot.Subfolder?.Text, snapshot.Commit));
        Assert.Contains(
            snapshot.Warnings,
            warning => warning.Contains("git is not installed", StringComparison.Ordinal)
        );
        _folder.Sh("rm -r .git");
        Assert.Empty(FolderSnapshot.TakeCode(Path.Combine(_folder.Root, "lib"), hasGit: false, Ct).Warnings);
    }

    [Fact]
    public void Pipes_and_sockets_stay_and_are_said()
    {
        _folder.Sh("mkfifo pipe; touch file");

        var snapshot = FolderSnapshot.Take(_folder.Root, Ct);

        Assert.Equal("file", Assert.Single(snapshot.Items).Path.ToString());
        Assert.StartsWith("pipe: ", Assert.Single(snapshot.Warnings));
    }

    [Fact]
    public void A_name_that_is_not_utf8_is_named()
    {
        _folder.Sh("""mkdir sub; touch "sub/$(printf 'latin1-\351')" """);

        var fault = Assert.Throws<UserException>(() => FolderSnapshot.Take(_folder.Root, Ct));

        Assert.Contains("sub/latin1-", fault.Message);
    }

    [Fact]
    public void One_file_is_a_snapshot_too_also_through_a_link()
    {
        _folder.Sh("echo 12345 > film; ln -s film best");

        var item = Assert.Single(FolderSnapshot.Take(Path.Combine(_folder.Root, "best"), Ct).Items);

        Assert.Equal(("best", CargoKind.File, 6L), (item.Path.ToString(), item.Kind, item.Size));
    }

    [Fact]
    public void The_same_file_has_the_same_key_until_it_is_written_to()
    {
        _folder.Sh("echo 12345 > film; touch -d '1 hour ago' film");
        var first = FolderSnapshot.Take(_folder.Root, Ct).Items[0].Key;
        Assert.Equal(first, FolderSnapshot.Take(_folder.Root, Ct).Items[0].Key);

        _folder.Sh("echo 54321 > film; touch -d '1 hour ago' film");

        Assert.NotEqual(first, FolderSnapshot.Take(_folder.Root, Ct).Items[0].Key);
    }
}
