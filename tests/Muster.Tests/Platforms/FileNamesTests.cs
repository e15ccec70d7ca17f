namespace Muster.Platforms;

public sealed class FileNamesTests
{
    [Theory]
    [InlineData(@"..\..\x")]
    [InlineData(@"C:\x")]
    [InlineData("C:x")]
    [InlineData(@"a/..\..\x")]
    [InlineData(@"\\server\share")]
    [InlineData("file.txt:hidden")]
    [InlineData("a/.. /x")]
    [InlineData("a/.../x")]
    [InlineData("end.")]
    [InlineData("end ")]
    [InlineData("nul")]
    [InlineData("a/Aux.txt")]
    [InlineData("com1 .log")]
    [InlineData("LPT¹")]
    [InlineData("what?")]
    [InlineData("a\u0001b")]
    [InlineData("a//b")]
    [InlineData("../x")]
    [InlineData(".")]
    public void What_Windows_reads_as_another_place_fits_no_name_there(string path) =>
        Assert.False(FileNames.FitWindows(path));

    [Theory]
    [InlineData("a/b.txt")]
    [InlineData(".hidden/..a")]
    [InlineData("console.log")]
    [InlineData("com10")]
    [InlineData("größe – 1.tif")]
    public void Other_names_fit(string path) => Assert.True(FileNames.FitWindows(path));

    [Fact]
    public void Linux_takes_them_all() => Assert.Equal(!OperatingSystem.IsWindows(), FileNames.FitHere(@"..\..\x"));
}
