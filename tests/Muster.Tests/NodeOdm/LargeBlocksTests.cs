namespace Muster.NodeOdm;

public sealed class LargeBlocksTests
{
    [Fact]
    public void A_block_that_came_back_is_given_out_again_and_never_to_two()
    {
        using var pool = new LargeBlocks().Create(null);
        var first = pool.Rent(4096);
        var second = pool.Rent();
        first.Memory.Span[0] = 1;
        second.Memory.Span[0] = 2;
        Assert.Equal(
            (pool.MaxBufferSize, pool.MaxBufferSize, 1),
            (first.Memory.Length, second.Memory.Length, first.Memory.Span[0])
        );
        first.Dispose();
        first.Dispose();
        Assert.Throws<ObjectDisposedException>(() => first.Memory);
        using var again = pool.Rent(1);
        using var another = pool.Rent(1);
        Assert.Equal(1, again.Memory.Span[0]);
        another.Memory.Span[0] = 3;
        Assert.Equal((1, 2), (again.Memory.Span[0], second.Memory.Span[0]));
        second.Dispose();
    }

    [Fact]
    public void More_than_a_block_is_refused()
    {
        using var pool = new LargeBlocks().Create(null);
        Assert.Throws<ArgumentOutOfRangeException>(() => pool.Rent(pool.MaxBufferSize + 1));
    }
}
