using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Muster.Faults;
using Muster.Sites.Clouds;
using Muster.Sites.Notices;

namespace Muster.Runs.Notices;

/// <summary>Tells people of runs, by all ways that are configured, and of each event once.</summary>
public sealed class Notifier(RunStore store, NoticeSettings settings) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    // A redirect could take a token to somebody else.
    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false })
    {
        Timeout = Patience,
    };

    public void Dispose() => _http.Dispose();

    /// <summary>Tells what is due of a run. Gives what went wrong, a line each.</summary>
    public async Task<IReadOnlyList<string>> TellAsync(Run run, CancellationToken ct)
    {
        if (RunNotice.Due(run, settings) is not { } notice)
            return [];
        // Whoever writes it down tells it: several may see the end at the same time.
        var mine = false;
        store.Change(
            run.Id,
            known =>
            {
                mine = !known.Told.Contains(notice.Event);
                return mine ? known with { Told = [.. known.Told, notice.Event] } : known;
            }
        );
        return mine ? await SendAsync(notice, ct) : [];
    }

    /// <summary>By what it is sent; the desktop, where nothing is configured.</summary>
    public IReadOnlyList<string> Ways => [.. All().Select(way => way.Name)];

    /// <summary>Sends it by every way at once.</summary>
    public async Task<IReadOnlyList<string>> SendAsync(RunNotice notice, CancellationToken ct) =>
        [
            .. (
                await Task.WhenAll(All().Select(way => TryAsync(way.Name, () => way.SendAsync(notice, ct), ct)))
            ).OfType<string>(),
        ];

    private sealed record Way(string Name, Func<RunNotice, CancellationToken, Task> SendAsync);

    private IEnumerable<Way> All()
    {
        if (settings.Desktop || !settings.HasChannel)
            yield return new("desktop", DesktopNotice.ShowAsync);
        if (settings.Mail is { } mail)
            yield return new("mail", (notice, ct) => MailNotice.SendAsync(mail, notice, Patience, ct));
        if (settings.Webhook is { } webhook)
            yield return new("webhook", (notice, ct) => PostAsync(webhook, Json(NoticeView.Of(notice)), ct));
        if (settings.Slack is { } slack)
            yield return new("slack", (notice, ct) => PostAsync(slack, Json(new SlackView(Escaped(Line(notice)))), ct));
        if (settings.Ntfy is { } ntfy)
            yield return new("ntfy", (notice, ct) => NtfyAsync(ntfy, notice, ct));
        if (settings.Matrix is { } matrix)
            yield return new("matrix", (notice, ct) => MatrixAsync(matrix, notice, ct));
    }

    private Task PostAsync(Secret address, string body, CancellationToken ct) =>
        PostAsync(HttpMethod.Post, Address(address), null, body, ct);

    private static async Task<string?> TryAsync(string way, Func<Task> send, CancellationToken ct)
    {
        try
        {
            await send();
            return null;
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return $"notify by {way}: no answer within {Patience.TotalSeconds} s";
        }
        catch (Exception fault) when (fault is not OperationCanceledException)
        {
            return $"notify by {way}: {fault.Message}";
        }
    }

    private Task NtfyAsync(NtfySettings ntfy, RunNotice notice, CancellationToken ct)
    {
        var topic = Address(ntfy.Topic);
        var name = topic.AbsolutePath.Trim('/');
        if (name.Length == 0 || name.Contains('/'))
            throw new UserException("the topic is not an address such as https://ntfy.sh/my-runs", "Correct it.");
        return PostAsync(
            HttpMethod.Post,
            new(topic, "/"),
            ntfy.Token,
            Json(new NtfyView(Uri.UnescapeDataString(name), notice.Title, notice.Text)),
            ct
        );
    }

    private Task MatrixAsync(MatrixSettings matrix, RunNotice notice, CancellationToken ct)
    {
        // The server takes the same name of a message for the same message.
        var path =
            $"/_matrix/client/v3/rooms/{Uri.EscapeDataString(matrix.Room)}/send/m.room.message/"
            + $"muster-{notice.Run.Id}-{notice.Event}";
        return PostAsync(
            HttpMethod.Put,
            new(matrix.Server, path),
            matrix.Token,
            Json(new MatrixView("m.text", Line(notice))),
            ct
        );
    }

    private async Task PostAsync(HttpMethod method, Uri address, Secret? token, string body, CancellationToken ct)
    {
        using var request = new HttpRequestMessage(method, address)
        {
            Content = new StringContent(body, Encoding.UTF8, "application/json"),
        };
        if (token is not null)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", Known(token));
        using var answer = await _http.SendAsync(request, ct);
        if (!answer.IsSuccessStatusCode)
            throw new UserException($"{address.Host} answered {(int)answer.StatusCode}", "Check its address.");
    }

    /// <summary>Slack reads what stands between angle brackets as links and mentions.</summary>
    private static string Escaped(string text) =>
        text.Replace("&", "&amp;", StringComparison.Ordinal)
            .Replace("<", "&lt;", StringComparison.Ordinal)
            .Replace(">", "&gt;", StringComparison.Ordinal);

    private static string Line(RunNotice notice) => $"{notice.Title}: {notice.Text}";

    private static Uri Address(Secret secret) =>
        Uri.TryCreate(Known(secret), UriKind.Absolute, out var address) && address.Scheme is "http" or "https"
            ? address
            : throw new UserException($"the address {secret} is not one of http or https", "Correct it.");

    internal static string Known(Secret secret) =>
        secret.IsMissing
            ? throw new UserException($"{secret.Source} is not set", $"Set {secret.Source}.")
            : secret.Reveal();

    private static string Json(NoticeView view) => JsonSerializer.Serialize(view, NoticeJson.Default.NoticeView);

    private static string Json(SlackView view) => JsonSerializer.Serialize(view, NoticeJson.Default.SlackView);

    private static string Json(NtfyView view) => JsonSerializer.Serialize(view, NoticeJson.Default.NtfyView);

    private static string Json(MatrixView view) => JsonSerializer.Serialize(view, NoticeJson.Default.MatrixView);
}
