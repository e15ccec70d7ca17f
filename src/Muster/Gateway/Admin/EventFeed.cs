using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Muster.Faults;
using Muster.Gateway.Ledger;
using Muster.Gateway.Model;

namespace Muster.Gateway.Admin;

/// <summary>
/// What happens, as it happens. Each event has its number, behind which a reader that lost the connection goes on.
/// </summary>
internal sealed class EventFeed(TaskLedger ledger, TimeProvider clock)
{
    private const int AtOnce = 500;

    // another gateway on the same database makes events too
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(2);

    private readonly EventReaders _readers = new(clock);

    public EventStream Stream(CancellationToken stopping) => new(_readers, TellAsync, stopping);

    private async Task TellAsync(EventWriter to)
    {
        var after = After(to.Request);
        void Heard(IReadOnlyList<GatewayEvent> events) => to.Knock.Make();
        ledger.Happened += Heard;
        try
        {
            await to.WriteAsync("retry: 1000\n\n");
            for (; ; await to.WaitAsync(Look))
            {
                while (ledger.Events(after, AtOnce) is { Count: > 0 } events)
                {
                    await to.WriteAsync(
                        string.Concat(
                            events.Select(happened =>
                                $"id: {happened.Number}\nevent: {happened.Kind}\ndata: "
                                + $"{JsonSerializer.Serialize(happened, AdminJson.Plain.GatewayEvent)}\n\n"
                            )
                        )
                    );
                    after = events[^1].Number;
                }
            }
        }
        finally
        {
            ledger.Happened -= Heard;
        }
    }

    /// <summary>Behind which event it begins: as the reader says, else behind the last.</summary>
    private long After(HttpRequest request) =>
        request.Headers["Last-Event-ID"] is not [{ Length: > 0 } text, ..]
            ? Numbers.In(request.Query, "after", ledger.LastEvent(), 0, long.MaxValue)
        : long.TryParse(text, out var number) && number >= 0 ? number
        : throw new UserException($"Last-Event-ID is '{text}'", "It is the number of the last event that was read.");
}
