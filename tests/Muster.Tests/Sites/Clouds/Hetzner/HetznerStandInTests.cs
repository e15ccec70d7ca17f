using System.Net;
using System.Text;
using System.Text.Json;
using Muster.Clouds;
using Muster.Clouds.Hetzner;

namespace Muster.Sites.Clouds.Hetzner;

/// <summary>What the stand-in is strict about, and our client does not do.</summary>
public sealed class HetznerStandInTests : IAsyncLifetime
{
    private readonly World _world = new(TimeProvider.System, seed: 1);
    private readonly HetznerProvider _hetzner;
    private readonly HttpClient _http = new();
    private StandIn _server = null!;

    public HetznerStandInTests() => _hetzner = new(_world);

    public async ValueTask InitializeAsync()
    {
        _server = await StandIn.StartAsync(_world, _hetzner);
        _http.BaseAddress = new(_server.Address, "/v1/");
        _http.DefaultRequestHeaders.Add("Authorization", $"Bearer {HetznerProvider.Token}");
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _server.DisposeAsync();
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_datacenter_is_refused_and_its_list_is_gone()
    {
        const string body = """{"name":"a","server_type":"cx22","image":"ubuntu-24.04","datacenter":"fsn1-dc14"}""";
        Assert.Equal(
            (HttpStatusCode.UnprocessableEntity, "invalid_input"),
            await SendAsync(HttpMethod.Post, "servers", body)
        );
        Assert.Equal((HttpStatusCode.Gone, "deprecated_api_endpoint"), await SendAsync(HttpMethod.Get, "datacenters"));
    }

    [Fact]
    public async Task A_keys_content_is_unique_whatever_its_name()
    {
        const string key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIC0vJ0GSv1hbyhwW3n5cMlUl1z2GdoT1gaAi5GpWAfEH";
        Assert.Equal(HttpStatusCode.Created, (await SendAsync(HttpMethod.Post, "ssh_keys", Named("a"))).Status);
        Assert.Equal(
            (HttpStatusCode.Conflict, "uniqueness_error"),
            await SendAsync(HttpMethod.Post, "ssh_keys", Named("b"))
        );

        static string Named(string name) => JsonSerializer.Serialize(new { name, public_key = key });
    }

    [Fact]
    public async Task An_address_in_use_is_not_deleted_and_a_list_of_actions_demands_ids()
    {
        _hetzner.Addresses.Add(
            new()
            {
                Id = 5,
                Ip = "198.18.0.1",
                IsFour = true,
                Assignee = 1,
            }
        );
        Assert.Equal(
            (HttpStatusCode.UnprocessableEntity, "must_be_unassigned"),
            await SendAsync(HttpMethod.Delete, "primary_ips/5")
        );
        Assert.Equal((HttpStatusCode.UnprocessableEntity, "invalid_input"), await SendAsync(HttpMethod.Get, "actions"));
    }

    [Fact]
    public async Task A_machine_without_a_key_gets_a_password_in_the_answer()
    {
        const string body = """{"name":"a","server_type":"cx22","image":"ubuntu-24.04","location":"nbg1"}""";
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var response = await _http.PostAsync(new Uri("servers", UriKind.Relative), content, Ct);
        Assert.Contains("root_password\":\"", await response.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
    }

    private async Task<(HttpStatusCode Status, string? Code)> SendAsync(
        HttpMethod method,
        string path,
        string? body = null
    )
    {
        using var request = new HttpRequestMessage(method, path);
        if (body is not null)
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        using var response = await _http.SendAsync(request, Ct);
        using var answer = JsonDocument.Parse(await response.Content.ReadAsStringAsync(Ct));
        return (
            response.StatusCode,
            answer.RootElement.TryGetProperty("error", out var error) ? error.GetProperty("code").GetString() : null
        );
    }
}
