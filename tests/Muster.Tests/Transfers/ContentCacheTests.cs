namespace Muster.Transfers;

public sealed class ContentCacheTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("muster-test-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void What_is_learnt_is_known_to_the_next_process_and_to_others_at_the_same_time()
    {
        var (one, other) = (new ContentCache(_folder), new ContentCache(_folder));
        one.Learn(Key(1), Key(11), 111);
        other.Learn(Key(2), Key(22), 222);
        one.Save();
        other.Save();

        var next = new ContentCache(_folder);

        Assert.Equal((Key(11), 111L), next.Find(Key(1)));
        Assert.Equal((Key(22), 222L), next.Find(Key(2)));
        Assert.Null(next.Find(Key(3)));
    }

    [Fact]
    public void A_torn_or_spoilt_file_loses_no_more_than_the_records_hit()
    {
        var cache = new ContentCache(_folder);
        for (var i = 0; i < 10; i++)
            cache.Learn(Key(i), Key(100 + i), i);
        cache.Save();
        var file = Path.Combine(_folder, "contents");
        var bytes = File.ReadAllBytes(file);
        bytes[bytes.Length / 2] ^= 1;
        File.WriteAllBytes(file, bytes[..^5]);

        var next = new ContentCache(_folder);
        Assert.Equal(8, Enumerable.Range(0, 10).Count(i => next.Find(Key(i)) == (Key(100 + i), i)));
        next.Learn(Key(50), Key(51), 52);
        next.Save();

        Assert.NotNull(new ContentCache(_folder).Find(Key(50)));
    }

    [Fact]
    public void A_site_forgets_what_was_pruned()
    {
        var site = new ContentCache(_folder).Site("lab");
        site.Add(new(Key(1), false));
        site.Add(new(Key(1), true));
        site.Save();
        site.Forget([new(Key(1), false)]);

        var next = new ContentCache(_folder).Site("lab");

        Assert.False(next.Has(new(Key(1), false)));
        Assert.True(next.Has(new(Key(1), true)));
        Assert.False(new ContentCache(_folder).Site("other").Has(new(Key(1), true)));
    }

    private static ContentHash Key(int number) => ContentHash.Of(BitConverter.GetBytes(number));
}
