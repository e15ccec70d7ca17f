using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Muster.Faults;
using Muster.NodeOdm;
using Muster.Pages;

namespace Muster.Gateway.Admin;

/// <summary>
/// Who may come in at the admin door: programs with the password, pages that are signed in, and links that one of them
/// was given. Where there is no password, everybody who reaches it.
/// </summary>
internal sealed class AdminGate
{
    /// <summary>Sent by pages with each call, empty before they are signed in.</summary>
    public const string KeyHeader = "X-Muster-Key";

    private const string User = "admin";
    private const string SessionPath = AdminApi.Root + "/session";
    private static readonly TimeSpan WrongPasswordPause = TimeSpan.FromSeconds(1);

    private readonly AdminPassword _password;
    private readonly AdminSessions _sessions;
    private readonly TimeProvider _clock;
    private readonly Tickets _tickets;

    public AdminGate(AdminPassword password, AdminSessions sessions, TimeProvider clock)
    {
        (_password, _sessions, _clock, _tickets) = (password, sessions, clock, new(clock));
        sessions.Ended += _tickets.EndOf;
    }

    /// <summary>There is no password.</summary>
    public bool IsOpen => _password.IsOpen;

    public void Map(IEndpointRouteBuilder app)
    {
        app.MapGet(SessionPath, Who).WithDescription("who is signed in, and until when");
        app.MapPost(SessionPath, SignInAsync)
            .WithDescription("signs a page in: password; answers with its key, and a cookie that belongs to it");
        app.MapDelete(SessionPath, SignOut).WithDescription("signs it out, and ends its streams and links");
        app.MapPost(AdminApi.Root + "/tickets", TicketAsync)
            .WithDescription("a link to one path that a browser may follow without a key: path");
    }

