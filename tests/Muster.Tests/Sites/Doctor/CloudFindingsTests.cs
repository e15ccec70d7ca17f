using Muster.Clouds;
using Muster.Clouds.Hetzner;
using Muster.Configuration;
using Muster.Sites.Clouds;

namespace Muster.Sites.Doctor;

public sealed class CloudFindingsTests
{
    [Fact]
    public async Task A_site_that_works_is_told_with_its_price_and_what_a_first_machine_costs()
    {
        await using var server = await StartAsync();
        var found = await FindAsync(Settings(server));
        Assert.Equal(
            [
                (Mark.Ok, "accepts what the site asks for"),
                (Mark.Ok, "cx22: 0.008 EUR an hour in fsn1, nbg1; a first machine costs at least 0.008 EUR"),
                (Mark.Warn, "none is set; 5 machines cost up to 0.04 EUR an hour and 24 EUR a month"),
                (
                    Mark.Warn,
                    "a machine that nobody renews switches itself off after 15 min, but is billed until somebody "
                        + "deletes it"
                ),
            ],
            found.Select(finding => (finding.Mark, finding.Text))
        );
        Assert.All(found.Where(finding => finding.Mark is not Mark.Ok), finding => Assert.NotNull(finding.Fix));
        Assert.Empty(server.World.Machines);
    }

    [Fact]
    public async Task A_budget_is_set_beside_what_the_limit_would_cost()
    {
        await using var server = await StartAsync();
        var found = await FindAsync(Settings(server) with { Budget = new(null, null, 10) });
        Assert.Contains(
            found,
            finding =>
                finding is { About: "budget", Mark: Mark.Ok }
                && finding.Text.EndsWith("the budget ends it before", StringComparison.Ordinal)
        );
    }

    [Fact]
    public async Task What_is_wrong_is_bad_and_no_price_is_told_then()
    {
        await using var server = await StartAsync();
        var found = await FindAsync(Settings(server) with { Places = ["nbg2"], SshKeyFile = "/absent/key" });
        Assert.Equal(
            ["ssh key", "provider", "provider"],
            found.Where(finding => finding.Mark is Mark.Bad).Select(finding => finding.About)
        );
        Assert.DoesNotContain(found, finding => finding.About == "price");
    }

    [Fact]
    public async Task A_wrong_token_is_one_finding_and_three_requests_at_most()
    {
        await using var server = await StartAsync();
        var found = await FindAsync(Settings(server) with { Token = new("wrong-wrong-wrong-wrong", "HCLOUD_TOKEN") });
        var bad = Assert.Single(found, finding => finding.Mark is Mark.Bad);
        Assert.Contains("HCLOUD_TOKEN", bad.Fix, StringComparison.Ordinal);
        Assert.InRange(server.World.Requests.Count, 1, 3);
    }

    private static Task<StandIn> StartAsync()
    {
        var world = new World(TimeProvider.System, seed: 1);
        return StandIn.StartAsync(world, new HetznerProvider(world));
    }

    private static Task<IReadOnlyList<Finding>> FindAsync(CloudSettings settings) =>
        CloudFindings.ForAsync(
            new CloudSite
            {
                Name = "burst",
                Origin = Origin.BuiltIn,
                Cloud = settings,
            },
            TimeProvider.System,
            TestContext.Current.CancellationToken
        );

    private static CloudSettings Settings(StandIn server) =>
        new()
        {
            Site = "burst",
            Provider = CloudProvider.Hetzner,
            Folder = "/",
            Machines = [new(null, "cx22")],
            Limit = 5,
            Places = ["fsn1", "nbg1"],
            Image = "ubuntu-24.04",
            Endpoint = new(server.Address, "/v1/"),
            Token = new(HetznerProvider.Token, "HCLOUD_TOKEN"),
        };
}
