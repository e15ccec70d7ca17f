using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Muster.Gateway.Ledger;
using Muster.Gateway.Model;
using Muster.Gateway.Spool;
using Muster.Gateway.Tokens;
using Muster.NodeOdm;

namespace Muster.Gateway.Tasks;

/// <summary>
/// Tells the end of a task to the address that its client named, and to the provider of its token. What is due survives
/// the gateway. Nodes are not told of a webhook, as their call would come before the archive is here.
/// </summary>
internal sealed partial class EndNotices(
    TaskLedger ledger,
    TaskStore store,
    ResultFolder results,
    LightningProvider? provider,
    GatewayOptions options,
    TimeProvider clock,
    ILogger log
) : IDisposable
{
    private readonly HttpClient _outside = OutsideHttp.Create(options.AllowPrivateAddresses);

    /// <summary>One for each end: a task that is begun anew ends again.</summary>
    private readonly Dictionary<(Guid Task, DateTimeOffset End), Task> _calls = [];
    private readonly WebhookCaller _caller = new(options.WebhookWaits, clock, log);

    public async Task RunAsync(CancellationToken ct)
    {
        void Follow(IReadOnlyList<GatewayTask> tasks, IReadOnlyCollection<Guid> removed)
        {
            lock (_calls)
            {
                foreach (var task in tasks)
                {
                    if (
                        task is not { Phase: TaskPhase.Ended end }
                        || !(task.WebhookDue || task.FinishDue)
                        || _calls.ContainsKey((task.Id, end.At))
                    )
                        continue;
                    _calls[(task.Id, end.At)] = Task.Run(() => TellAsync(task, end, ct), CancellationToken.None);
                }
            }
        }
        ledger.Changed += Follow;
        try
        {
            Follow([.. store.EndsDue().Select(ledger.Recall).OfType<GatewayTask>()], []);
            await Task.Delay(Timeout.Infinite, ct);
        }
        finally
        {
            ledger.Changed -= Follow;
            List<Task> calls;
            lock (_calls)
                calls = [.. _calls.Values];
            await Task.WhenAll(calls).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task TellAsync(GatewayTask task, TaskPhase.Ended end, CancellationToken ct)
    {
        try
        {
            await Task.WhenAll(
                task.WebhookDue ? CallAsync(task, end, ct) : Task.CompletedTask,
                task.FinishDue && provider is not null
                    ? provider.FinishedAsync(task.Owner, Describe(task), ct)
                    : Task.CompletedTask
            );
            await ledger.ChangeAsync(
                task.Id,
                (_, now) => IsStill(now, end) ? now with { WebhookDue = false, FinishDue = false } : null
            );
        }
        catch (IOException fault)
        {
            NotNoted(task.Id, fault.Message); // the disk is full; it is told again after the next start
        }
        finally
        {
            lock (_calls)
                _calls.Remove((task.Id, end.At));
        }
    }

    private static bool IsStill(GatewayTask now, TaskPhase.Ended end) =>
        now.Phase is TaskPhase.Ended still && still.At == end.At;

    private async Task CallAsync(GatewayTask task, TaskPhase.Ended end, CancellationToken ct) =>
        await _caller.CallAsync(
            _outside,
            task.Webhook!,
            await BodyAsync(task, ct),
            task.Id.ToString(),
            () => ledger.Find(task.Id) is { } now && !IsStill(now, end),
            ct
        );

    /// <summary>The task's description, and the list of images where the archive holds one.</summary>
    private async Task<string> BodyAsync(GatewayTask task, CancellationToken ct)
    {
        return $"{Describe(task)[..^1]},\"images\":{await ImagesAsync(task, ct)}}}";
    }

    private string Describe(GatewayTask task) =>
        Encoding.UTF8.GetString(TaskView.Json(task, null, clock.GetUtcNow()).Span);

    private async Task<string> ImagesAsync(GatewayTask task, CancellationToken ct)
    {
        if (task.Phase is not TaskPhase.Ended { Result: { } result })
            return "[]";
        try
        {
            await using var archive = await ZipArchive.CreateAsync(
                results.Open(result),
                ZipArchiveMode.Read,
                leaveOpen: false,
                entryNameEncoding: null,
                ct
            );
            if (archive.GetEntry("images.json") is not { Length: < 16 << 20 } entry)
                return "[]";
            using var text = new StreamReader(await entry.OpenAsync(ct));
            return ListIn(await text.ReadToEndAsync(ct));
        }
        catch (Exception fault) when (fault is IOException or InvalidDataException or JsonException)
        {
            return "[]"; // it was removed meanwhile, or holds no list
        }
    }

    private static string ListIn(string text)
    {
        using var images = JsonDocument.Parse(text);
        return images.RootElement.ValueKind == JsonValueKind.Array ? images.RootElement.GetRawText() : "[]";
    }

    public void Dispose()
    {
        _outside.Dispose();
        _caller.Dispose();
    }

    [LoggerMessage(LogLevel.Warning, "That the end of {Task} was told could not be noted: {Why}")]
    private partial void NotNoted(Guid task, string why);
}
