using Muster.Faults;

namespace Muster.Storage;

public sealed class FileLockTests : IDisposable
{
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(1);
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("muster-lock-test-");

    private string Place => Path.Combine(_folder.FullName, "new", "lock");

    [Fact]
    public async Task The_next_one_waits_until_the_first_lets_go()
    {
        var first = await FileLock.TakeAsync(Place, "is first", Long, Ct);
        Assert.Null(FileLock.Find(Place));
        var second = FileLock.TakeAsync(Place, "is first", Long, Ct);
        await Task.Delay(50, Ct);
        Assert.False(second.IsCompleted);
        await first.DisposeAsync();
        await (await second).DisposeAsync();
    }

    [Fact]
    public async Task Waiting_ends_and_says_who_was_waited_for()
    {
        await using var first = await FileLock.TakeAsync(Place, "is first", Long, Ct);
        foreach (
            var fault in (UserException[])
                [
                    await Assert.ThrowsAsync<UserException>(() =>
                        FileLock.TakeAsync(Place, "is first", TimeSpan.Zero, Ct)
                    ),
                    Assert.Throws<UserException>(() =>
                        FileLock.Take(Place, FileMode.Open, FileAccess.Read, FileShare.Read, "is first", TimeSpan.Zero)
                    ),
                ]
        )
            Assert.Equal($"another muster process is first: it has held {Place} for 0 s", fault.Message);
    }

    [Fact]
    public async Task A_place_where_nothing_can_be_opened_is_not_waited_for()
    {
        var file = Path.Combine(_folder.FullName, "file");
        await File.WriteAllTextAsync(file, "", Ct);
        foreach (var place in (string[])[_folder.FullName, Path.Combine(file, "lock"), "/proc/muster.lock"])
        {
            var fault = await Assert.ThrowsAsync<UserException>(() =>
                FileLock.TakeAsync(place, "never was", Timeout.InfiniteTimeSpan, Ct)
            );
            Assert.StartsWith($"cannot lock {place}: ", fault.Message, StringComparison.Ordinal);
        }
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Delete(recursive: true);
}
