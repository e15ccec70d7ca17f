using System.IO.Compression;
using Muster.Faults;

namespace Muster.NodeOdm.HandIn;

public sealed class TaskResultsTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("muster-results-");

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private string Out => _folder.CreateSubdirectory("out").FullName;

    [Fact]
    public async Task Everything_is_unpacked_and_the_second_time_nothing_is_new()
    {
        var zip = Zip(("a/b/c.txt", "one"), ("d.txt", "two"));
        Assert.Equal((2, 6L, 0), await UnpackAsync(zip));
        Assert.Equal((0, 0L, 2), await UnpackAsync(zip));
        Assert.Equal("one", await File.ReadAllTextAsync(Path.Combine(Out, "a", "b", "c.txt"), Ct));
        Assert.Equal(
            [".muster-fetch.json", "a", "d.txt"],
            Directory.GetFileSystemEntries(Out).Select(Path.GetFileName).Order()
        );
    }

    [Fact]
    public async Task A_file_of_the_users_stays_and_the_result_stands_beside_it()
    {
        await File.WriteAllTextAsync(Path.Combine(Out, "d.txt"), "mine", Ct);
        var report = await TaskResults.UnpackAsync(Zip(("d.txt", "two")), "task", Out, Ct);
        Assert.Equal("d.txt", Assert.Single(report.Kept));
        Assert.Equal(
            ("mine", "two"),
            (
                await File.ReadAllTextAsync(Path.Combine(Out, "d.txt"), Ct),
                await File.ReadAllTextAsync(Path.Combine(Out, "d.txt.new"), Ct)
            )
        );
    }

    [Theory, InlineData("../outside.txt"), InlineData("/tmp/outside.txt"), InlineData("a/../../outside.txt")]
    public async Task No_entry_leads_out_of_the_folder(string name)
    {
        var fault = await Assert.ThrowsAsync<UserException>(() =>
            TaskResults.UnpackAsync(Zip(("fine.txt", "x"), (name, "evil")), "task", Out, Ct)
        );
        Assert.Contains("outside", fault.Message, StringComparison.Ordinal);
        Assert.Equal(
            ["out", "x.zip"],
            Directory.GetFileSystemEntries(_folder.FullName).Select(Path.GetFileName).Order()
        );
    }

    [Fact]
    public async Task Nothing_is_written_through_a_link()
    {
        var elsewhere = _folder.CreateSubdirectory("elsewhere").FullName;
        Directory.CreateSymbolicLink(Path.Combine(Out, "a"), elsewhere);
        await Assert.ThrowsAsync<UserException>(() => TaskResults.UnpackAsync(Zip(("a/b.txt", "x")), "task", Out, Ct));
        Assert.Empty(Directory.GetFileSystemEntries(elsewhere));
    }

    private async Task<(int, long, int)> UnpackAsync(string zip) =>
        await TaskResults.UnpackAsync(zip, "task", Out, Ct) is var report
            ? (report.Files, report.Bytes, report.FilesHere)
            : default;

    private string Zip(params (string Name, string Content)[] entries)
    {
        var path = Path.Combine(_folder.FullName, "x.zip");
        File.Delete(path);
        using var zip = ZipFile.Open(path, ZipArchiveMode.Create);
        foreach (var (name, content) in entries)
        {
            using var writer = new StreamWriter(zip.CreateEntry(name).Open());
            writer.Write(content);
        }
        return path;
    }

    public void Dispose() => _folder.Delete(recursive: true);
}
