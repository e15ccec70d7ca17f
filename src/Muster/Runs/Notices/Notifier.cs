using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Muster.Faults;
using Muster.Sites.Notices;

namespace Muster.Runs.Notices;

/// <summary>Tells people of runs, by all ways that are configured, and of each event once.</summary>
/// <param name="look">What a run's site says of it now, for runs whose host tells of them.</param>
public sealed class Notifier(
    RunStore store,
    NoticeSettings settings,
    TimeProvider clock,
    Func<Run, CancellationToken, Task<RunFacts?>> look
) : IDisposable
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
        if (!mine)
            return [];
        return await SendAsync(notice, await ToldByHostAsync(notice, ct), ct);
    }

    /// <summary>
    /// By which ways the run's own host has told it. Told twice is better than not at all: where that cannot be
    /// learned, it is told here.
    /// </summary>
    private async Task<IReadOnlyList<string>> ToldByHostAsync(RunNotice notice, CancellationToken ct)
    {
        if (!notice.Run.Plan.IsToldByHost)
            return [];
        for (var began = clock.GetTimestamp(); ; await Task.Delay(TimeSpan.FromMilliseconds(500), clock, ct))
        {
            try
            {
                if (HostNotice.ToldBy(await look(notice.Run, ct), notice.Event) is { } ways)
                    return ways;
            }
            catch (UserException) { } // out of reach just now
            if (clock.GetElapsedTime(began) > HostNotice.Patience)
                return [];
        }
    }

    /// <summary>By what it is sent; the desktop, where nothing is configured.</summary>
    public IReadOnlyList<string> Ways => [.. All().Select(way => way.Name)];

    /// <summary>Sends it by every way at once, but for those by which it was told.</summary>
    public async Task<IReadOnlyList<string>> SendAsync(
        RunNotice notice,
        IReadOnlyList<string> told,
        CancellationToken ct
    ) =>
        [
            .. (
                await Task.WhenAll(
                    All()
                        .Where(way => !told.Contains(way.Name))
                        .Select(way => TryAsync(way.Name, () => way.SendAsync(notice, ct), ct))
                )
            ).OfType<string>(),
        ];

    private sealed record Way(string Name, Func<RunNotice, CancellationToken, Task> SendAsync);

    private IEnumerable<Way> All()
    {
        if (settings.Desktop || !settings.HasChannel)
            yield return new("desktop", DesktopNotice.ShowAsync);
        if (settings.Mail is { } mail)
            yield return new("mail", (notice, ct) => MailNotice.SendAsync(mail, notice, Patience, ct));
        foreach (var (way, post) in NoticePost.Of(settings))
            yield return new(way, (notice, ct) => PostAsync(post(notice.Run.Id, notice.Event), notice, ct));
    }

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

    private async Task PostAsync(NoticePost post, RunNotice notice, CancellationToken ct)
    {
        using var request = new HttpRequestMessage(new(post.Method), post.Address)
        {
            Content = new StringContent(Body(post, notice), Encoding.UTF8, "application/json"),
        };
        if (post.Token is { } token)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        using var answer = await _http.SendAsync(request, ct);
        if (!answer.IsSuccessStatusCode)
            throw new UserException($"{post.Address.Host} answered {(int)answer.StatusCode}", "Check its address.");
    }

    private static string Body(NoticePost post, RunNotice notice) =>
        post.Way switch
        {
            "slack" => Json(new SlackView(Escaped(Line(notice)))),
            "ntfy" => Json(new NtfyView(post.Topic!, notice.Title, notice.Text)),
            "matrix" => Json(new MatrixView("m.text", Line(notice))),
            _ => Json(NoticeView.Of(notice)),
        };

    /// <summary>Slack reads what stands between angle brackets as links and mentions.</summary>
    private static string Escaped(string text) =>
        text.Replace("&", "&amp;", StringComparison.Ordinal)
            .Replace("<", "&lt;", StringComparison.Ordinal)
            .Replace(">", "&gt;", StringComparison.Ordinal);

    private static string Line(RunNotice notice) => $"{notice.Title}: {notice.Text}";

    private static string Json(NoticeView view) => JsonSerializer.Serialize(view, NoticeJson.Default.NoticeView);

    private static string Json(SlackView view) => JsonSerializer.Serialize(view, NoticeJson.Default.SlackView);

    private static string Json(NtfyView view) => JsonSerializer.Serialize(view, NoticeJson.Default.NtfyView);

    private static string Json(MatrixView view) => JsonSerializer.Serialize(view, NoticeJson.Default.MatrixView);
}
