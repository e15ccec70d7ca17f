using System.Net;

namespace Muster.Gateway;

/// <summary>What browsers may and may not do, by the numbers of the specification.</summary>
public sealed class BrowserInvariantTests : InvariantTestBase
{
    [Fact]
    public async Task I31_the_page_is_served_to_whoever_has_the_token()
    {
        Assert.Contains("<html", await Gateway.Http.GetStringAsync("", Ct), StringComparison.OrdinalIgnoreCase);
        await using var closed = await TestGateway.StartAsync(options => options with { Token = "right" });
        Assert.Equal(HttpStatusCode.Unauthorized, (await closed.Http.GetAsync("", Ct)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await closed.Http.GetAsync("?token=right", Ct)).StatusCode);
    }

    [Theory, InlineData("gateway"), InlineData("node")]
    public async Task I31_the_page_runs_its_own_script_alone_is_in_no_frame_and_tells_nobody_its_address(string server)
    {
        await using var node = server == "node" ? await Muster.Node.TestNode.StartAsync() : null;
        using var response = await (node?.Http ?? Gateway.Http).GetAsync("", Ct);
        var page = await response.Content.ReadAsStringAsync(Ct);
        var policy = response.Headers.GetValues("Content-Security-Policy").Single();
        Assert.Contains("script-src 'self'; style-src 'self';", policy, StringComparison.Ordinal);
        Assert.Contains("require-trusted-types-for 'script'", policy, StringComparison.Ordinal);
        Assert.DoesNotMatch(@"\son[a-z]+=|\sstyle=|<(img|iframe|style)\b|<script>", page); // what the policy forbids
        Assert.Contains("default-src 'none'", policy, StringComparison.Ordinal);
        Assert.Contains("frame-ancestors 'none'", policy, StringComparison.Ordinal);
        Assert.Equal(
            ("DENY", "no-referrer"),
            (
                response.Headers.GetValues("X-Frame-Options").Single(),
                response.Headers.GetValues("Referrer-Policy").Single()
            )
        );
    }

    [Fact]
    public async Task I32_a_browsers_origin_is_echoed_and_its_preflight_answered()
    {
        await using var closed = await TestGateway.StartAsync(options => options with { Token = "right" });
        using var request = new HttpRequestMessage(HttpMethod.Options, "task/new/init")
        {
            Headers =
            {
                { "Origin", "https://map.example" },
                { "Access-Control-Request-Method", "POST" },
                { "Access-Control-Request-Headers", "set-uuid" },
            },
        };
        using var response = await closed.Http.SendAsync(request, Ct);
        Assert.True(response.IsSuccessStatusCode);
        Assert.Equal("https://map.example", response.Headers.GetValues("Access-Control-Allow-Origin").Single());
        Assert.Equal("true", response.Headers.GetValues("Access-Control-Allow-Credentials").Single());
        Assert.Equal("set-uuid", response.Headers.GetValues("Access-Control-Allow-Headers").Single());
    }

    [Theory, InlineData("OPTIONS"), InlineData("GET")]
    public async Task I32_where_no_token_is_asked_for_pages_may_call_but_not_with_what_a_browser_adds_by_itself(
        string method
    )
    {
        using var request = new HttpRequestMessage(new(method), "info")
        {
            Headers = { { "Origin", "https://map.example" }, { "Access-Control-Request-Method", "GET" } },
        };
        using var response = await Gateway.Http.SendAsync(request, Ct);
        Assert.Equal("*", response.Headers.GetValues("Access-Control-Allow-Origin").Single());
        Assert.False(response.Headers.Contains("Access-Control-Allow-Credentials"));
    }

    [Fact]
    public async Task I32_a_browser_may_ask_before_it_has_a_token_and_can_read_that_it_needs_one()
    {
        await using var closed = await TestGateway.StartAsync(options => options with { Token = "right" });
        foreach (
            var (method, status) in ((string, HttpStatusCode)[])
                [("OPTIONS", HttpStatusCode.NoContent), ("GET", HttpStatusCode.Unauthorized)]
        )
        {
            using var request = new HttpRequestMessage(new(method), "task/list")
            {
                Headers = { { "Origin", "https://map.example" }, { "Access-Control-Request-Method", "GET" } },
            };
            using var response = await closed.Http.SendAsync(request, Ct);
            Assert.Equal(
                (status, "https://map.example"),
                (response.StatusCode, response.Headers.GetValues("Access-Control-Allow-Origin").Single())
            );
        }
    }
}
