using Muster.Faults;

namespace Muster.Hosts;

public sealed class SshFaultsTests
{
    private const string Changed = """
        @@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
        @    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @
        @@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
        Offending ED25519 key in /lab/known hosts:3
        Host key for [127.0.0.1]:2201 has changed and you have requested strict checking.
        Host key verification failed.
        """;

    private static readonly SshTarget Node = new("node1", "/lab/ssh_config", null, "/run/muster", MayAsk: false);

    [Fact]
    public void A_changed_key_is_removed_where_it_is_and_under_its_name_there()
    {
        var fault = SshFaults.Read("node1", Changed, 255, Node);
        Assert.Equal(ContactFault.HostKey, fault.Fault);
        Assert.Contains("`ssh-keygen -f '/lab/known hosts' -R '[127.0.0.1]:2201'`", fault.Fix);
        Assert.Contains("`ssh -F /lab/ssh_config node1`", fault.Fix);
    }

    [Fact]
    public void Where_connections_are_not_shared_a_password_is_not_asked_and_the_fix_is_a_key()
    {
        string Fix(string methods, bool mayShare) =>
            SshFaults.Read("node1", $"me@node1: Permission denied ({methods}).", 255, Node, mayShare).Fix;
        Assert.Contains("cannot ask for a password", Fix("publickey,password", mayShare: false));
        Assert.Contains("cannot ask for a password", Fix("publickey,keyboard-interactive", mayShare: false));
        Assert.DoesNotContain("password", Fix("publickey", mayShare: false));
        Assert.DoesNotContain("password", Fix("publickey,password", mayShare: true));
    }

    [Theory]
    [InlineData("Host key verification failed.")]
    [InlineData("me@node1: Permission denied (publickey).")]
    [InlineData("ssh: connect to host node1 port 22: Connection refused")]
    public void What_to_try_names_the_configuration_key_and_way_of_the_site(string said)
    {
        string Fix(SshTarget? target) => SshFaults.Read("node1", said, 255, target).Fix;
        Assert.Contains("`ssh -F /lab/ssh_config node1`", Fix(Node));
        Assert.Contains(
            "`ssh -i '/keys/my key' node1`",
            Fix(Node with { ConfigFile = null, Identity = "/keys/my key" })
        );
        Assert.Contains(
            "`ssh -F /lab/ssh_config -i /keys/a -J login node1`",
            Fix(Node with { Identity = "/keys/a", Through = "login" })
        );
        Assert.Contains("`ssh node1`", Fix(null));
    }
}
