using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace Muster.Gateway.Admin;

/// <summary>A gateway with its admin door, and somebody who calls there.</summary>
internal sealed class AdminCaller(TestGateway gateway) : IAsyncDisposable
{
    public static async Task<AdminCaller> StartAsync(string password = "", params ScriptedNode[] nodes) =>
        new(await TestGateway.StartAsync(options => options with { Admin = new(0), AdminPassword = password }, nodes));

    public TestGateway Gateway => gateway;
    public HttpClient Http { get; } = new() { BaseAddress = gateway.Host.Doors!.Web, Timeout = TestGateway.Patience };

    public void LogIn(string password, string name = "admin") =>
        Http.DefaultRequestHeaders.Authorization = new(
            "Basic",
            Convert.ToBase64String(Encoding.UTF8.GetBytes($"{name}:{password}"))
        );

    /// <summary>The answer as text, behind its status.</summary>
    public async Task<(HttpStatusCode Status, string Text)> CallAsync(
        string method,
        string path,
        string? json = null,
        params (string Name, string Value)[] headers
    )
    {
        using var request = new HttpRequestMessage(new(method), path);
        if (json is not null)
            request.Content = new StringContent(json, new MediaTypeHeaderValue("application/json"));
        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        using var response = await Http.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.False(response.Headers.Contains("Access-Control-Allow-Origin"));
        return (response.StatusCode, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    public async Task<JsonElement> AskAsync(
        string method,
        string path,
        string? json = null,
        HttpStatusCode status = HttpStatusCode.OK
    )
    {
        var (said, text) = await CallAsync(method, path, json);
        Assert.True(said == status, $"{method} {path}: {said} {text}");
        return JsonElement.Parse(text);
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await gateway.DisposeAsync();
    }
}
