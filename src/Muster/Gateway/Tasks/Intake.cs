using System.Text.Json;
using Muster.Gateway.Fleet;
using Muster.Gateway.Ledger;
using Muster.Gateway.Model;
using Muster.Gateway.Placing;
using Muster.Gateway.Spool;
using Muster.Gateway.Tokens;
using Muster.NodeOdm;

namespace Muster.Gateway.Tasks;

/// <summary>How tasks come in: begun, given files, committed. What is answered with success is on disk.</summary>
public sealed class Intake(
    TaskLedger ledger,
    SpoolFolder spool,
    NodeFleet fleet,
    OptionCatalog catalog,
    FloodLimit flood,
    OwnerLimits limits,
    LightningProvider? provider,
    GatewayOptions options,
    TimeProvider clock
)
{
    private const string Launching = "Launching... please wait! This can take a few minutes.";

    /// <summary>Begins a task, or begins one anew that has not been committed.</summary>
    public async Task<Guid> BeginAsync(Caller caller, string? proposed, TaskForm form)
    {
        var id = IdFor(proposed);
        RefuseOverLimit(caller);
        if (spool.IsFull)
            throw new RefusalException("The gateway's disk is full; try again when other tasks have ended.");
        var task = Draft(caller, id, form);
        if (!flood.Begin(caller.Owner))
            throw new RefusalException(FloodLimit.Refusal);
        await ledger.ChangeAsync(book =>
        {
            var before = book.Find(id) ?? ledger.Find(id);
            if (before is not null && (before.Phase is not TaskPhase.Receiving || !caller.Sees(before)))
                throw new RefusalException($"Invalid set-uuid: {proposed}");
            if (before is not null)
            {
                // Nodes were told the fields of the task as it was begun before.
                before = book.GiveUpAhead(before);
                task = task with
                {
                    Received = before.Received,
                    Files = before.Files,
                    Images = before.Images,
                    Bytes = before.Bytes,
                    AheadBegun = before.AheadBegun,
                };
            }
            book.Put(task);
        });
        return id;
    }

    /// <summary>
    /// What a task has that is being handed in. There is nothing to be got of another's, or of one that is not.
    /// </summary>
    public IEnumerable<SpoolFile> Received(Caller caller, Guid id) =>
        ledger.Find(id) is { Phase: TaskPhase.Receiving } task && caller.Sees(task)
            ? task.Received.Values
            : throw Gone();

    /// <summary>
    /// Gives a task what has come in. A file that it has already is not taken twice; another of the same name gets a
    /// name of its own.
    /// </summary>
    public async Task AddAsync(Caller caller, Guid id, IReadOnlyList<SpoolFile> files)
    {
        IReadOnlyList<string>? superfluous = null;
        try
        {
            superfluous = await ledger.ChangeAsync(book =>
            {
                if (book.Find(id) is not { Phase: TaskPhase.Receiving } task || !caller.Sees(task))
                    throw Gone();
                var (named, again) = Named(task, files);
                if (caller.Limits.MaxImages is { } most && Images([.. task.Received.Values, .. named]) > most)
                    throw new RefusalException("Max images count exceeded.", noRetry: true);
                foreach (var file in named)
                    task = book.AddFile(task, file);
                book.Put(task with { Phase = new TaskPhase.Receiving(book.Now) });
                return again;
            });
        }
        finally
        {
            spool.Release(superfluous ?? [.. files.Select(file => file.Hash)]);
        }
    }

    /// <summary>Puts a task into the queue. Doing it twice is doing it once.</summary>
    /// <param name="address">The address of this gateway at which the client came in.</param>
    public async Task<Guid> CommitAsync(Caller caller, Guid id, Uri? address, CancellationToken ct)
    {
        if (ledger.Recall(id) is not { } known || !caller.Sees(known))
            throw new RefusalException("Invalid uuid (not found)");
        if (known.Phase is not TaskPhase.Receiving)
            return id;
        RefuseOverLimit(caller);
        await RefuseUnapprovedAsync(caller, known.Received.Values, ct);
        await ledger.ChangeAsync(
            id,
            (book, task) =>
                task.Phase is TaskPhase.Receiving
                    ? WhyNot(task, caller) is { } refusal
                        ? throw refusal
                        : Enqueued(book, task, address)
                    : null
        );
        flood.Finished(caller.Owner);
        return id;
    }

    /// <summary>A task whose files are to be fetched. It is visible at once.</summary>
    public async Task<Guid> TakeAsync(Caller caller, string? proposed, TaskForm form, string url)
    {
        var id = IdFor(proposed);
        RefuseOverLimit(caller);
        if (!Uri.TryCreate(url, UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https"))
            throw new RefusalException("Invalid zipurl: it is no http address", noRetry: true);
        var draft = Draft(caller, id, form);
        await ledger.ChangeAsync(book =>
        {
            if ((book.Find(id) ?? ledger.Find(id)) is not null)
                throw new RefusalException($"Invalid set-uuid: {proposed}");
            book.Say(
                draft with
                {
                    Order = book.NextOrder(),
                    Phase = new TaskPhase.Fetching(url, book.Now),
                },
                Launching,
                "Fetching the archive."
            );
        });
        return id;
    }

    /// <summary>
    /// The files of a task have been fetched: it is queued, or fails for the reason that a commit would have been
    /// refused. What it does not take is let go.
    /// </summary>
    /// <param name="skipped">What the task's output says of what was not taken.</param>
    internal async Task FetchedAsync(
        Guid id,
        TaskPhase.Fetching at,
        IReadOnlyList<SpoolFile> files,
        string? skipped,
        CancellationToken ct
    )
    {
        IReadOnlyList<string> all = [.. files.Select(file => file.Hash)];
        IReadOnlyList<string>? superfluous = null;
        try
        {
            var unapproved =
                ledger.Find(id) is { Parent: null } known && provider is not null && Caller.IsOfProvider(known.Owner)
                    ? await provider.LateRefusalAsync(known.Owner, files.Count, ct)
                    : null;
            superfluous = await ledger.ChangeAsync(book =>
            {
                if (book.Find(id) is not { } task || task.Phase != at)
                    throw new RefusalException("the task is over");
                var (named, again) = Named(task, files);
                var whole = task with
                {
                    Received = task.Received.AddRange(named.Select(file => KeyValuePair.Create(file.Name, file))),
                };
                if (
                    (unapproved ?? WhyNot(whole, new(task.Owner, limits.Of(task.Owner), task.Parent, ""))?.Message) is
                    { } refusal
                )
                {
                    book.Put(task with { Phase = new TaskPhase.Ended(TaskCode.Failed, book.Now, refusal) });
                    return all;
                }
                foreach (var file in named)
                    task = book.AddFile(task, file);
                if (skipped is not null)
                    task = book.Say(task, skipped);
                book.Put(Enqueued(book, task, options.PublicAddress));
                return again;
            });
        }
        finally
        {
            spool.Release(superfluous ?? all);
        }
    }

    /// <summary>A whole task in one request.</summary>
    public async Task<Guid> TakeAsync(
        Caller caller,
        string? proposed,
        TaskForm form,
        IReadOnlyList<SpoolFile> files,
        Uri? address,
        CancellationToken ct
    )
    {
        var taken = false;
        IReadOnlyList<string> superfluous = [];
        try
        {
            var id = IdFor(proposed);
            RefuseOverLimit(caller);
            var draft = Draft(caller, id, form);
            await RefuseUnapprovedAsync(caller, files, ct);
            superfluous = await ledger.ChangeAsync(book =>
            {
                if ((book.Find(id) ?? ledger.Find(id)) is not null)
                    throw new RefusalException($"Invalid set-uuid: {proposed}");
                var (named, again) = Named(draft, files);
                // Everything is checked before anything is written.
                var whole = draft with
                {
                    Received = draft.Received.AddRange(named.Select(file => KeyValuePair.Create(file.Name, file))),
                };
                if (WhyNot(whole, caller) is { } refusal)
                    throw refusal;
                foreach (var file in named)
                    draft = book.AddFile(draft, file);
                Enqueued(book, draft, address);
                return again;
            });
            taken = true;
            return id;
        }
        finally
        {
            spool.Release(taken ? superfluous : files.Select(file => file.Hash));
        }
    }

    private GatewayTask Draft(Caller caller, Guid id, TaskForm form)
    {
        var now = clock.GetUtcNow();
        return new()
        {
            Id = id,
            Owner = caller.Owner,
            Parent = caller.Parent,
            ParentOnNode = caller.Parent is { } parent ? ledger.Find(parent)?.Phase.Place?.OnNode ?? Guid.Empty : null,
            Name = form.Name ?? $"Task of {now:yyyy-MM-ddTHH:mm:ss.fffZ}",
            Created = form.DateCreated is { } created and > 0 and < 253_402_300_800_000
                ? DateTimeOffset.FromUnixTimeMilliseconds(created)
                : now,
            Options = OptionsOf(form.Options, caller.Limits),
            SkipPostProcessing = form.SkipPostProcessing,
            Webhook = form.Webhook,
            Outputs = form.Outputs,
            Phase = new TaskPhase.Receiving(now),
        };
    }

    internal string OptionsOf(string? sent, TokenLimits limits)
    {
        // What a split task says of its cluster is ours to say, at the commit.
        if (catalog.Known is not { } known)
            return sent is null ? "[]" : Parsed(sent);
        if (!OptionRules.TryRead(OptionLimits.Offered(known, limits), sent, null, out var given, out var fault))
            throw new RefusalException(fault, noRetry: true);
        var within = JsonSerializer.Serialize(
            OptionLimits.Applied(given, limits),
            OdmJson.Wire.IReadOnlyListTaskOption
        );
        if (limits.Options is null)
            return within;
        return OptionRules.TryRead(known, within, null, out given, out fault)
            ? JsonSerializer.Serialize(given, OdmJson.Wire.IReadOnlyListTaskOption)
            : throw new RefusalException(fault, noRetry: true);
    }

    /// <summary>
    /// Before any node has said what it offers, options are taken as they are; the node drops what it does not know.
    /// </summary>
    private static string Parsed(string sent)
    {
        try
        {
            return JsonSerializer.Serialize(
                JsonSerializer.Deserialize(sent, OdmJson.Wire.IReadOnlyListTaskOption) ?? [],
                OdmJson.Wire.IReadOnlyListTaskOption
            );
        }
        catch (JsonException fault)
        {
            throw new RefusalException(fault.Message, noRetry: true);
        }
    }

    private static RefusalException Gone() => new("Invalid taskId: the task no longer exists.", noRetry: true);

    private static Guid IdFor(string? proposed) =>
        string.IsNullOrEmpty(proposed) ? Guid.NewGuid()
        : TaskUuid.IsValid(proposed) ? Guid.Parse(proposed)
        : throw new RefusalException($"Invalid set-uuid: {proposed}");

    private void RefuseOverLimit(Caller caller)
    {
        var running = options.RefuseOverLimit
            ? ledger.Live.All().Count(task => task.Owner == caller.Owner && task.IsListed)
            : 0;
        if (caller.Limits.Refusal(running) is { } refusal)
            throw new RefusalException(refusal);
    }

    private static (List<SpoolFile> Named, List<string> Again) Named(GatewayTask task, IReadOnlyList<SpoolFile> files)
    {
        var names = task.Received.ToBuilder();
        var (named, again) = (new List<SpoolFile>(), new List<string>());
        foreach (var file in files)
        {
            var name = file.Name;
            while (names.TryGetValue(name, out var other) && other.Hash != file.Hash)
                name = UploadName.Next(name);
            if (names.TryAdd(name, file with { Name = name }))
                named.Add(names[name]);
            else
                again.Add(file.Hash);
        }
        return (named, again);
    }

    private static int Images(IEnumerable<SpoolFile> files) => files.Count(file => UploadName.IsImage(file.Name));

    /// <summary>Why a task cannot be queued as it is; null when it can.</summary>
    private RefusalException? WhyNot(GatewayTask task, Caller caller)
    {
        if (task.Received.Count == 0)
            return new("Not enough images (0 files uploaded)");
        if (!options.SplitMerge && task.Received.ContainsKey("seed.zip"))
            return new("Cannot use this node as a split-merge cluster.");
        var images = Images(task.Received.Values);
        if (caller.Limits.MaxImages is { } most && images > most)
            return new("Max images count exceeded.", noRetry: true);
        var nodes = fleet.Possible;
        if (nodes.Count == 0)
            return new("No nodes available");
        return nodes.All(node => node.Facts?.MaxImages is > 0 and var limit && limit < images)
            ? new(
                $"{images} images uploaded, but no node takes more than {nodes.Max(node => node.Facts!.MaxImages)}.",
                noRetry: true
            )
            : null;
    }

    private async Task RefuseUnapprovedAsync(Caller caller, IEnumerable<SpoolFile> files, CancellationToken ct)
    {
        if (
            provider is not null
            && Caller.IsOfProvider(caller.Owner)
            && caller.Text.Length > 0
            && caller.Parent is null
            && await provider.RefusalAsync(caller, files.Count(), ct) is { } refusal
        )
            throw new RefusalException(refusal);
    }

    /// <param name="address">Ours, as its parts would reach it; null where nobody knows that.</param>
    private GatewayTask Enqueued(TaskBook book, GatewayTask task, Uri? address)
    {
        var rewritten =
            SplitMergeOptions.Rewritten(
                task.Options,
                options.SplitMerge && task.Parent is null ? options.PublicAddress ?? address : null
            ) ?? task.Options;
        if (catalog.Known is { } known && rewritten != task.Options)
            rewritten = OptionRules.TryRead(known, rewritten, null, out var given, out _)
                ? JsonSerializer.Serialize(given, OdmJson.Wire.IReadOnlyListTaskOption)
                : task.Options;
        if (rewritten != task.Options)
            task = book.GiveUpAhead(task); // its node was told others
        var isPart = task.Parent is not null || task.Received.ContainsKey("seed.zip");
        var (files, ahead) = (task.Received.Values, ledger.Live.Waiting);
        var queued = task with
        {
            Options = rewritten,
            Order = book.NextOrder(),
            Files = task.Received.Count,
            Images = Images(files),
            Bytes = files.Sum(file => file.Bytes),
            IsSplitMergeParent = SplitMergeOptions.IsParent(rewritten),
            Received = task.Received.Clear(),
            Phase = new TaskPhase.Queued(
                book.Now,
                isPart
                    && SplitMerge.PartsMayWait(
                        fleet.PossibleNow,
                        ledger.Live.Held(),
                        task.Owner,
                        limits.Of(task.Owner).MaxConcurrentTasks,
                        book.Now
                    )
            ),
        };
        book.Note("queued", $"{task.Name}: {queued.Files} files, {queued.Bytes} bytes", task.Id);
        return book.Say(
            queued,
            [
                .. task.Lines == 0 ? [Launching] : (string[])[],
                $"Accepted: {queued.Files} files, {queued.Bytes / 1e6:0.0} MB, safe on the gateway.",
                $"Waiting for a free node, position {ahead + 1} of {ahead + 1}.",
            ]
        );
    }
}
