using System.Net;
using System.Text.Json;
using Muster.Gateway.Ledger;
using Muster.Sites.Clouds;

namespace Muster.Gateway.Admin;

/// <summary>A page that is signed in: what its cookie and its key open, and when they no longer do.</summary>
public sealed class SessionTests
{
    private const string Session = "api/v1/session";
    private const string Health = "api/v1/health";

    private static readonly HttpClient Bare = new(new HttpClientHandler { UseCookies = false });

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_cookie_and_its_key_open_the_door_together_and_neither_alone()
    {
        await using var caller = await AdminCaller.StartAsync("right");
        Assert.Equal(HttpStatusCode.Unauthorized, (await AskAsync(caller, "GET", Health, key: "")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await SignInAsync(caller, "wrong")).Status);
        var (status, cookie, key) = await SignInAsync(caller, "right");
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal(HttpStatusCode.OK, (await AskAsync(caller, "GET", Health, cookie, key)).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await AskAsync(caller, "GET", Health, cookie)).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await AskAsync(caller, "GET", Health, cookie, key + "0")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await AskAsync(caller, "GET", Health, key: key)).StatusCode);
        var who = await JsonAsync(await AskAsync(caller, "GET", Session, cookie, key));
        Assert.Equal("admin", who.GetProperty("name").GetString());
        Assert.False(who.TryGetProperty("key", out _));
        caller.LogIn("right"); // programs go on as they did
        Assert.Equal(HttpStatusCode.OK, (await caller.CallAsync("GET", Health)).Status);
    }

    [Fact]
    public async Task A_page_is_not_asked_by_the_browsers_own_dialog_and_finds_what_it_needs_to_sign_in()
    {
        await using var caller = await AdminCaller.StartAsync("right");
        using var asked = await AskAsync(caller, "GET", Health, key: "");
        Assert.Empty(asked.Headers.WwwAuthenticate);
        using var program = await AskAsync(caller, "GET", Health);
        Assert.Equal("Basic realm=\"ClusterODM\"", program.Headers.WwwAuthenticate.ToString());
        Assert.Equal(
            HttpStatusCode.OK,
            (await caller.CallAsync("GET", "", null, ("Sec-Fetch-Mode", "navigate"))).Status
        );
        Assert.Equal(HttpStatusCode.NotFound, (await caller.CallAsync("GET", "app/none.js")).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await caller.CallAsync("GET", "")).Status);
        using var cookie = await AskAsync(caller, "POST", Session, json: """{"password":"right"}""");
        var set = cookie.Headers.GetValues("Set-Cookie").Single();
        Assert.StartsWith($"muster-{caller.Http.BaseAddress!.Port}=", set, StringComparison.Ordinal);
        Assert.Contains("samesite=strict", set, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("httponly", set, StringComparison.OrdinalIgnoreCase);
        await using var open = await AdminCaller.StartAsync();
        Assert.True((await open.AskAsync("GET", Session)).GetProperty("open").GetBoolean());
        Assert.True((await open.AskAsync("POST", Session, "{}")).GetProperty("open").GetBoolean());
    }

    [Fact]
    public async Task Signing_out_ends_it_everywhere_with_its_streams_and_links()
    {
        await using var caller = await AdminCaller.StartAsync("right");
        var (_, cookie, key) = await SignInAsync(caller, "right");
        using var stream = await AskAsync(caller, "GET", "api/v1/live", cookie, key);
        var body = await stream.Content.ReadAsStreamAsync(Ct);
        Assert.True(await body.ReadAsync(new byte[1], Ct) > 0);
        var link = await TicketAsync(caller, "/api/v1/nodes", cookie, key);
        Assert.Equal(HttpStatusCode.OK, (await AskAsync(caller, "GET", link)).StatusCode);

        Assert.Equal(HttpStatusCode.OK, (await AskAsync(caller, "DELETE", Session, cookie, key)).StatusCode);
        await body.CopyToAsync(Stream.Null, Ct); // it comes to its end
        Assert.Equal(HttpStatusCode.Unauthorized, (await AskAsync(caller, "GET", link)).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await AskAsync(caller, "GET", Health, cookie, key)).StatusCode);
    }

    [Fact]
    public async Task A_link_opens_one_path_for_reading_and_no_other()
    {
        await using var caller = await AdminCaller.StartAsync("right");
        var (_, cookie, key) = await SignInAsync(caller, "right");
        var link = await TicketAsync(caller, "/api/v1/nodes", cookie, key);
        Assert.Equal(HttpStatusCode.OK, (await AskAsync(caller, "GET", link)).StatusCode);
        Assert.Equal(
            HttpStatusCode.Unauthorized,
            (await AskAsync(caller, "GET", link.Replace("nodes", "tokens", StringComparison.Ordinal))).StatusCode
        );
        Assert.Equal(HttpStatusCode.Unauthorized, (await AskAsync(caller, "POST", link)).StatusCode);
        Assert.Equal(
            HttpStatusCode.BadRequest,
            (await AskAsync(caller, "POST", "api/v1/tickets", cookie, key, """{"path":"/r/info"}""")).StatusCode
        );
    }

    [Fact]
    public void A_link_begins_soon_and_lasts_a_day()
    {
        var clock = new SetTime();
        var tickets = new Tickets(clock);
        var (begun, late) = (tickets.Make("/x", null).Text, tickets.Make("/x", null).Text);
        clock.Pass(TimeSpan.FromMinutes(9));
        Assert.True(tickets.Opens(begun, "/x"));
        clock.Pass(TimeSpan.FromMinutes(2));
        Assert.False(tickets.Opens(late, "/x"));
        clock.Pass(TimeSpan.FromHours(20));
        Assert.True(tickets.Opens(begun, "/x"));
        clock.Pass(TimeSpan.FromHours(5));
        Assert.False(tickets.Opens(begun, "/x"));
    }

    [Fact]
    public void It_ends_when_it_is_idle_or_old_or_the_password_changes_and_outlives_a_restart()
    {
        var folder = Directory.CreateTempSubdirectory("muster-session-test-");
        using var store = new SqliteTaskStore(Path.Combine(folder.FullName, "gateway.db"));
        var clock = new SetTime();
        var sessions = new AdminSessions(store, "one", clock);
        var (cookie, key, _) = sessions.Begin();
        clock.Pass(TimeSpan.FromHours(11));
        var again = new AdminSessions(store, "one", clock);
        Assert.True(AdminSessions.Opens(again.Find(cookie)!.Value.Session, key));
        Assert.Null(new AdminSessions(store, "two", clock).Find(cookie));
        clock.Pass(TimeSpan.FromHours(11)); // it was used in between
        Assert.NotNull(sessions.Find(cookie));
        clock.Pass(TimeSpan.FromHours(13));
        Assert.Null(sessions.Find(cookie));

        var (busy, _, _) = sessions.Begin();
        Assert.Single(store.Sessions()); // the one that is over is forgotten
        for (var day = 0; day < 15; day++)
        {
            clock.Pass(TimeSpan.FromHours(11));
            Assert.NotNull(sessions.Find(busy));
        }
        clock.Pass(TimeSpan.FromHours(4)); // not idle, but a week old
        Assert.Null(sessions.Find(busy));
        Assert.DoesNotContain(store.Sessions(), pair => pair.Session.Contains(busy, StringComparison.Ordinal));
        folder.Delete(recursive: true);
    }

    private static async Task<(HttpStatusCode Status, string Cookie, string Key)> SignInAsync(
        AdminCaller caller,
        string password
    )
    {
        using var answer = await AskAsync(
            caller,
            "POST",
            Session,
            key: "",
            json: JsonSerializer.Serialize(
                new Dictionary<string, string> { ["password"] = password },
                AdminJson.Plain.DictionaryStringString
            )
        );
        if (!answer.IsSuccessStatusCode)
            return (answer.StatusCode, "", "");
        var cookie = answer.Headers.GetValues("Set-Cookie").Single().Split(';')[0];
        return (answer.StatusCode, cookie, (await JsonAsync(answer)).GetProperty("key").GetString()!);
    }

    private static async Task<string> TicketAsync(AdminCaller caller, string path, string cookie, string key)
    {
        using var answer = await AskAsync(caller, "POST", "api/v1/tickets", cookie, key, $$"""{"path":"{{path}}"}""");
        return (await JsonAsync(answer)).GetProperty("url").GetString()!;
    }

    private static async Task<HttpResponseMessage> AskAsync(
        AdminCaller caller,
        string method,
        string path,
        string? cookie = null,
        string? key = null,
        string? json = null
    )
    {
        using var request = new HttpRequestMessage(new(method), new Uri(caller.Http.BaseAddress!, path));
        if (cookie is not null)
            request.Headers.Add("Cookie", cookie);
        if (key is not null)
            request.Headers.TryAddWithoutValidation(AdminGate.KeyHeader, key);
        if (json is not null)
            request.Content = TestGateway.Json(json);
        return await Bare.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Ct);
    }

    private static async Task<JsonElement> JsonAsync(HttpResponseMessage answer) =>
        JsonElement.Parse(await answer.Content.ReadAsStringAsync(Ct));
}
