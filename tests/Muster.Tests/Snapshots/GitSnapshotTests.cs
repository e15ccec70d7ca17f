using System.Text;
using Muster.Faults;
using Muster.Transfers;

namespace Muster.Snapshots;

public sealed class GitSnapshotTests
{
    [Fact]
    public async Task Edits_staged_edits_and_new_files_are_in_it_and_ignored_ones_are_not()
    {
        using var repository = new TestRepository();
        repository.Write(".gitignore", "*.log\nbuild/\n");
        repository.Write("main.py", "staged\n");
        repository.Git("add main.py");
        repository.Write("main.py", "edited after staging\n");
        repository.Write("lib/util.py", "edited\n");
        repository.Write("new/deep/file", "new\n");
        repository.Write("run.log", "left out");
        repository.Write("build/big", "left out");

        var snapshot = await repository.GetAsync();

        Assert.Equal(
            new()
            {
                [".gitignore"] = "*.log\nbuild/\n",
                ["main.py"] = "edited after staging\n",
                ["lib/util.py"] = "edited\n",
                ["new/deep/file"] = "new\n",
            },
            await snapshot.FilesAsync()
        );
        Assert.Equal((true, "main"), (snapshot.Dirty, snapshot.Branch));
        Assert.Equal(["build/", "run.log"], snapshot.LeftOut.Entries.Order());
        Assert.Equal(snapshot.Commit, repository.Git("rev-parse refs/muster/run-1"));
        Assert.Equal(snapshot.Head, repository.Git("rev-parse refs/muster/run-1^"));
        Assert.Equal("edited", repository.Git("show refs/muster/run-1:lib/util.py"));
    }

    [Fact]
    public async Task A_snapshot_is_taken_again_whatever_was_edited_since()
    {
        using var repository = new TestRepository();
        repository.Write("main.py", "as it was\n");
        repository.Write("only/then", "new\n");
        var first = await repository.GetAsync();
        var files = await first.FilesAsync();
        repository.Write("main.py", "as it is\n");
        File.Delete(Path.Combine(repository.Root, "only", "then"));
        var status = repository.Git("status --porcelain");

        var again = await repository.GetAsync("run-2", same: first.Commit);

        Assert.Equal(files, await again.FilesAsync());
        Assert.Equal(first.Commit, again.Commit);
        Assert.Equal(first.Commit, repository.Git("rev-parse refs/muster/run-2"));
        Assert.Equal(status, repository.Git("status --porcelain"));
        await Assert.ThrowsAsync<UserException>(() => repository.GetAsync("run-3", same: new string('1', 40)));
    }

    [Fact]
    public async Task What_is_only_staged_is_in_it()
    {
        using var repository = new TestRepository();
        repository.Write("main.py", "staged\n");
        repository.Git("add main.py");

        Assert.Equal("staged\n", (await (await repository.GetAsync()).FilesAsync())["main.py"]);
    }

    [Fact]
    public async Task The_working_copy_never_notices()
    {
        using var repository = new TestRepository();
        repository.Write("main.py", "staged\n");
        repository.Git("add main.py");
        repository.Write("main.py", "edited\n");
        repository.Write("new", "new\n");
        repository.Git("stash list");
        repository.Write(".git/hooks/pre-commit", "#!/bin/sh\ntouch hooked\n");
        repository.Write(".git/hooks/post-index-change", "#!/bin/sh\ntouch hooked\n");
        repository.Write(".git/hooks/reference-transaction", "#!/bin/sh\ntouch hooked\n");
        repository.Sh("chmod +x .git/hooks/*");
        repository.Git("config core.logAllRefUpdates always");
        var before = Look();

        await repository.TakeAsync();

        Assert.Equal(before, Look());
        Assert.False(File.Exists(Path.Combine(repository.Root, "hooked")));

        string Look() =>
            repository.Sh(
                """
                stat -c '%Y %y %i' .git/index; sha256sum .git/index .git/HEAD; find .git/logs -type f -exec sha256sum {} +
                ls -A . .git; GIT_OPTIONAL_LOCKS=0 git status --porcelain=v2 --branch; git branch -a; git stash list
                """
            );
    }

    [Fact]
    public async Task A_clean_tree_is_its_own_snapshot()
    {
        using var repository = new TestRepository();

        var snapshot = await repository.GetAsync();

        Assert.False(snapshot.Dirty);
        Assert.Equal(snapshot.Head, snapshot.Commit);
        Assert.Equal(snapshot.Head, repository.Git("rev-parse refs/muster/run-1"));
    }

