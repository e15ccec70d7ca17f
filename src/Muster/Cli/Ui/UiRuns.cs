using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Muster.Cli.Context;
using Muster.Cli.Runs;
using Muster.Configuration;
using Muster.Faults;
using Muster.Gateway.Admin;
using Muster.NodeOdm;
using Muster.Runs;
using Muster.Runs.Explain;
using Muster.Runs.Follow;
using Muster.Runs.Forward;

namespace Muster.Cli.Ui;

/// <summary>
/// Runs for the page: what is known of them at once, and what their sites say as long as somebody looks, no oftener
/// than a person would ask with `muster ps`.
/// </summary>
internal sealed class UiRuns(App app, CancellationToken stopping) : IAsyncDisposable
{
    private const int MostEnded = 200;
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Ask = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<RunId, Forwarder> _forwarders = [];
    private readonly EventReaders _readers = new(app.Clock);
    private int _looking;

    public void Map(IEndpointRouteBuilder api)
    {
        api.MapGet("/live", http => _readers.ServeAsync(http, TellAsync, stopping));
        api.MapGet("/runs/{id}/log", http => _readers.ServeAsync(http, TellLogAsync, stopping));
        api.MapGet("/runs/{id}/why", WhyAsync);
        api.MapPost("/runs/{id}/cancel", CancelAsync);
        api.MapPost("/runs/{id}/fetch", FetchAsync);
        api.MapPost("/runs/{id}/ports/{rank}/{name}", OpenPortAsync);
        api.MapGet("/runs/{id}/files", ListFilesAsync);
        api.MapGet("/runs/{id}/files/{**path}", SendFileAsync);
    }

    /// <summary>Asks sites while somebody looks; one that does not answer changes no state.</summary>
    public async Task KeepFreshAsync()
    {
        for (var askedAt = DateTimeOffset.MinValue; ; await Task.Delay(Look, app.Clock, stopping))
        {
            if (Volatile.Read(ref _looking) == 0 || app.Clock.GetUtcNow() - askedAt < Ask)
                continue;
            askedAt = app.Clock.GetUtcNow();
            if (app.Store.Live() is { Count: > 0 } live)
                await app.Keeper.RefreshAsync(live, Patience, Patience, stopping);
        }
    }

