using System.Text;
using FsCheck;
using FsCheck.Fluent;

namespace Muster.Transfers;

public sealed class RawPathTests
{
    [Theory]
    [InlineData("")]
    [InlineData("/")]
    [InlineData("/a")]
    [InlineData("a/")]
    [InlineData("a//b")]
    [InlineData(".")]
    [InlineData("./a")]
    [InlineData("a/..")]
    [InlineData("../a")]
    [InlineData("a/./b")]
    [InlineData("a\0b")]
    public void What_could_lead_elsewhere_is_no_path(string text)
    {
        Assert.False(RawPath.TryParse(Encoding.UTF8.GetBytes(text), out _));
        Assert.Throws<ArgumentException>(() => new RawPath(text));
    }

    [Fact]
    public void Any_other_bytes_are_kept_and_shown_without_harm() =>
        Prop.ForAll<NonEmptyArray<byte>>(name =>
            {
                var bytes = name.Get.Select(one => one is 0 or (byte)'/' or (byte)'.' ? (byte)'x' : one).ToArray();
                Assert.True(RawPath.TryParse(bytes, out var path));
                Assert.Equal(bytes, path.Bytes);
                Assert.DoesNotContain(path.ToString(), char.IsControl);
                Assert.Equal(path, RawPath.Parse(bytes));
            })
            .QuickCheckThrowOnFailure();

    [Fact]
    public void Bytes_that_are_not_text_are_shown_as_numbers()
    {
        Assert.Equal("é\\xe9\\x0a", RawPath.Parse([.. "é"u8, 0xe9, (byte)'\n']).ToString());
        Assert.True(new RawPath("a/b") < new RawPath("a0"));
        Assert.Equal("in/a/b", new RawPath("a/b").Below(new("in")).ToString());
    }
}
