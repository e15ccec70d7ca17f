using Muster.Faults;
using Muster.Gateway;

namespace Muster.NodeOdm.HandIn;

public sealed class AskedOptionsTests
{
    [Theory]
    [
        InlineData("dsm", """[{"name":"dsm","value":true}]"""),
        InlineData("dsm=true", """[{"name":"dsm","value":true}]"""),
        InlineData("--split=40", """[{"name":"split","value":40}]"""),
        InlineData("sm-cluster=http://x/?a=b", """[{"name":"sm-cluster","value":"http://x/?a=b"}]""")
    ]
    public void Words_become_options_of_their_type(string word, string options) =>
        Assert.Equal(options, AskedOptions.Read([word], ScriptedNode.Known));

    [Theory]
    [
        InlineData("dms", "there is no option 'dms'; did you mean 'dsm'?"),
        InlineData("split=many", "split: "),
        InlineData("rerun-from=nowhere", "it takes , dataset, odm_dem"),
        InlineData("dsm=perhaps", "Cannot convert perhaps to boolean")
    ]
    public void What_the_server_would_refuse_or_drop_is_named_before(string word, string said)
    {
        var fault = Assert.Throws<UserException>(() => AskedOptions.Read([word], ScriptedNode.Known));
        Assert.Contains(said, fault.Message, StringComparison.Ordinal);
        Assert.Equal(ExitCodes.Usage, fault.ExitCode);
    }

    [Fact]
    public void All_mistakes_are_told_at_once() =>
        Assert.Equal(
            2,
            Assert
                .Throws<UserException>(() => AskedOptions.Read(["nonsense=1", "split=-4"], ScriptedNode.Known))
                .Message.Split("; ")
                .Length
        );
}
