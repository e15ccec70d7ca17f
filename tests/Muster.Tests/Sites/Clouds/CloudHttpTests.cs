using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Muster.Clouds;

namespace Muster.Sites.Clouds;

public sealed class CloudHttpTests
{
    private const string Token = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    [Fact]
    public async Task A_connection_that_breaks_after_the_request_leaves_a_doubt_and_one_request()
    {
        await using var server = await StandIn.StartAsync(new(TimeProvider.System, 1), new Echo());
        using var http = Open(server.Address);
        await PostAsync(http); // a connection that is kept, which would be tried again
        foreach (var stumble in (Stumble[])[Stumble.CutBefore, Stumble.CutAfter, Stumble.CutWithin])
        {
            var before = server.World.Count("echo", "POST /things");
            server.World.Faults.Next("POST /things", stumble);
            var fault = await Assert.ThrowsAsync<CloudException>(() => PostAsync(http));
            Assert.Equal(CloudFault.Upstream, fault.Fault);
            Assert.False(fault.NeverSent);
            Assert.IsType<CreateAnswer.Doubtful>(CreateAnswer.After(fault));
            Assert.Equal(1, server.World.Count("echo", "POST /things") - before);
        }
    }

    [Fact]
    public async Task A_provider_that_is_not_there_has_surely_made_nothing()
    {
        Uri address;
        await using (var server = await StandIn.StartAsync(new(TimeProvider.System, 1), new Echo()))
            address = server.Address;
        using var http = Open(address);
        var fault = await Assert.ThrowsAsync<CloudException>(() => PostAsync(http));
        Assert.True(fault.NeverSent);
        Assert.IsType<CreateAnswer.Refused>(CreateAnswer.After(fault));
    }

    [Fact]
    public async Task An_answer_that_comes_too_late_is_a_doubt()
    {
        var time = new FastTime(100);
        await using var server = await StandIn.StartAsync(new(time, 1), new Echo());
        using var http = Open(server.Address, time);
        server.World.Faults.Next("POST /things", Stumble.Late);
        var fault = await Assert.ThrowsAsync<CloudException>(() => PostAsync(http));
        Assert.Equal("Echo did not answer POST things within 100 s", fault.Message);
        Assert.False(fault.NeverSent);
    }

    [Fact]
    public async Task While_the_provider_wants_a_pause_nothing_is_sent()
    {
        await using var server = await StandIn.StartAsync(new(TimeProvider.System, 1), new Echo());
        using var http = Open(server.Address);
        var until = TimeProvider.System.GetUtcNow().AddMinutes(1);
        var said = http.Throttled($"limit of {Token[..32]} reached", until);
        Assert.Equal("limit of (hidden) reached", said.Message);
        var fault = await Assert.ThrowsAsync<CloudException>(() => PostAsync(http));
        Assert.Equal((CloudFault.Throttled, until), (fault.Fault, fault.Until));
        Assert.Empty(server.World.Requests);
    }

    [Fact]
    public async Task A_gateways_page_is_quoted_without_its_markup()
    {
        await using var server = await StandIn.StartAsync(new(TimeProvider.System, 1), new Echo());
        using var http = Open(server.Address);
        server.World.Faults.Next("GET /things", Stumble.Status502);
        var reply = await http.SendAsync(
            HttpMethod.Get,
            "things",
            null,
            CloudHttp.Patience,
            TestContext.Current.CancellationToken
        );
        Assert.Equal((HttpStatusCode.BadGateway, "Bad Bad gateway"), (reply.Status, reply.Quote()));
    }

    [Theory]
    [InlineData("7", 7)]
    [InlineData("999999999999", 3600)]
    [InlineData("Wed, 01 Jan 2025 00:00:30 GMT", 30)]
    [InlineData("Wed, 01 Jan 2031 00:00:30 GMT", 3600)]
    [InlineData("Wed, 01 Jan 2020 00:00:30 GMT", 0)]
    [InlineData("soon", null)]
    public void A_pause_is_understood_in_both_forms_and_is_an_hour_at_most(string header, int? seconds)
    {
        var at = new DateTimeOffset(2025, 1, 1, 0, 0, 0, TimeSpan.Zero);
        var reply = new CloudReply(
            "GET x",
            HttpStatusCode.TooManyRequests,
            new Dictionary<string, string> { ["Retry-After"] = header },
            [],
            at
        );
        Assert.Equal(seconds, (reply.RetryAfter - at)?.TotalSeconds);
    }

    private static CloudHttp Open(Uri address, TimeProvider? clock = null) =>
        new(
            "Echo",
            address,
            ("Authorization", $"Bearer {Token}"),
            new([new(Token, "test")]),
            clock ?? TimeProvider.System
        );

    private static Task<CloudReply> PostAsync(CloudHttp http) =>
        http.SendAsync(
            HttpMethod.Post,
            "things",
            new ByteArrayContent(Encoding.UTF8.GetBytes("{}")),
            CloudHttp.CreatePatience,
            TestContext.Current.CancellationToken
        );

    private sealed class Echo : IProvider
    {
        public string Name => "echo";

        public void Map(IEndpointRouteBuilder app)
        {
            app.MapPost("/things", () => Results.Text("made, and this is what it is"));
            app.MapGet("/things", () => Results.Text("[]"));
        }
    }
}
