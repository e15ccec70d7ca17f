using Muster.Faults;
using Muster.Gateway.Ledger;
using Muster.Gateway.Model;
using Muster.Gateway.Spool;
using Muster.Gateway.Tasks;
using Muster.NodeOdm;

namespace Muster.Gateway.Carrying;

/// <summary>
/// Fetches the archive that a client named instead of sending files, and takes what is in it as if it had been sent.
/// Folders are dropped, as NodeODM does.
/// </summary>
internal sealed class ZipFetcher(
    TaskLedger ledger,
    Intake intake,
    SpoolFolder spool,
    GatewayOptions options,
    TimeProvider clock
) : IDisposable
{
    private const int AtOnce = 16;
    private const int Tries = 3;
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(60);

    private readonly SemaphoreSlim _room = new(AtOnce);
    private readonly HttpClient _outside = OutsideHttp.Create(options.AllowPrivateAddresses);

    public async Task FetchAsync(GatewayTask task, TaskPhase.Fetching at, CancellationToken ct)
    {
        var why = "";
        for (var attempt = 1; attempt <= Tries; attempt++)
        {
            await _room.WaitAsync(ct);
            try
            {
                await OnceAsync(task, at, ct);
                return;
            }
            catch (Exception fault)
                when (!ct.IsCancellationRequested
                    && fault
                        is HttpRequestException
                            or IOException
                            or OperationCanceledException
                            or InvalidDataException
                            or RefusalException
                            or SpoolFullException
                            or UriFormatException
                            or InvalidOperationException
                            or NotSupportedException
                )
            {
                why =
                    fault.GetBaseException() is OperationCanceledException
                        ? "it was silent for too long"
                        : fault.GetBaseException().Message;
                if (
                    fault.GetBaseException()
                    is RefusalException
                        or SpoolFullException
                        or UriFormatException
                        or InvalidOperationException
                        or NotSupportedException
                )
                    break;
            }
            finally
            {
                _room.Release();
            }
            await Task.Delay((TimeSpan.FromSeconds(2) * attempt).Jittered(), clock, ct);
        }
        // The address stays out of it: it may hold a secret.
        await ledger.ChangeAsync(
            task.Id,
            (book, now) =>
                now.Phase == at
                    ? book.Say(
                        now with
                        {
                            Phase = new TaskPhase.Ended(
                                TaskCode.Failed,
                                book.Now,
                                $"The archive could not be fetched: {why}"
                            ),
                        },
                        $"The archive could not be fetched: {why}"
                    )
                    : null
        );
    }

    private async Task OnceAsync(GatewayTask task, TaskPhase.Fetching at, CancellationToken ct)
    {
        var path = spool.NewPart();
        var files = new List<SpoolFile>();
        string? skipped;
        using var room = spool.Reserve(0) ?? throw new SpoolFullException();
        try
        {
            await DownloadAsync(at.Url, path, room, ct);
            using (var archive = new OutsideArchive(path, long.MaxValue))
            {
                skipped = archive.SkippedLinks;
                foreach (var entry in archive.Files)
                {
                    if (UploadName.Of(entry.Name) is not { } name)
                        continue;
                    await using var content = archive.Open(entry);
                    files.Add(await spool.ReceiveAsync(name, content, room, ct));
                }
            }
            if (files.Count == 0)
                throw new RefusalException("there is no file in it");
            var fetched = files;
            files = []; // whatever comes of them is said there
            await intake.FetchedAsync(task.Id, at, fetched, skipped, ct);
        }
        finally
        {
            File.Delete(path);
            spool.Release(files.Select(file => file.Hash));
        }
    }

    private async Task DownloadAsync(string url, string path, SpoolFolder.Reservation room, CancellationToken ct)
    {
        using var idle = CancellationTokenSource.CreateLinkedTokenSource(ct);
        idle.CancelAfter(Silence);
        using var response = await _outside.GetAsync(
            new Uri(url),
            HttpCompletionOption.ResponseHeadersRead,
            idle.Token
        );
        if (!response.IsSuccessStatusCode)
            throw new RefusalException($"its server answered with status {(int)response.StatusCode}");
        await using var file = new FileStream(
            path,
            FileMode.CreateNew,
            FileAccess.Write,
            FileShare.None,
            bufferSize: 0,
            FileOptions.Asynchronous
        );
        await using var body = await response.Content.ReadAsStreamAsync(idle.Token);
        var block = new byte[1 << 18];
        while (await body.ReadAsync(block, idle.Token) is > 0 and var read)
        {
            idle.CancelAfter(Silence);
            room.Use(read);
            await file.WriteAsync(block.AsMemory(0, read), idle.Token);
        }
    }

    public void Dispose()
    {
        _outside.Dispose();
        _room.Dispose();
    }
}
