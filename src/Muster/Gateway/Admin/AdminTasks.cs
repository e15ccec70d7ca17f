using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Muster.Gateway.Fleet;
using Muster.Gateway.Ledger;
using Muster.Gateway.Model;
using Muster.Gateway.Placing;
using Muster.Gateway.Tasks;
using Muster.Gateway.Tokens;
using Muster.NodeOdm;

namespace Muster.Gateway.Admin;

/// <summary>Tasks at the admin door: everybody's, with what was decided about them.</summary>
internal sealed class AdminTasks(
    TaskLedger ledger,
    NodeFleet fleet,
    TokenBook tokens,
    TaskActions actions,
    WaitingList waiting
)
{
    private const int MostLines = 10_000;
    private readonly TaskIndex _index = new(ledger);

    public void Map(IEndpointRouteBuilder api)
    {
        api.MapGet("/tasks", List)
            .WithDescription(
                "tasks, the newest first: state, q, name, node, owner, id, parent, from, to, sort, limit, after, before, "
                    + "count"
            );
        api.MapGet("/tasks/{id}", One).WithDescription("one task");
        api.MapGet("/tasks/{id}/output", Output).WithDescription("its output, from line on");
        api.MapGet("/tasks/{id}/timeline", TimelineOf).WithDescription("how long it was in which phase, and where");
        api.MapGet("/tasks/{id}/decisions", Decisions).WithDescription("why it was placed, moved, retried");
        api.MapGet("/tasks/{id}/why", Why).WithDescription("where it is, what it waits for, and how that came about");
        api.MapPost("/tasks/{id}/cancel", CancelAsync).WithDescription("cancels it");
        api.MapPost("/tasks/{id}/restart", RestartAsync).WithDescription("runs it again after its end");
        api.MapDelete("/tasks/{id}", RemoveAsync)
            .WithDescription("cancels it and forgets it, with its files and its archive");
    }

    private GatewayTask? Find(string text) =>
        Guid.TryParse(text, out var id) && ledger.Find(id) is { IsListed: true } task ? task : null;

    private static Refused None(string text) =>
        new(StatusCodes.Status404NotFound, $"there is no task {text}", $"GET {AdminApi.Root}/tasks lists them.");

    private JsonAnswer<TaskPage> List(HttpRequest request, CancellationToken ct) =>
        OdmAnswers.Json(TaskFilter.Of(request.Query).Page(_index, ledger, fleet, tokens), AdminJson.Plain.TaskPage);

    private Results<JsonAnswer<TaskPage>, Refused> One(string id) =>
        Find(id) is { } task
            ? OdmAnswers.Json(new(1, [TaskEntry.Of(task, fleet, tokens)], null), AdminJson.Plain.TaskPage)
            : None(id);

    private Results<JsonAnswer<OutputPage>, Refused> Output(string id, HttpRequest request)
    {
        if (Find(id) is not { } task)
            return None(id);
        var from = OutputSlice.Start(request.Query["line"], task.Lines);
        var lines = ledger.Output(task with { Lines = Math.Min(task.Lines, from + MostLines) }, from);
        var next = from + lines.Count;
        return OdmAnswers.Json(
            new(1, lines, next, !task.Phase.IsLive && next >= task.Lines),
            AdminJson.Plain.OutputPage
        );
    }

    private Results<JsonAnswer<Timeline>, Refused> TimelineOf(string id)
    {
        if (Find(id) is not { } task)
            return None(id);
        var steps = task.Steps ?? [];
        return OdmAnswers.Json(
            new(
                1,
                [
                    .. steps.Select(
                        (step, n) =>
                            new TimelineSpan(
                                step.Phase,
                                step.Node is { } node ? fleet.Find(node)?.Name ?? node : null,
                                step.At,
                                n + 1 < steps.Count ? steps[n + 1].At : null
                            )
                    ),
                ]
            ),
            AdminJson.Plain.Timeline
        );
    }

    private Results<JsonAnswer<EventList>, Refused> Decisions(string id) =>
        Find(id) is { } task
            ? OdmAnswers.Json(new(1, ledger.Decisions(task.Id), ledger.LastEvent()), AdminJson.Plain.EventList)
            : None(id);

    private Results<JsonAnswer<TaskWhy>, Refused> Why(string id)
    {
        if (Find(id) is not { } task)
            return None(id);
        var (entry, waits) = (TaskEntry.Of(task, fleet, tokens), waiting.Find(task));
        return OdmAnswers.Json(
            new TaskWhy(1, task.Id, task.Name, entry.State, waits?.Why ?? InWords(task), ledger.Decisions(task.Id))
            {
                Position = waits?.Position,
            },
            AdminJson.Plain.TaskWhy
        );
    }

    private string InWords(GatewayTask task)
    {
        var node = task.Phase.Place is { } place ? fleet.Find(place.Node)?.Name ?? "its node" : "its node";
        return task.Phase switch
        {
            TaskPhase.Sending => $"its files are being sent to {node}",
            TaskPhase.Running { UnknownSince: not null } => $"{node} no longer knows it; it is placed again soon",
            TaskPhase.Running { Waiting: true } => $"it waits in the queue of {node}",
            TaskPhase.Running => $"{node} works on it",
            TaskPhase.Collecting => $"its results are being brought here from {node}",
            TaskPhase.Fetching => "its archive is being fetched from the address that its client gave",
            TaskPhase.Receiving => "its files are still coming in",
            TaskPhase.Ended { Code: TaskCode.Completed } => "it is done",
            TaskPhase.Ended { Code: TaskCode.Canceled } => "it was cancelled",
            TaskPhase.Ended end => end.Error ?? "it failed, and no reason was given",
            _ => "",
        };
    }

    private async Task<Results<JsonAnswer<TaskPage>, Refused>> CancelAsync(string id)
    {
        if (Find(id) is not { } task)
            return None(id);
        await actions.CancelAsync(task.Id, AdminApi.By);
        return One(id);
    }

    private async Task<Results<JsonAnswer<TaskPage>, Refused>> RestartAsync(string id, CancellationToken ct)
    {
        if (Find(id) is not { } task)
            return None(id);
        if (await actions.RestartAsync(task.Id, null, ct) is { } why)
            return new Refused(
                StatusCodes.Status409Conflict,
                why,
                "Only an ended task whose files are here or on its node runs again."
            );
        return One(id);
    }

    private async Task<Results<JsonAnswer<Done>, Refused>> RemoveAsync(string id) =>
        Find(id) is { } task
            ? OdmAnswers.Json(new Done(await actions.RemoveAsync(task.Id, AdminApi.By)), AdminJson.Plain.Done)
            : None(id);
}
