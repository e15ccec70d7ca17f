namespace Muster.Hosts;

public sealed class SshRouteTests
{
    [Theory]
    [InlineData("host a\nuser me\nhostname 10.0.0.1\nport 22\n", "me@10.0.0.1")]
    [InlineData("user me\nhostname a.example\nport 2222\nproxyjump gate\n", "me@a.example port 2222 by gate")]
    [InlineData("user me\nhostname a\nport 22\nproxycommand none\nproxyjump none\n", "me@a")]
    public void What_the_client_says_of_a_name_is_read(string output, string route) =>
        Assert.Equal(route, SshRoute.Parse(output).ToString());
}