    [Fact]
    public async Task An_edit_of_the_same_length_within_the_same_second_is_seen()
    {
        using var repository = new TestRepository();
        for (var i = 0; i < 5; i++)
        {
            repository.Write("main.py", $"print('{i}xx')\n");
            repository.Git("add main.py");
            repository.Write("main.py", $"print('{i}yy')\n");

            Assert.Equal($"print('{i}yy')\n", (await (await repository.GetAsync($"run-{i}")).FilesAsync())["main.py"]);
        }
    }

    [Fact]
    public async Task It_works_before_the_first_commit()
    {
        using var repository = new TestRepository(withFirstCommit: false);
        repository.Write("main.py", "new\n");

        var snapshot = await repository.GetAsync();

        Assert.Equal((null, "main", true), (snapshot.Head, snapshot.Branch, snapshot.Dirty));
        Assert.Equal("new\n", (await snapshot.FilesAsync())["main.py"]);
        Assert.Equal("1", repository.Git("rev-list --count refs/muster/run-1"));
    }

    [Fact]
    public async Task A_detached_head_is_named_by_its_short_hash_and_a_branch_with_a_slash_by_its_name()
    {
        using var repository = new TestRepository();
        repository.Git("checkout -q -b feature/one");
        Assert.Equal("feature/one", (await repository.GetAsync("run-1")).Branch);

        repository.Git("checkout -q --detach");
        var snapshot = await repository.GetAsync("run-2");
        Assert.Equal(snapshot.ShortHead, snapshot.Branch);
        Assert.StartsWith(snapshot.ShortHead!, repository.Git("rev-parse HEAD"));
    }

    [Fact]
    public async Task From_a_subfolder_the_whole_repository_is_taken()
    {
        using var repository = new TestRepository();
        repository.Write("öd/ li\nb/x", "1");
        repository.Write("main.py", "edited\n");

        var snapshot = await repository.GetAsync(below: "öd/ li\nb");

        Assert.Equal("öd/ li\nb", snapshot.Subfolder!.Value.Text);
        Assert.Equal("edited\n", (await snapshot.FilesAsync())["main.py"]);
        Assert.Null((await repository.GetAsync("run-2")).Subfolder);
    }

    [Fact]
    public async Task Outside_a_work_tree_there_is_none()
    {
        using var repository = new TestRepository();
        Assert.Null(
            await GitSnapshot.TakeAsync(
                repository.Beside,
                new("run-1"),
                null,
                repository.Cache,
                TestContext.Current.CancellationToken
            )
        );
        Assert.Null(await repository.TakeAsync(below: ".git"));
        repository.Git("clone -q --bare . ../bare.git");
        Assert.Null(await repository.TakeAsync(below: "../bare.git"));
    }

    [Fact]
    public async Task Any_name_and_any_mode_is_kept()
    {
        using var repository = new TestRepository();
        repository.Sh(
            """
            touch -- "$(printf 'latin1-\351')" "$(printf 'line\nfeed')" '-dash' ' space ' "quo'te\"" 'back\slash' 'st*r'
            printf '#!/bin/sh\n' > run.sh; chmod +x run.sh; ln -s nowhere dangling; ln -s lib link
            """
        );

        var items = (await repository.GetAsync()).Items.ToDictionary(item => item.Path.ToString());

        Assert.Superset(
            new HashSet<string>
            {
                "latin1-\\xe9",
                "line\\x0afeed",
                "-dash",
                " space ",
                "quo'te\"",
                "back\\slash",
                "st*r",
            },
            items.Keys.ToHashSet()
        );
        Assert.Equal(CargoKind.Executable, items["run.sh"].Kind);
        Assert.Equal("nowhere", Encoding.UTF8.GetString(items["dangling"].Target.Span));
        Assert.Equal(CargoKind.Symlink, items["link"].Kind);
    }

