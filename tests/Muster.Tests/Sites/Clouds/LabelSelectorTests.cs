using Muster.Clouds;

namespace Muster.Sites.Clouds;

/// <summary>The stand-ins' own reading of selectors, which decides what a sweep sees.</summary>
public sealed class LabelSelectorTests
{
    [Theory]
    [InlineData("", true)]
    [InlineData("a", true)]
    [InlineData("c", false)]
    [InlineData("!c", true)]
    [InlineData("!a", false)]
    [InlineData("a==1", true)]
    [InlineData("a=1", true)]
    [InlineData("a==2", false)]
    [InlineData("a!=2", true)]
    [InlineData("a!=1", false)]
    [InlineData("a in (2,1)", true)]
    [InlineData("a in (2,3)", false)]
    [InlineData("a notin (2,3),b==", true)]
    [InlineData("a in (1,2),!c,b", true)]
    [InlineData("a,c", false)]
    public void Selectors_are_read_as_the_providers_do(string selector, bool fits) =>
        Assert.Equal(fits, LabelSelector.Fits(selector, new Dictionary<string, string> { ["a"] = "1", ["b"] = "" }));
}
