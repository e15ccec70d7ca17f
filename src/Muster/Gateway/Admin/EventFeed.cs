using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Muster.Faults;
using Muster.Gateway.Ledger;
using Muster.Gateway.Model;

namespace Muster.Gateway.Admin;

/// <summary>
/// What happens, as it happens, as Server-Sent Events. Each has its number, behind which a reader that lost the
/// connection goes on.
/// </summary>
internal sealed class EventFeed(TaskLedger ledger, TimeProvider clock)
{
    private const int AtOnce = 500;
    private const int MostReaders = 200;

    // another gateway on the same database makes events too
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(2);

    // after that, a line that says nothing keeps the way open
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(15);

    private int _readers;

    public async Task SendAsync(HttpContext http, CancellationToken stopping)
    {
        if (Interlocked.Increment(ref _readers) > MostReaders)
        {
            Interlocked.Decrement(ref _readers);
            await http.FaultAsync(
                StatusCodes.Status503ServiceUnavailable,
                $"{MostReaders} readers follow the events already",
                "End some of them, or try again later."
            );
            return;
        }
        using var either = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, stopping);
        var knock = new WakeUp(clock);
        void Heard(IReadOnlyList<GatewayEvent> events) => knock.Make();
        ledger.Happened += Heard;
        try
        {
            await SendAsync(http, After(http.Request), knock, either.Token);
        }
        // the reader comes again, and goes on where it was
        catch (OperationCanceledException) when (stopping.IsCancellationRequested) { }
        finally
        {
            ledger.Happened -= Heard;
            Interlocked.Decrement(ref _readers);
        }
    }

    private async Task SendAsync(HttpContext http, long after, WakeUp knock, CancellationToken ct)
    {
        http.Response.ContentType = "text/event-stream; charset=utf-8";
        http.Response.Headers["X-Accel-Buffering"] = "no";
        await SayAsync("retry: 1000\n\n");
        for (var spoken = clock.GetTimestamp(); ; await knock.WaitAsync(Look, ct))
        {
            while (ledger.Events(after, AtOnce) is { Count: > 0 } events)
            {
                await SayAsync(
                    string.Concat(
                        events.Select(happened =>
                            $"id: {happened.Number}\nevent: {happened.Kind}\ndata: "
                            + $"{JsonSerializer.Serialize(happened, AdminJson.Plain.GatewayEvent)}\n\n"
                        )
                    )
                );
                (after, spoken) = (events[^1].Number, clock.GetTimestamp());
            }
            if (clock.GetElapsedTime(spoken) < Quiet)
                continue;
            await SayAsync(":\n\n");
            spoken = clock.GetTimestamp();
        }

        async Task SayAsync(string text)
        {
            await http.Response.BodyWriter.WriteAsync(Encoding.UTF8.GetBytes(text), ct);
        }
    }

    /// <summary>Behind which event it begins: as the reader says, else behind the last.</summary>
    private long After(HttpRequest request) =>
        request.Headers["Last-Event-ID"] is not [{ Length: > 0 } text, ..]
            ? Numbers.In(request.Query, "after", ledger.LastEvent(), 0, long.MaxValue)
        : long.TryParse(text, out var number) && number >= 0 ? number
        : throw new UserException($"Last-Event-ID is '{text}'", "It is the number of the last event that was read.");
}

/// <summary>The answer that goes on until the reader leaves, or we stop.</summary>
internal sealed class EventStream(EventFeed feed, CancellationToken stopping) : IResult
{
    public Task ExecuteAsync(HttpContext httpContext) => feed.SendAsync(httpContext, stopping);
}
