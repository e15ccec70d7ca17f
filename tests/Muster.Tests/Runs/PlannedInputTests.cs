using Muster.Configuration;
using Muster.Faults;
using Muster.Sites;

namespace Muster.Runs;

public sealed class PlannedInputTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("muster-inputs-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void An_input_is_called_as_its_file_or_as_it_is_said()
    {
        var photos = _folder.CreateSubdirectory("photos").FullName;
        Assert.Equal((photos, "photos"), Read("photos"));
        Assert.Equal((photos + "/", "photos"), Read(photos + "/"));
        Assert.Equal((photos, "raw"), Read("photos:raw"));
    }

    [Fact]
    public void A_colon_in_the_name_of_something_that_exists_is_part_of_it()
    {
        File.WriteAllText(Path.Combine(_folder.FullName, "a:b"), "");
        Assert.Equal((Path.Combine(_folder.FullName, "a:b"), "c"), Read("a:b:c"));
        var fault = Assert.Throws<UserException>(() => Read("a:b"));
        Assert.Equal(("'a:b' is not a valid input name", ExitCodes.Usage), (fault.Message, fault.ExitCode));
    }

    [Fact]
    public void What_does_not_exist_or_has_no_name_of_its_own_is_refused()
    {
        Assert.Equal($"the input {_folder.FullName}/gone does not exist", Said(["gone:x"]));
        _folder.CreateSubdirectory("in");
        Assert.Equal("'../x' is not a valid input name", Said(["in:../x"]));
        _folder.CreateSubdirectory("other");
        Assert.Equal("two inputs are named 'in'", Said(["in", "other:in"]));

        string Said(IReadOnlyList<string> texts) =>
            Assert.Throws<UserException>(() => PlannedInput.ParseAll(texts, _folder.FullName, Lab)).Message;
    }

    private static readonly SshSite Lab = new()
    {
        Name = "lab",
        Origin = Origin.BuiltIn,
        Hosts = ["gpu1", "gpu2"],
    };

    [Theory]
    [InlineData("lab:/data/photos", "/data/photos", "photos")]
    [InlineData("lab:/data/photos/:raw", "/data/photos", "raw")]
    [InlineData("lab:~/data/a:b/c", "~/data/a:b/c", "c")]
    [InlineData("gpu1:/data/x.csv", "/data/x.csv", "x.csv")]
    public void What_is_on_the_site_is_named_by_the_site_or_the_chosen_host(string text, string path, string name)
    {
        var input = Assert.Single(PlannedInput.ParseAll([text], _folder.FullName, Lab, "gpu1"));
        Assert.Equal((path, name, true), (input.Path, input.Name, input.OnSite));
    }

    [Theory]
    [InlineData("cedar:/data/x", "the input cedar:/data/x is on cedar, but the run goes to lab")]
    [InlineData("gpu2:/data/x", "the input gpu2:/data/x is on host gpu2, but the run may start on another")]
    [InlineData("lab:/", "'lab:/' does not name a file or folder on lab")]
    [InlineData("lab:/data/x:y z", "'y z' is not a valid input name")]
    public void A_path_of_another_place_is_refused(string text, string said) =>
        Assert.Equal(
            said,
            Assert.Throws<UserException>(() => PlannedInput.ParseAll([text], _folder.FullName, Lab, "gpu1")).Message
        );

    [Fact]
    public void Patterns_without_anything_to_send_are_refused()
    {
        _folder.CreateSubdirectory("in");
        Assert.Equal(["*.tmp"], PlannedInput.ParseAll(["in"], _folder.FullName, Lab, null, ["*.tmp"])[0].Except);
        foreach (
            var texts in (string[][])
                [
                    [],
                    ["lab:/data/x"],
                ]
        )
            Assert.Throws<UserException>(() => PlannedInput.ParseAll(texts, _folder.FullName, Lab, null, ["*.tmp"]));
    }

    private (string, string) Read(string text)
    {
        var input = PlannedInput.Parse(text, _folder.FullName);
        return (input.Path, input.Name);
    }
}
