using System.Text;

namespace Muster.Cli.Runs;

public sealed class TypedKeysTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private readonly TypedKeys _keys = new();

    [Theory]
    [InlineData("ls\r")]
    [InlineData("\u0003\u0011\u0010x\u0010\u0010y")]
    public async Task Every_key_goes_to_the_run(string typed)
    {
        foreach (var key in typed)
            Assert.True(await TypeAsync(key.ToString()));

        Assert.Equal(typed, await HeardAsync());
    }

    [Theory]
    [InlineData("\u0010\u0011", "")]
    [InlineData("ab\u0010\u0011cd", "ab")]
    [InlineData("\u0010\u0010\u0011", "\u0010")]
    public async Task Ctrl_P_Ctrl_Q_detaches_and_is_not_sent(string typed, string heard)
    {
        var stays = true;
        foreach (var key in typed)
            if (stays)
                stays = await TypeAsync(key.ToString());

        Assert.False(stays);
        Assert.Equal(heard, await HeardAsync());
    }

    [Fact]
    public async Task What_is_typed_before_the_first_connection_waits_for_it_and_what_is_typed_without_one_is_dropped()
    {
        await TypeAsync("early");
        Assert.Equal("early", await HeardAsync());

        await TypeAsync("blind");
        var again = _keys.Connect();
        await TypeAsync("seen");
        _keys.Disconnect();

        Assert.Equal("seen", await new StreamReader(again).ReadToEndAsync(Ct));
    }

    private Task<bool> TypeAsync(string keys) => _keys.PassAsync(Encoding.ASCII.GetBytes(keys), Ct);

    private async Task<string> HeardAsync()
    {
        var line = _keys.Connect();
        _keys.Disconnect();
        return await new StreamReader(line).ReadToEndAsync(Ct);
    }
}
