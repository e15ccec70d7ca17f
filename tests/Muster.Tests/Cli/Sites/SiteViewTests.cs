using System.Text.Json;
using Muster.Configuration;
using Muster.Sites;

namespace Muster.Cli.Sites;

public sealed class SiteViewTests
{
    [Fact]
    public void A_variables_value_is_not_shown()
    {
        var site = new LocalSite
        {
            Name = "burst",
            Origin = Origin.BuiltIn,
            Env = new Dictionary<string, string> { ["HF_TOKEN"] = "hunter3" },
        };
        var json = JsonSerializer.Serialize(SiteView.Of(site, "burst"), SiteJson.Plain.SiteView);
        Assert.DoesNotContain("hunter", json);
        Assert.Contains("\"environment\":[\"HF_TOKEN\"]", json);
        Assert.Contains("\"schema\":1", json);
    }
}
