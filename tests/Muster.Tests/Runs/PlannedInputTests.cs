using Muster.Faults;

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
            Assert.Throws<UserException>(() => PlannedInput.ParseAll(texts, _folder.FullName)).Message;
    }

    private (string, string) Read(string text)
    {
        var input = PlannedInput.Parse(text, _folder.FullName);
        return (input.Path, input.Name);
    }
}
