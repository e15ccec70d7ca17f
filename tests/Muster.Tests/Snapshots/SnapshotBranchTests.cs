namespace Muster.Snapshots;

public sealed class SnapshotBranchTests : IDisposable
{
    private static readonly DateTimeOffset Now = new(
        2018,
        6,
        15,
        12,
        30,
        5,
        TimeZoneInfo.Local.GetUtcOffset(new DateTime(2018, 6, 15, 12, 30, 5))
    );
    private readonly TestRepository _repository = new();

    public void Dispose() => _repository.Dispose();

    private static Task<(string Word, string Text)?> KeepAsync(
        Snapshot snapshot,
        string branch = "",
        string id = "0001"
    ) => SnapshotBranch.KeepAsync(snapshot, id, branch, Now, TestContext.Current.CancellationToken);

    private string Branches => _repository.Git("for-each-ref --format='%(refname:short)' refs/heads");

    [Fact]
    public async Task Changed_code_is_kept_as_a_branch_and_the_working_copy_does_not_notice()
    {
        _repository.Git("switch -q -c feature/depth");
        _repository.Write("main.py", "print('two')\n");
        _repository.Write("new.py", "y = 2\n");
        _repository.Git("add new.py");
        var before = (
            _repository.Git("status --porcelain=v2"),
            _repository.Git("rev-parse HEAD"),
            _repository.Sh("sha256sum .git/index"),
            _repository.Git("reflog")
        );

        var kept = await KeepAsync(await _repository.GetAsync());

        Assert.Equal("branch", kept?.Word);
        Assert.Equal("print('two')", _repository.Git("show feature/depth.dirty/20180615.123005:main.py"));
        Assert.Equal("y = 2", _repository.Git("show feature/depth.dirty/20180615.123005:new.py"));
        Assert.Equal(
            before,
            (
                _repository.Git("status --porcelain=v2"),
                _repository.Git("rev-parse HEAD"),
                _repository.Sh("sha256sum .git/index"),
                _repository.Git("reflog")
            )
        );
    }

    [Fact]
    public async Task Two_snapshots_of_one_second_are_both_kept()
    {
        _repository.Write("main.py", "print('two')\n");
        await KeepAsync(await _repository.GetAsync());
        _repository.Write("main.py", "print('three')\n");

        await KeepAsync(await _repository.GetAsync("run-2"), id: "0002");

        Assert.Equal("main\nmain.dirty/20180615.123005\nmain.dirty/20180615.123005-0002", Branches);
    }

    [Fact]
    public async Task A_name_that_is_taken_is_said_and_stops_nothing()
    {
        _repository.Git("branch main.dirty");
        _repository.Write("main.py", "print('two')\n");

        var kept = await KeepAsync(await _repository.GetAsync());

        Assert.Equal("note", kept?.Word);
        Assert.Contains("main.dirty", kept?.Text);
        Assert.Equal("main\nmain.dirty", Branches);
    }

    [Fact]
    public async Task Committed_code_gets_a_branch_only_by_another_name()
    {
        var snapshot = await _repository.GetAsync();

        Assert.Null(await KeepAsync(snapshot));
        Assert.Null(await KeepAsync(snapshot, "main"));
        Assert.Equal("branch", (await KeepAsync(snapshot, "paper"))?.Word);
        Assert.Equal("note", (await KeepAsync(snapshot, "paper"))?.Word);
        Assert.Equal(_repository.Git("rev-parse HEAD"), _repository.Git("rev-parse paper"));
    }

    [Theory]
    [InlineData("two words")]
    [InlineData("../up")]
    [InlineData("-x..y")]
    public async Task A_name_that_git_does_not_take_is_said(string branch)
    {
        _repository.Write("main.py", "print('two')\n");

        Assert.Equal("note", (await KeepAsync(await _repository.GetAsync(), branch))?.Word);
        Assert.Equal("main", Branches);
    }
}