    private async Task TellAsync(EventWriter to)
    {
        var told = new Dictionary<string, string>();
        Interlocked.Increment(ref _looking);
        try
        {
            await SayAsync(to, "hello", new(OwnVersion.Text, app.Clock.GetUtcNow()), UiJson.Plain.UiHello);
            for (var isFirst = true; ; isFirst = false, await to.WaitAsync(Look))
            {
                var runs = Known()
                    .ToDictionary(
                        run => run.Id.ToString(),
                        run => JsonSerializer.Serialize(RunView.Of(run), RunAnswers.Plain.RunView)
                    );
                var changed = runs.Where(run => told.GetValueOrDefault(run.Key) != run.Value).ToList();
                var gone = told.Keys.Where(id => !runs.ContainsKey(id)).ToList();
                if (isFirst || changed.Count + gone.Count > 0)
                    await to.WriteAsync(
                        $"event: runs\ndata: {{\"changed\":[{string.Join(',', changed.Select(run => run.Value))}],"
                            + $"\"gone\":[{string.Join(',', gone.Select(id => $"\"{id}\""))}]}}\n\n"
                    );
                changed.ForEach(run => told[run.Key] = run.Value);
                gone.ForEach(id => told.Remove(id));
            }
        }
        finally
        {
            Interlocked.Decrement(ref _looking);
        }
    }

    private IEnumerable<Run> Known() => app.Store.Live().Concat(app.Store.Ended(MostEnded)).DistinctBy(run => run.Id);

    /// <summary>The whole log, then what is written until the run ends.</summary>
    private async Task TellLogAsync(EventWriter to)
    {
        var run = Get(to.Request.RouteValues);
        await SayAsync(to, "hello", new(OwnVersion.Text, app.Clock.GetUtcNow()), UiJson.Plain.UiHello);
        try
        {
            using var enough = CancellationTokenSource.CreateLinkedTokenSource(to.Over);
            await using var events = new Follower(app.Store, app.OpenSite(run.Plan.Site), app.Clock)
                .FollowAsync(run.Id, enough.Token)
                .GetAsyncEnumerator(enough.Token);
            while (true)
            {
                var next = events.MoveNextAsync().AsTask();
                try
                {
                    while (await Task.WhenAny(next, Task.Delay(Patience, app.Clock, to.Over)) != next)
                        await to.WriteAsync(":\n\n"); // a quiet run keeps its reader
                }
                catch
                {
                    await enough.CancelAsync();
                    await ((Task)next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                    throw;
                }
                if (!await next)
                    break;
                switch (events.Current)
                {
                    case RunEvent.Log log:
                        await SayAsync(to, "log", EventView.Of(log), RunAnswers.Plain.EventView);
                        break;
                    case RunEvent.ContactLost(_, var why):
                        await SayAsync(to, "contact", new(why), UiJson.Plain.UiContact);
                        break;
                    case RunEvent.ContactBack:
                        await SayAsync(to, "contact", new(null), UiJson.Plain.UiContact);
                        break;
                }
            }
            await to.WriteAsync("event: end\ndata: {}\n\n");
        }
        catch (UserException fault) // such as a site that is away, or is no longer in the configuration
        {
            var said = new AdminFault(fault.Message, fault.Fix);
            await SayAsync(to, "fault", said, AdminJson.Plain.AdminFault);
        }
    }

    private static Task SayAsync<T>(EventWriter to, string kind, T said, JsonTypeInfo<T> type) =>
        to.WriteAsync($"event: {kind}\ndata: {JsonSerializer.Serialize(said, type)}\n\n");

    private async Task WhyAsync(HttpContext http)
    {
        var (run, explanation) = await new Explainer(app.Store, app.Measures, app.OpenSite, app.Clock).ExplainAsync(
            Get(http.Request.RouteValues),
            Patience,
            http.RequestAborted
        );
        await http.AnswerAsync(WhyView.Of(run, explanation), WhyJson.Plain.WhyView);
    }

    private async Task CancelAsync(HttpContext http)
    {
        var run = await app.Keeper.CancelAsync(Get(http.Request.RouteValues).Id, hard: false, stopping);
        await http.AnswerAsync(RunView.Of(run), RunAnswers.Plain.RunView);
    }

    private async Task FetchAsync(HttpContext http)
    {
        var run = Get(http.Request.RouteValues);
        await FetchCommand.BringAsync(app, run, run.FetchedTo, [], always: false, stopping);
        await http.AnswerAsync(RunView.Of(app.Store.Find(run.Id)!), RunAnswers.Plain.RunView);
    }

    private async Task OpenPortAsync(HttpContext http)
    {
        var run = Get(http.Request.RouteValues);
        var (rank, name) = (http.Request.RouteValues["rank"] as string, http.Request.RouteValues["name"] as string);
        if (
            run.State is RunState.Ended
            || run.Ports.FirstOrDefault(port => port.Rank == rank && port.Name == name) is not { } seen
        )
            throw new UserException(
                $"{run.Plan.Name} does not listen on {name}",
                "A port can be opened once the run listens on it, until its end."
            );
        var local = _forwarders
            .GetOrAdd(run.Id, _ => new(app.OpenSite(run.Plan.Site), run.Plan))
            .Bring(seen, run.Handle);
        await http.AnswerAsync(new(1, local.Url), UiJson.Plain.UiPort);
    }

    private Task ListFilesAsync(HttpContext http)
    {
        var run = Get(http.Request.RouteValues);
        return http.AnswerAsync(UiFiles.List(run), UiJson.Plain.UiFileList);
    }

    private Task SendFileAsync(HttpContext http) =>
        UiFiles.SendAsync(http, Get(http.Request.RouteValues), http.Request.RouteValues["path"] as string ?? "");

    private Run Get(RouteValueDictionary route) => Get(app, route["id"] as string);

    public static Run Get(App app, string? text) =>
        RunId.TryParse(text, out var id) && app.Store.Find(id) is { } run
            ? run
            : throw new UserException($"there is no run {text}", "`muster ps --all` lists them.");

    public async ValueTask DisposeAsync()
    {
        foreach (var forwarder in _forwarders.Values)
            await forwarder.DisposeAsync();
    }
}

public sealed record UiHello(string Version, DateTimeOffset Now);

/// <param name="Lost">Why the site does not answer; null where it does again.</param>
public sealed record UiContact(string? Lost);

public sealed record UiPort(int Schema, Uri Url);
