using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Muster.Clouds;

namespace Muster.Sites.Clouds.Hetzner;

/// <summary>Every word of the provider's for what went wrong, at a create, and at a look.</summary>
public sealed class HetznerFaultTests
{
    [Theory]
    [InlineData(401, "unauthorized", "x", CloudFault.BadCredentials)]
    [InlineData(403, "token_readonly", "x", CloudFault.NoPermission)]
    [InlineData(403, "forbidden", "x", CloudFault.NoPermission)]
    [InlineData(422, "invalid_input", "x", CloudFault.BadOrder)]
    [InlineData(422, "invalid_input", "unsupported location for server type", CloudFault.NotHere)]
    [InlineData(422, "invalid_input", "image architecture does not match", CloudFault.NotHere)]
    [InlineData(400, "json_error", "x", CloudFault.BadOrder)]
    [InlineData(404, "not_found", "x", CloudFault.BadOrder)]
    [InlineData(409, "conflict", "x", CloudFault.Busy)]
    [InlineData(423, "locked", "x", CloudFault.Busy)]
    [InlineData(423, "resource_locked", "x", CloudFault.Account)]
    [InlineData(403, "resource_limit_exceeded", "x", CloudFault.Quota)]
    [InlineData(412, "resource_unavailable", "x", CloudFault.OutOfStock)]
    [InlineData(412, "placement_error", "x", CloudFault.OutOfStock)]
    [InlineData(429, "rate_limit_exceeded", "x", CloudFault.Throttled)]
    [InlineData(422, "invalid_server_type", "x", CloudFault.BadOrder)]
    [InlineData(422, "unsupported_error", "x", CloudFault.BadOrder)]
    [InlineData(422, "no_subnet_available", "x", CloudFault.BadOrder)]
    [InlineData(422, "primary_ip_assigned", "x", CloudFault.BadOrder)]
    [InlineData(503, "maintenance", "x", null)]
    [InlineData(500, "server_error", "x", null)]
    [InlineData(502, "bad_gateway", "x", null)]
    [InlineData(422, "a_new_word", "x", null)]
    [InlineData(400, null, "<html>", null)]
    [InlineData(404, null, "<html>", null)]
    [InlineData(200, null, "not json", null)]
    [InlineData(201, null, "{}", null)]
    public async Task At_a_create_a_fault_refuses_and_all_else_is_a_doubt(
        int status,
        string? code,
        string message,
        CloudFault? fault
    )
    {
        await using var server = await StandIn.StartAsync(
            new(TimeProvider.System, 1),
            new Saying(status, code, message)
        );
        using var cloud = Open(server.Address);
        var answer = await cloud.CreateAsync(
            CloudOrders.New("fsn1", "cx22", "ubuntu-24.04"),
            TestContext.Current.CancellationToken
        );
        Assert.Equal(fault, (answer as CreateAnswer.Refused)?.Fault.Fault);
        Assert.Equal(fault is null, answer is CreateAnswer.Doubtful);
    }

    [Theory]
    [InlineData(404, "not_found", true)]
    [InlineData(404, null, false)]
    [InlineData(410, null, false)]
    [InlineData(200, null, false)]
    public async Task Only_the_providers_own_word_says_that_a_machine_is_gone(int status, string? code, bool isGone)
    {
        await using var server = await StandIn.StartAsync(
            new(TimeProvider.System, 1),
            new Saying(status, code, "<h1>no")
        );
        using var cloud = Open(server.Address);
        var look = () => cloud.GetAsync("fsn1", "1", TestContext.Current.CancellationToken);
        if (isGone)
            Assert.Null(await look());
        else
            Assert.Equal(CloudFault.Upstream, (await Assert.ThrowsAsync<CloudException>(look)).Fault);
    }

    private static HetznerCloud Open(Uri address) =>
        new(
            new()
            {
                Site = "burst",
                Provider = CloudProvider.Hetzner,
                Folder = "/",
                Machines = [new(null, "cx22")],
                Limit = 5,
                Image = "ubuntu-24.04",
                Endpoint = new(address, "/v1/"),
                Token = new("0123456789abcdef", "HCLOUD_TOKEN"),
            },
            new([]),
            TimeProvider.System
        );

    /// <summary>Knows our key, and says one thing to all else.</summary>
    private sealed class Saying(int status, string? code, string message) : IProvider
    {
        public string Name => "saying";

        public void Map(IEndpointRouteBuilder app)
        {
            app.MapGet("/v1/ssh_keys", () => Results.Text("""{"ssh_keys":[{"id":1,"name":"k"}]}"""));
            app.MapFallback(() =>
                Results.Text(
                    code is null
                        ? message
                        : $$$"""{"error":{"code":"{{{code}}}","message":"{{{message}}}","details":null}}""",
                    statusCode: status
                )
            );
        }
    }
}