    [Fact]
    public async Task Submodules_are_taken_in_the_same_manner_with_all_that_is_new_in_them()
    {
        using var inner = new TestRepository();
        using var deep = new TestRepository();
        using var repository = new TestRepository();
        inner.Git($"-c protocol.file.allow=always submodule --quiet add {deep.Root} deep");
        inner.Git("commit -q -m deep");
        repository.Git($"-c protocol.file.allow=always submodule --quiet add {inner.Root} third/inner");
        repository.Git("commit -q -m inner");
        repository.Git("-c protocol.file.allow=always submodule --quiet update --init --recursive");
        repository.Write("third/inner/main.py", "edited in the submodule\n");
        repository.Write("third/inner/deep/new", "new in the deepest\n");
        var before = repository.Sh(
            "git status --porcelain=v2; cd third/inner; git status --porcelain=v2; cd deep; git status --porcelain=v2"
        );

        var snapshot = await repository.GetAsync();

        var files = await snapshot.FilesAsync();
        Assert.Equal("edited in the submodule\n", files["third/inner/main.py"]);
        Assert.Equal("new in the deepest\n", files["third/inner/deep/new"]);
        Assert.Equal(
            repository.Git("rev-parse refs/muster/run-1:third/inner"),
            repository.Git("-C third/inner rev-parse refs/muster/run-1")
        );
        Assert.Equal(
            repository.Git("-C third/inner rev-parse refs/muster/run-1:deep"),
            repository.Git("-C third/inner/deep rev-parse refs/muster/run-1")
        );
        Assert.Equal(
            before,
            repository.Sh(
                "git status --porcelain=v2; cd third/inner; git status --porcelain=v2; cd deep; git status "
                    + "--porcelain=v2"
            )
        );
    }

    [Fact]
    public async Task A_submodule_that_is_not_checked_out_is_said()
    {
        using var inner = new TestRepository();
        using var repository = new TestRepository();
        repository.Git($"-c protocol.file.allow=always submodule --quiet add {inner.Root} inner");
        repository.Git("commit -q -m inner");
        repository.Git("submodule --quiet deinit -f inner");

        var snapshot = await repository.GetAsync();

        Assert.StartsWith("inner: a submodule that is not checked out", Assert.Single(snapshot.Warnings));
        Assert.False(snapshot.Dirty);
    }

    [Fact]
    public async Task Nothing_is_left_when_it_fails_half_way()
    {
        using var inner = new TestRepository();
        using var repository = new TestRepository();
        repository.Git($"-c protocol.file.allow=always submodule --quiet add {inner.Root} inner");
        repository.Git("commit -q -m inner");
        repository.Git("branch -q muster && git update-ref refs/muster/run-1/in-the-way HEAD");
        repository.Write("main.py", "edited\n");

        await Assert.ThrowsAsync<UserException>(() => repository.TakeAsync());

        Assert.Equal("", repository.Git("-C inner for-each-ref refs/muster"));
        Assert.False(File.Exists(Path.Combine(repository.Root, ".git/index.lock")));
    }

    [Fact]
    public async Task Bare_shells_without_a_user_name_will_do()
    {
        using var repository = new TestRepository();
        repository.Git("config --unset user.name");
        repository.Git("config --unset user.email");
        repository.Git("config user.useConfigOnly true");
        repository.Write("main.py", "edited\n");

        await repository.TakeAsync();

        Assert.Equal("Muster <muster@localhost>", repository.Git("log -1 --format='%an <%ae>' refs/muster/run-1"));
    }

    [Fact]
    public async Task A_linked_work_tree_has_its_own_state()
    {
        using var repository = new TestRepository();
        repository.Git("worktree add -q ../linked -b other");
        File.WriteAllText(Path.Combine(repository.Beside, "linked/main.py"), "edited there\n");

        var snapshot = await repository.GetAsync(below: "../linked");

        Assert.Equal("other", snapshot.Branch);
        Assert.Equal("edited there\n", (await snapshot.FilesAsync())["main.py"]);
    }

    [Fact]
    public async Task A_sparse_checkout_gives_what_is_checked_out_and_loses_nothing_in_the_commit()
    {
        using var repository = new TestRepository();
        repository.Write("far/away", "x");
        repository.Git("add -A && git commit -q -m far");
        repository.Git("sparse-checkout set --cone lib");
        repository.Write("lib/util.py", "edited\n");
        repository.Write("far/stray", "outside of the cone");

        var snapshot = await repository.GetAsync();

        var files = await snapshot.FilesAsync();
        Assert.Equal("edited\n", files["lib/util.py"]);
        Assert.DoesNotContain("far/away", files.Keys);
        Assert.Equal("x", repository.Git("show refs/muster/run-1:far/away"));
    }

    [Fact]
    public async Task A_conflicted_merge_gives_the_working_files()
    {
        using var repository = new TestRepository();
        repository.Git("checkout -q -b other");
        repository.Write("main.py", "theirs\n");
        repository.Git("commit -qam theirs && git checkout -q main");
        repository.Write("main.py", "ours\n");
        repository.Git("commit -qam ours");
        Assert.Throws<InvalidOperationException>(() => repository.Git("merge other"));

        var files = await (await repository.GetAsync()).FilesAsync();

        Assert.Contains("<<<<<<<", files["main.py"]);
        Assert.Contains("UU main.py", repository.Git("status --porcelain"));
    }

