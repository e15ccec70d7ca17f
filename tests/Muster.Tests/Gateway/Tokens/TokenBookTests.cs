using Muster.Gateway.Ledger;
using Muster.Gateway.Model;

namespace Muster.Gateway.Tokens;

/// <summary>A gateway is open where no token was ever configured, and nowhere by accident.</summary>
public sealed class TokenBookTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("muster-tokens-test-");

    private T With<T>(string configured, bool open, Func<TokenBook, T> act)
    {
        using var store = new SqliteTaskStore(Path.Combine(_folder.FullName, "gateway.db"));
        var would = TokenBook.WouldBeOpen(store, configured);
        var book = new TokenBook(store, configured, open, TimeProvider.System);
        Assert.Equal(book.IsOpen, would || (open && configured.Length == 0 && book.All.Count == 0));
        return act(book);
    }

    [Fact]
    public void None_was_ever_configured_and_none_is_left_are_two_states()
    {
        var id = With(
            "",
            false,
            book =>
            {
                Assert.True(book.IsOpen);
                var made = book.Make("a", null, TokenLimits.None).Token.Id;
                Assert.False(book.IsOpen);
                return made;
            }
        );
        Assert.Equal((false, true), With("", false, book => (book.Revoke(id), (book.IsOpen, book.IsShut)).Item2));
        Assert.Equal((false, true), With("", false, book => (book.IsOpen, book.IsShut)));
        Assert.Equal((true, false), With("", true, book => (book.IsOpen, book.IsShut)));
        Assert.True(With("", false, book => book.IsOpen)); // said once, it stays so until the next token
    }

    [Fact]
    public void One_of_the_configuration_leaves_nothing_open_behind_it()
    {
        Assert.False(With("s3cret", true, book => book.IsOpen));
        Assert.Equal((false, true), With("", false, book => (book.IsOpen, book.IsShut)));
    }

    [Fact]
    public void Tokens_of_an_older_version_count()
    {
        string id;
        using (var store = new SqliteTaskStore(Path.Combine(_folder.FullName, "gateway.db")))
        {
            var older = new AccessToken
            {
                Id = id = "a",
                Hash = "b",
                Owner = "a",
                Created = DateTimeOffset.UtcNow,
            };
            store.SaveToken(id, System.Text.Json.JsonSerializer.Serialize(older, GatewayJson.Default.AccessToken));
        }
        Assert.False(With("", false, book => book.Revoke(id) && book.IsOpen));
    }

    [Fact]
    public void What_an_engine_prints_is_told_without_tokens()
    {
        const string commit = "0123456789abcdef0123456789abcdef01234567";
        With(
            "",
            false,
            book =>
            {
                var token = book.MakeForParts(
                    new()
                    {
                        Id = Guid.NewGuid(),
                        Owner = "a",
                        Name = "x",
                        Created = DateTimeOffset.UtcNow,
                        Phase = new TaskPhase.Receiving(DateTimeOffset.UtcNow),
                    }
                );
                Assert.Equal(
                    $"sm_cluster: http://gateway:3000/?token=*** ('***'), at commit {commit}",
                    book.Without($"sm_cluster: http://gateway:3000/?token={token} ('{token}'), at commit {commit}")
                );
                return 0;
            }
        );
    }

    public void Dispose() => _folder.Delete(recursive: true);
}
