using System.Globalization;
using FsCheck;
using FsCheck.Fluent;

namespace Muster.Sites.Schedulers.Slurm;

public sealed class NodeListTests
{
    [Theory]
    [InlineData("c[1-3,5],gpu01,n[08-10]", "c1 c2 c3 c5 gpu01 n08 n09 n10")]
    [InlineData("rack[1-2]n[01-02]-ib", "rack1n01-ib rack1n02-ib rack2n01-ib rack2n02-ib")]
    [InlineData("c1", "c1")]
    [InlineData("", "")]
    [InlineData("c[1-", "c[1-")]
    [InlineData("c[3-1],d[x],e[],f[1-2-3],g", "c[3-1] d[x] e[] f[1-2-3] g")]
    public void Lists_are_unfolded_and_what_is_not_understood_stays(string list, string names) =>
        Assert.Equal(names, string.Join(' ', NodeList.Expand(list)));

    [Fact]
    public void A_list_without_end_is_cut() =>
        Assert.Equal(100_000, NodeList.Expand("c[1-999999999][1-999999999]").Count);

    private sealed record Fold(string Prefix, int First, int Count, int Width)
    {
        private string Number(int n) => n.ToString(CultureInfo.InvariantCulture).PadLeft(Width, '0');

        public string Folded =>
            Count == 1 ? Prefix + Number(First) : $"{Prefix}[{Number(First)}-{Number(First + Count - 1)}]";
        public IEnumerable<string> Names => Enumerable.Range(First, Count).Select(n => Prefix + Number(n));
    }

    [Fact]
    public void Folded_names_come_back_in_order()
    {
        var fold =
            from prefix in Gen.Elements("c", "gpu-", "rack2n")
            from first in Gen.Choose(0, 2000)
            from count in Gen.Choose(1, 30)
            from width in Gen.Choose(1, 5)
            select new Fold(prefix, first, count, width);
        Prop.ForAll(
                Gen.ListOf(fold).ToArbitrary(),
                folds =>
                    NodeList
                        .Expand(string.Join(',', folds.Select(one => one.Folded)))
                        .SequenceEqual(folds.SelectMany(one => one.Names))
            )
            .QuickCheckThrowOnFailure();
    }
}
