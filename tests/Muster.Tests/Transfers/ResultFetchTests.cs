using System.Runtime.Versioning;
using Muster.Faults;
using Muster.Hosts;
using Muster.Snapshots;

namespace Muster.Transfers;

[UnsupportedOSPlatform("windows")]
public sealed class ResultFetchTests : IDisposable
{
    private readonly TestRepository _there = new(withFirstCommit: false);
    private readonly string _here;

    public ResultFetchTests()
    {
        _here = Path.Combine(_there.Beside, "here");
        _there.Sh("rm -rf .git");
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => _there.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Results_come_home_as_they_are(bool busyBox)
    {
        var host = new TestHost { Tools = busyBox ? TestHost.BusyBox(Path.Combine(_there.Beside, "tools")) : null };
        _there.Sh(
            $"""
            mkdir -p a/b; echo 1 > a/b/one; echo 2 > "$(printf 'line\nfeed')"; echo 3 > 'back\slash'; echo 4 > ' -dash'; : > empty; echo same > twin; ln twin twin2
            ln -s a/b/one inside; ln -s ../empty a/up; head -c 20000000 /dev/urandom > large; echo x > run; chmod 755 run; chmod 600 twin; echo l > {new string(
                'n',
                200
            )}
            """
        );

        var report = await Fetch(host).FetchAsync([], null, Ct);

        Assert.Equal("", _there.Sh($"diff -r --no-dereference --exclude={FetchRecord.FileName} . {_here}"));
        Assert.Equal(10, report.FilesFetched);
        Assert.Empty(report.Warnings);
        Assert.True(File.GetUnixFileMode(Path.Combine(_here, "run")).HasFlag(UnixFileMode.UserExecute));
        Assert.Equal((0, 10), await CountsAsync(host));
    }

    [Fact]
    public async Task Only_what_is_asked_for_is_brought()
    {
        _there.Sh("mkdir -p a/b; touch a/b/x.ply a/x.log y.ply z");

        await Fetch(new LocalHost()).FetchAsync(["*.ply", "a/*.log"], null, Ct);

        Assert.Equal(["a/b/x.ply", "a/x.log", "y.ply"], Here());
    }

    [Fact]
    public async Task Results_that_were_removed_there_are_told_as_such()
    {
        _there.Sh("rm -r \"$PWD\"");
        Assert.Contains(
            "is not there any more",
            (await Assert.ThrowsAsync<UserException>(() => Fetch(new LocalHost()).FetchAsync([], null, Ct))).Message
        );
    }

    [Fact]
    public async Task What_changed_there_is_brought_again()
    {
        _there.Write("model", "one");
        _there.Write("log", "one");
        await Fetch(new LocalHost()).FetchAsync([], null, Ct);
        _there.Write("log", "one two");

        var report = await Fetch(new LocalHost()).FetchAsync([], null, Ct);

        Assert.Equal((1, 1), (report.FilesFetched, report.FilesHere));
        Assert.Empty(report.Kept);
        Assert.Equal("one two", File.ReadAllText(Path.Combine(_here, "log")));
    }

    [Fact]
    public async Task A_file_of_yours_is_left_alone()
    {
        _there.Write("model", "theirs");
        _there.Write("notes", "theirs");
        Directory.CreateDirectory(_here);
        File.WriteAllText(Path.Combine(_here, "model"), "mine");
        await Fetch(new LocalHost()).FetchAsync(["notes"], null, Ct);
        File.WriteAllText(Path.Combine(_here, "notes"), "edited");
        _there.Write("notes", "theirs, later");

        var report = await Fetch(new LocalHost()).FetchAsync([], null, Ct);

        Assert.Equal(["model", "notes"], report.Kept.Order());
        Assert.Equal(
            ["mine", "theirs", "edited", "theirs, later"],
            new[] { "model", "model.new", "notes", "notes.new" }.Select(name =>
                File.ReadAllText(Path.Combine(_here, name))
            )
        );
        Assert.Equal(0, (await Fetch(new LocalHost()).FetchAsync([], null, Ct)).FilesFetched);
    }

    [Fact]
    public async Task Links_that_lead_out_are_not_made()
    {
        _there.Sh(
            "mkdir -p a; ln -s /etc/no-such-file absolute; ln -s ../outside up; ln -s a/../../outside round; ln -s "
                + "../a/x a/fine; ln -s nowhere dangling"
        );

        var report = await Fetch(new LocalHost()).FetchAsync([], null, Ct);

        Assert.Equal(3, report.Warnings.Count);
        Assert.Equal(["a/fine", "dangling"], Here());
    }

    [Fact]
    public async Task Nothing_is_written_through_a_link_here()
    {
        _there.Write("a/file", "theirs");
        Directory.CreateDirectory(_here);
        Directory.CreateDirectory(Path.Combine(_there.Beside, "elsewhere"));
        File.CreateSymbolicLink(Path.Combine(_here, "a"), "../elsewhere");

        await Assert.ThrowsAsync<UserException>(() => Fetch(new LocalHost()).FetchAsync([], null, Ct));

        Assert.Empty(Directory.GetFileSystemEntries(Path.Combine(_there.Beside, "elsewhere")));
    }

    [Fact]
    public async Task An_archive_that_lies_harms_nothing()
    {
        _there.Write("good", "good");
        var tools = Directory.CreateDirectory(Path.Combine(_there.Beside, "liar")).FullName;
        File.WriteAllText(
            Path.Combine(tools, "tar"),
            """
            #!/bin/sh
            cd /tmp && d=$(mktemp -d) && cd "$d" && mkdir a && echo evil > a/evil && echo other > a/good && ln -s /tmp a/link
            exec /usr/bin/tar -cPf - --transform 's,^a/evil$,../../evil,;s,^a/good$,./good,;s,^a/link,./link,' a/evil a/good a/link
            """
        );
        _there.Sh($"chmod +x {tools}/tar");

        await Fetch(new TestHost { Tools = $"{tools}:/usr/bin:/bin" }).FetchAsync([], null, Ct);

        Assert.Equal(["good"], Here());
        Assert.Equal("good", File.ReadAllText(Path.Combine(_here, "good")));
        Assert.False(File.Exists(Path.Combine(_there.Beside, "evil")));
    }

    [Theory]
    [InlineData(100)]
    [InlineData(60_000)]
    [InlineData(350_000)]
    public async Task A_broken_stream_goes_on_where_it_stopped(long cut)
    {
        _there.Sh(
            "for i in $(seq 30); do head -c 20000 /dev/urandom > small$i; done; head -c 17000000 /dev/urandom > large"
        );
        var host = new TestHost { CutOutputAt = cut };
        var broken = await Assert.ThrowsAsync<HostUnreachableException>(() => Fetch(host).FetchAsync([], null, Ct));
        Assert.True(broken.MayPass);

        host.CutOutputAt = null;
        var report = await Fetch(host).FetchAsync([], null, Ct);

        Assert.Equal("", _there.Sh($"diff -r --exclude={FetchRecord.FileName} . {_here}"));
        Assert.InRange(report.BytesFetched, 0, 17_600_000 - Math.Max(0, cut - 50_000));
    }

    [Theory]
    [InlineData("head -c 9000000 large", 8_000_000)]
    [InlineData("head -c 9000000 /dev/zero", 8_000_000 + 17_000_000)]
    [InlineData("cat large large", 17_000_000)]
    public async Task A_large_file_goes_on_from_its_part_if_that_is_right(string part, long bytes)
    {
        _there.Sh($"head -c 17000000 /dev/urandom > large; mkdir {_here}; {part} > {_here}/large.muster-part");

        var report = await Fetch(new LocalHost()).FetchAsync([], null, Ct);

        Assert.Equal(bytes, report.BytesFetched);
        Assert.Equal("", _there.Sh($"cmp large {_here}/large"));
        Assert.Equal(["large"], Here());
    }

    [Fact]
    public async Task A_folder_that_is_not_there_is_the_users_to_mend()
    {
        var fault = await Assert.ThrowsAsync<UserException>(() =>
            new ResultFetch(new LocalHost(), "run-1", _there.Root + "/none", _here).FetchAsync([], null, Ct)
        );
        Assert.Contains("/none", fault.Message);
    }

    [Theory]
    [InlineData("find", """printf './../../evil\0\0'""")]
    [InlineData("find", """printf '../../evil\0\0'""")]
    [InlineData("find", """printf '/etc/evil\0\0'""")]
    [InlineData("find", """printf 'x\0\0'""")]
    [InlineData("find", """printf './a/../../evil\0\0'""")]
    [InlineData("stat", "echo '777777777777 -5 x'")]
    [InlineData("stat", "echo '644 99999999999999999999 0'")]
    [InlineData("stat", "echo nothing")]
    public async Task A_host_that_lists_what_cannot_be_is_not_believed(string tool, string lie)
    {
        _there.Sh("echo 1 > one");
        var tools = Directory.CreateDirectory(Path.Combine(_there.Beside, "tools")).FullName;
        File.WriteAllText(Path.Combine(tools, tool), $"#!/bin/sh\n{lie}\n");
        File.SetUnixFileMode(Path.Combine(tools, tool), UnixFileMode.UserRead | UnixFileMode.UserExecute);

        await Assert.ThrowsAsync<UserException>(() =>
            Fetch(new TestHost { Tools = $"{tools}:/usr/bin:/bin" }).FetchAsync([], null, Ct)
        );
        Assert.False(Path.Exists(_here));
        Assert.False(Path.Exists(Path.Combine(_there.Beside, "evil")));
    }

    [Fact]
    public async Task A_link_that_an_earlier_result_made_leads_nothing_outside()
    {
        var outside = Directory.CreateDirectory(Path.Combine(_there.Beside, "outside")).FullName;
        _there.Sh(
            $"mkdir real; echo 1 > real/x; ln -s real inner; ln -s {outside} out; ln -s .. up; ln -s "
                + "inner/../../outside crooked"
        );
        var report = await Fetch(new LocalHost()).FetchAsync([], null, Ct);
        Assert.Equal(3, report.Warnings.Count(warning => warning.Contains("outside of the results")));

        // Later the same names are folders there: what was a link here must not be written through.
        _there.Sh("rm inner out; mkdir inner out; echo 2 > inner/x; echo 3 > out/x");
        File.CreateSymbolicLink(Path.Combine(_here, "out"), outside);

        await Assert.ThrowsAsync<UserException>(() => Fetch(new LocalHost()).FetchAsync([], null, Ct));
        Assert.Empty(Directory.EnumerateFileSystemEntries(outside));
        Assert.Equal("1\n", File.ReadAllText(Path.Combine(_here, "real", "x")));
    }

    [Fact]
    public async Task Files_that_no_pattern_fits_are_counted()
    {
        _there.Sh("touch a b c");

        Assert.Equal(3, (await Fetch(new LocalHost()).FetchAsync(["*.zzz"], null, Ct)).Unwanted);
        Assert.False(Path.Exists(_here));
    }

    private ResultFetch Fetch(IHost host) => new(host, "run-1", _there.Root, _here);

    private async Task<(int Fetched, int Here)> CountsAsync(IHost host)
    {
        var report = await Fetch(host).FetchAsync([], null, Ct);
        return (report.FilesFetched, report.FilesHere);
    }

    private IEnumerable<string> Here() =>
        Directory
            .EnumerateFiles(_here, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0 })
            .Select(path => Path.GetRelativePath(_here, path))
            .Where(name => name != FetchRecord.FileName)
            .Order(StringComparer.Ordinal);
}
