namespace Muster.Runs;

public sealed class ShortIdsTests
{
    private const string One = "01900000-0000-7000-8000-00000000abcd";

    [Fact]
    public void An_id_is_as_short_as_no_other_run_and_no_name_ends()
    {
        Assert.Equal("abcd", Of([One]));
        Assert.Equal("0abcd", Of([One, "01900000-0000-7000-8000-00000001abcd"]));
        Assert.Equal("0abcd", Of([One], "abcd"));
        Assert.Equal(One, Of([One, "01900000-0000-7000-9000-00000000abcd"]));
    }

    private static string Of(string[] ids, params string[] names)
    {
        Assert.True(RunId.TryParse(One, out var id));
        return new ShortIds(string.Concat(ids.Select(one => one[^ShortIds.Most..])), [.. names]).Of(id);
    }
}
