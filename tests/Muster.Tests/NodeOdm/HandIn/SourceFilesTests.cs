using Muster.Faults;

namespace Muster.NodeOdm.HandIn;

public sealed class SourceFilesTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("muster-source-");

    [Fact]
    public void A_folder_gives_what_reconstructions_read_and_two_of_one_name_are_two_files()
    {
        foreach (
            var path in new[]
            {
                "100/DJI_1.JPG",
                "101/DJI_1.JPG",
                "gcp_list.txt",
                "notes.docx",
                ".hidden/x.jpg",
                "muster-out/x/ortho.tif",
                "100/.x.jpg",
            }
        )
            Write(path);
        var source = SourceFiles.Of([_folder.FullName]);
        Assert.Equal(["DJI_1.JPG", "DJI_1_.JPG", "gcp_list.txt"], source.Files.Select(file => file.Name).Order());
        Assert.Equal("notes.docx", Path.GetFileName(Assert.Single(source.LeftOut)));
        Assert.Equal((2, 3), (source.Images, source.Bytes));
    }

    [Fact]
    public void A_file_that_is_named_is_taken_whatever_it_is_called() =>
        Assert.Equal(
            "body.json",
            SourceFiles.Of([Write("body.json")]).Files.Select(file => Path.GetFileName(file.Path)).Single()
        );

    [Theory, InlineData("nowhere", "there is no"), InlineData("", "there are no photos in")]
    public void What_is_not_there_is_named(string below, string said) =>
        Assert.Contains(
            said,
            Assert.Throws<UserException>(() => SourceFiles.Of([Path.Combine(_folder.FullName, below)])).Message,
            StringComparison.Ordinal
        );

    [Fact]
    public void A_change_of_anything_makes_another_hand_in_of_it()
    {
        var path = Write("a.jpg");
        string Key(string options = "[]") => SourceFiles.Of([path]).Key("http://x", "name", options);
        var first = Key();
        Assert.Equal(first, Key());
        Assert.NotEqual(first, Key("[1]"));
        File.SetLastWriteTimeUtc(path, DateTime.UtcNow.AddDays(-1));
        Assert.NotEqual(first, Key());
    }

    private string Write(string path)
    {
        var file = new FileInfo(Path.Combine(_folder.FullName, path));
        file.Directory!.Create();
        File.WriteAllBytes(file.FullName, [1]);
        return file.FullName;
    }

    public void Dispose() => _folder.Delete(recursive: true);
}
