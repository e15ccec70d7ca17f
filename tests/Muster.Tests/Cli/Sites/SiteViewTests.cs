using System.Text.Json;
using Muster.Configuration;
using Muster.Sites;

namespace Muster.Cli.Sites;

public sealed class SiteViewTests
{
    [Fact]
    public void Neither_a_token_nor_a_variables_value_is_shown()
    {
        var site = new CloudSite { Name = "burst", Origin = Origin.BuiltIn, Provider = "hetzner", Token = new("hunter2"), Env = new Dictionary<string, string> { ["HF_TOKEN"] = "hunter3" } };
        var json = JsonSerializer.Serialize(SiteView.Of(site, "burst"), SiteJson.Plain.SiteView);
        Assert.DoesNotContain("hunter", json);
        Assert.Contains("\"has_token\":true", json);
        Assert.Contains("\"environment\":[\"HF_TOKEN\"]", json);
        Assert.Contains("\"schema\":1", json);
    }
}