    [Theory]
    [InlineData("git update-index --split-index")]
    [InlineData("git config core.fsmonitor 'touch .git/watched'")]
    [InlineData("git config core.untrackedCache true; git status")]
    [InlineData("touch .git/index.lock")]
    [InlineData("echo later > intended; git add -N intended")]
    [InlineData("git config core.autocrlf input; git config core.safecrlf true")]
    [InlineData("git config commit.gpgSign true; git config gpg.program false")]
    [InlineData("git update-index --index-version 4")]
    [InlineData("git config core.bare false; git config submodule.recurse true")]
    public async Task An_unusual_setting_is_no_obstacle(string setting)
    {
        using var repository = new TestRepository();
        repository.Sh(setting);
        repository.Write("main.py", "edited\n");

        var files = await (await repository.GetAsync()).FilesAsync();

        Assert.Equal("edited\n", files["main.py"]);
        Assert.Equal(
            setting.Contains("later"),
            files.TryGetValue("intended", out var intended) && intended == "later\n"
        );
        Assert.False(File.Exists(Path.Combine(repository.Root, ".git/watched")));
    }

    [Fact]
    public async Task Several_at_once_do_not_disturb_each_other()
    {
        using var repository = new TestRepository();
        repository.Write("main.py", "edited\n");

        var snapshots = await Task.WhenAll(Enumerable.Range(0, 6).Select(i => repository.GetAsync($"run-{i}")));

        Assert.Single(snapshots.Select(snapshot => repository.Git($"rev-parse {snapshot.Commit}^{{tree}}")).Distinct());
        Assert.Equal("6", repository.Sh("git for-each-ref refs/muster | wc -l"));
    }

    [Fact]
    public async Task An_lfs_pointer_is_replaced_by_its_content_where_that_is_here()
    {
        using var repository = new TestRepository();
        var oid = repository.Sh("printf %s 'the real content' | sha256sum | cut -c1-64");
        repository.Write(".gitattributes", "*.bin filter=lfs\n");
        repository.Write("here.bin", Pointer(oid, 16));
        repository.Write("away.bin", Pointer(new string('0', 64), 99));
        repository.Write($".git/lfs/objects/{oid[..2]}/{oid[2..4]}/{oid}", "the real content");

        var snapshot = await repository.GetAsync();

        var files = await snapshot.FilesAsync();
        Assert.Equal("the real content", files["here.bin"]);
        Assert.Equal(Pointer(new string('0', 64), 99), files["away.bin"]);
        Assert.StartsWith("away.bin: only the Git LFS pointer", Assert.Single(snapshot.Warnings));

        static string Pointer(string oid, long size) =>
            $"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {size}\n";
    }

    [Fact]
    public async Task A_repository_of_someone_else_says_how_to_allow_it()
    {
        Assert.True(Environment.UserName == "root", "only root can give a folder away");
        using var repository = new TestRepository();
        repository.Sh("chown -R 65534:65534 .");

        var fault = await Assert.ThrowsAsync<UserException>(() => repository.TakeAsync());

        Assert.Contains("safe.directory", fault.Fix);
    }

    [Fact]
    public async Task A_survey_tells_what_would_be_new_and_writes_nothing()
    {
        using var repository = new TestRepository();
        using var inner = new TestRepository();
        repository.Git($"-c protocol.file.allow=always submodule --quiet add {inner.Root} inner");
        repository.Git("commit -q -m inner");
        repository.Write("main.py", "12345");
        repository.Write("a b\nc/new", "123");
        repository.Write("inner/new", "1234567");
        repository.Write("lib/staged", "is in git already");
        repository.Git("add lib/staged");
        repository.Sh("rm lib/util.py");
        var before = repository.Sh("find .git -type f | sort | xargs sha256sum");

        var survey = await SnapshotSurvey.LookAsync(repository.Root, TestContext.Current.CancellationToken);

        Assert.Equal(
            [("inner/new", 7), ("main.py", 5), ("a b\\x0ac/new", 3)],
            survey!.Largest(9).Select(file => (file.Path.ToString(), file.Size))
        );
        Assert.Equal(15, survey.Bytes);
        Assert.Equal(before, repository.Sh("find .git -type f | sort | xargs sha256sum"));
    }
}