    /// <summary>True where the caller may go on; else they have had their answer.</summary>
    public async Task<bool> AdmitAsync(HttpContext http)
    {
        var request = http.Request;
        if (IsOpen || IsForAll(request))
            return true;
        if (CredentialsIn(request) is { } given)
            return await PassesAsync(http, given.Name == User ? given.Password : null);
        if (_sessions.Find(CookieIn(request)) is var (id, session))
        {
            if (AdminSessions.Opens(session, request.Headers[KeyHeader].ToString()))
            {
                http.Features.Set(new SignedIn(id, session, _sessions));
                return true;
            }
            if (!request.Query.ContainsKey("ticket"))
            {
                await http.FaultAsync(
                    StatusCodes.Status403Forbidden,
                    "this call lacks the key of its session",
                    $"Send {KeyHeader}, as {SessionPath} gave it; or sign in again."
                );
                return false;
            }
        }
        if (
            (HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method))
            && _tickets.Opens(request.Query["ticket"].ToString(), request.Path.Value)
        )
            return true;
        await DenyAsync(http, "the admin door asks for a password");
        return false;
    }

    /// <summary>The code of pages is no secret, and whoever is to sign in needs a page to do it.</summary>
    private static bool IsForAll(HttpRequest request) =>
        HttpMethods.IsPost(request.Method)
            ? request.Path == SessionPath
            : HttpMethods.IsGet(request.Method)
                && (
                    request.Path.StartsWithSegments(PageFiles.App.TrimEnd('/'), StringComparison.Ordinal)
                    || request.Path == "/" && request.Headers["Sec-Fetch-Mode"] == "navigate"
                );

    /// <param name="said">Null where it is nobody's: nobody is heard under another name, so failing with one keeps
    /// nobody out.</param>
    private async Task<bool> PassesAsync(HttpContext http, string? said)
    {
        switch (said is null ? Verdict.Wrong : _password.Check(http.Connection.RemoteIpAddress ?? IPAddress.None, said))
        {
            case Verdict.Right:
                return true;
            case Verdict.TooMany:
                http.Response.Headers.RetryAfter = $"{AdminPassword.Pause.TotalSeconds:0}";
                await http.FaultAsync(
                    StatusCodes.Status429TooManyRequests,
                    "too many wrong passwords from this address",
                    "Try again in a second."
                );
                return false;
            default:
                await Task.Delay(WrongPasswordPause, _clock, http.RequestAborted);
                await DenyAsync(http, "the password is wrong");
                return false;
        }
    }

    private static Task DenyAsync(HttpContext http, string why)
    {
        // at that a browser would ask in a dialog of its own, although its page does
        if (!http.Request.Headers.ContainsKey(KeyHeader))
            http.Response.Headers.WWWAuthenticate = "Basic realm=\"ClusterODM\"";
        return http.FaultAsync(
            StatusCodes.Status401Unauthorized,
            why,
            $"The user is '{User}', the password that of --admin-pass-file."
        );
    }

    private JsonAnswer<SessionView> Who(HttpContext http) =>
        OdmAnswers.Json(
            IsOpen ? new SessionView(1) { Open = true }
                : http.Features.Get<SignedIn>() is { } page ? SessionView.Of(page.Session)
                : new SessionView(1) { Name = User },
            AdminJson.Plain.SessionView
        );

    private async Task<IResult> SignInAsync(HttpContext http, CancellationToken ct)
    {
        var body = await AdminApi.BodyAsync(http.Request, AdminJson.Plain.SignIn, ct);
        if (IsOpen)
            return Who(http);
        if (!await PassesAsync(http, body.Password ?? ""))
            return Results.Empty;
        var (cookie, key, session) = _sessions.Begin();
        http.Response.Cookies.Append(
            CookieName(http.Request),
            cookie,
            new()
            {
                HttpOnly = true,
                SameSite = SameSiteMode.Strict,
                Path = "/",
                MaxAge = AdminSession.Longest,
            }
        );
        return OdmAnswers.Json(SessionView.Of(session) with { Key = key }, AdminJson.Plain.SessionView);
    }

    private JsonAnswer<Done> SignOut(HttpContext http)
    {
        End(http);
        return OdmAnswers.Json(new Done(true), AdminJson.Plain.Done);
    }

    /// <summary>The session of the caller is over, if there is one.</summary>
    public void End(HttpContext http)
    {
        if (_sessions.Find(CookieIn(http.Request)) is not var (id, _))
            return;
        _sessions.End(id);
        http.Response.Cookies.Delete(CookieName(http.Request), new() { Path = "/" });
    }

    private async Task<JsonAnswer<TicketView>> TicketAsync(HttpContext http, CancellationToken ct)
    {
        var body = await AdminApi.BodyAsync(http.Request, AdminJson.Plain.AskTicket, ct);
        if (body.Path is not { } path || !path.StartsWith(AdminApi.Root + "/", StringComparison.Ordinal))
            throw new UserException(
                $"'{body.Path}' is no path of this API",
                $"Give it path, such as {AdminApi.Root}/diagnosis."
            );
        var (text, expires) = _tickets.Make(
            PathString.FromUriComponent(path).Value!,
            http.Features.Get<SignedIn>()?.Id
        );
        return OdmAnswers.Json(new TicketView(1, $"{path}?ticket={text}", expires), AdminJson.Plain.TicketView);
    }

    /// <summary>Cookies belong to all ports of a host, so each door has a name of its own for its.</summary>
    private static string CookieName(HttpRequest request) => $"muster-{request.HttpContext.Connection.LocalPort}";

    private static string CookieIn(HttpRequest request) => request.Cookies[CookieName(request)] ?? "";

    private static (string Name, string Password)? CredentialsIn(HttpRequest request)
    {
        if (
            request.Headers.Authorization is not [{ } header, ..]
            || !header.StartsWith("Basic ", StringComparison.OrdinalIgnoreCase)
        )
            return null;
        var bytes = new byte[header.Length];
        return
            Convert.TryFromBase64String(header["Basic ".Length..].Trim(), bytes, out var count)
            && Encoding.UTF8.GetString(bytes, 0, count).Split(':', 2) is [var name, var password]
            ? (name, password)
            : ("", "");
    }
}

/// <summary>The session that a request belongs to.</summary>
internal sealed record SignedIn(string Id, AdminSession Session, AdminSessions Sessions);

/// <summary>Who a page is here.</summary>
public sealed record SessionView(int Schema)
{
    /// <summary>There is no password.</summary>
    public bool Open { get; init; }
    public string? Name { get; init; }

    /// <summary>Told once, to the page that has signed in.</summary>
    public string? Key { get; init; }
    public DateTimeOffset? Expires { get; init; }
    public DateTimeOffset? IdleUntil { get; init; }

    internal static SessionView Of(AdminSession session) =>
        new(1)
        {
            Name = "admin",
            Expires = session.Expires,
            IdleUntil = session.IdleUntil,
        };
}

public sealed record SignIn(string? Password);

public sealed record AskTicket(string? Path);

/// <param name="Expires">Until when it has to be followed.</param>
public sealed record TicketView(int Schema, string Url, DateTimeOffset Expires);
