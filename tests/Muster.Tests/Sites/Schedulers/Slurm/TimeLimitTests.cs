using FsCheck;
using FsCheck.Fluent;

namespace Muster.Sites.Schedulers.Slurm;

public sealed class TimeLimitTests
{
    [Theory]
    [InlineData("90", "01:30:00")]
    [InlineData("5:30", "00:05:30")]
    [InlineData("10:00:00", "10:00:00")]
    [InlineData("48:00:00", "2-00:00:00")]
    [InlineData("1-12", "1-12:00:00")]
    [InlineData("1-12:30", "1-12:30:00")]
    [InlineData("364-23:59:59", "364-23:59:59")]
    [InlineData("UNLIMITED", "UNLIMITED")]
    [InlineData("infinite", "UNLIMITED")]
    public void Every_form_of_slurm_is_read(string text, string expected)
    {
        Assert.True(TimeLimit.TryParse(text, out var limit));
        Assert.Equal(expected, limit.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("soon")]
    [InlineData("1-")]
    [InlineData("1:2:3:4")]
    [InlineData("-5")]
    [InlineData("10:00:00\n")]
    [InlineData("99999999999")]
    public void Other_texts_are_not(string text) => Assert.False(TimeLimit.TryParse(text, out _));

    [Fact]
    public void What_is_printed_is_read_back() =>
        Prop.ForAll(
                Gen.Choose(0, int.MaxValue).ToArbitrary(),
                seconds =>
                    TimeLimit.TryParse(new TimeLimit(TimeSpan.FromSeconds(seconds)).ToString(), out var limit)
                    && limit.Length == TimeSpan.FromSeconds(seconds)
            )
            .QuickCheckThrowOnFailure();
}
