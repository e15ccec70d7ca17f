using System.Text;
using Muster.Faults;
using Muster.Hosts;
using Muster.Shell;
using Muster.Sites;
using Muster.Snapshots;
using Muster.Storage;
using Muster.Transfers;

namespace Muster.Runs.Images;

/// <summary>
/// Has a run's image at hand on each of its hosts before anything is launched: found there, pulled there, or brought
/// from this machine.
/// </summary>
internal sealed class ImageStaging(
    OpenSite site,
    ContentCache cache,
    Action<string> tell,
    IProgress<TransferProgress> progress
)
{
    private const int NoRuntime = 3;

    /// <summary>An image may have tens of gigabytes, and the link may be slow.</summary>
    private static readonly TimeSpan TurnPatience = TimeSpan.FromHours(6);

    public async Task<IReadOnlyList<PlannedImage>> StageAsync(RunPlan plan, CancellationToken ct)
    {
        if (plan.Container is null || plan.Machine?.Image is not null)
            return [];
        var image = ImageReference.Read(plan.Container, plan.WorkingFolder);
        var runtimes = image.RuntimesOf(site.Site);
        return await Task.WhenAll(plan.Hosts().Select(host => StageAsync(plan, image, runtimes, host, ct)));
    }

    private async Task<PlannedImage> StageAsync(
        RunPlan plan,
        ImageReference image,
        IReadOnlyList<string> runtimes,
        string? name,
        CancellationToken ct
    )
    {
        var host = site.HostOf(name);
        var isShared = site.Site.HasScheduler;
        var asked = new ImageRequest(image.Name, image.Form, image.File, null, plan.PullImage);
        if (image.IsHere)
            asked = await CarriedAsync(host, name, asked, ct);
        var there = await AskAsync(host, site.Root, site.Site.Setup, runtimes, isShared, asked, ct);
        if (there.Image is { } found)
            return found with { Host = name };
        if (image.Form.Length > 0 || host is LocalHost || there.ExitCode == NoRuntime && !isShared)
            throw Fault(host, image, there);

        // No network there, or nothing that pulls. This machine may have both, and what it makes is a file.
        IReadOnlyList<string> makers = there.Runtime switch
        {
            "podman" or "docker" => ["podman", "docker"],
            "" => ["apptainer", "singularity"],
            _ => ["apptainer", "singularity", "podman", "docker"],
        };
        var here = await AskAsync(new LocalHost(), cache.Folder, [], makers, true, asked, ct);
        if (here.Image is not { } made)
            throw Fault(host, image, there, here);
        asked = asked with
        {
            Form = made.Archive is null ? "sif" : "docker-archive",
            File = Path.Combine(cache.Folder, made.Archive ?? made.Image),
            Digest = made.Digest,
        };
        there = await AskAsync(
            host,
            site.Root,
            site.Site.Setup,
            runtimes,
            isShared,
            await CarriedAsync(host, name, asked, ct),
            ct
        );
        return there.Image is { } brought ? brought with { Host = name } : throw Fault(host, image, there);
    }

    private sealed record ImageRequest(string Name, string Form, string File, string? Digest, bool Refresh);

    private sealed record Reply(int ExitCode, string Runtime, PlannedImage? Image, string Said);

    /// <summary>
    /// The request for a local file, once it is on the site. A name with its content's hash tells apart what was
    /// called the same before.
    /// </summary>
    private async Task<ImageRequest> CarriedAsync(IHost host, string? name, ImageRequest request, CancellationToken ct)
    {
        using var turn = await TurnAsync(ct);
        var item = FolderSnapshot.Take(request.File, ct).Items.Single();
        var store = await new SiteStore(host, site.Root, $"{site.Site.Name}/{name}", cache).BringAsync(
            item,
            progress,
            ct
        );
        return request with
        {
            Name = request.Digest is null ? $"{store.Hash}/{Path.GetFileName(request.File)}" : request.Name,
            File = $"../store/{store}",
            Digest = request.Digest ?? $"sha256:{store.Hash}",
        };
    }

    /// <summary>Two processes must not send the same file at once.</summary>
    private Task<FileStream> TurnAsync(CancellationToken ct) =>
        FileLock.TakeAsync(Path.Combine(cache.Folder, "images.lock"), "is sending an image", TurnPatience, ct);

    private async Task<Reply> AskAsync(
        IHost host,
        string root,
        IReadOnlyList<string> setup,
        IReadOnlyList<string> runtimes,
        bool isShared,
        ImageRequest request,
        CancellationToken ct
    )
    {
        var script = ShellText.Of(
            $"""
            root={root} reference={request.Name} runtimes={string.Join(' ', runtimes)} shared={(isShared ? "1" : "")}
            refresh={(request.Refresh ? "1" : "")} form={request.Form} from={request.File} digest={request.Digest ?? ""}
            exec 8>&1 >&2

            """
        );
        // A job's lines may be what the runtime needs too, such as a module; what only a job can do may fail here.
        foreach (var line in setup)
            script.AppendLiteral($"{line}\n");
        script.AppendLiteral("exec >&8 8>&-\n" + ShellScripts.Read("Runs/Images/image.sh"));
        await using var channel = await host.OpenAsync(script, ct);
        channel.Input.Close();
        using var reader = new StreamReader(channel.Output, Encoding.UTF8);
        var said = new Dictionary<string, string>();
        while (await reader.ReadLineAsync(ct) is { } line)
        {
            if (line.Split(' ', 2) is not [var word, var text])
                continue;
            if (word == "tell")
                tell($"{host.Name}: {text}");
            else
                said[word] = text;
        }
        var end = await channel.EndAsync(ct);
        var runtime = said.GetValueOrDefault("runtime", "");
        return new(
            end.ExitCode,
            runtime,
            end.ExitCode == 0
                ? new(null, runtime, said["image"])
                {
                    Digest = said.GetValueOrDefault("digest"),
                    Archive = said.GetValueOrDefault("archive"),
                }
                : null,
            end.Said
        );
    }

    private static UserException Fault(IHost host, ImageReference image, Reply there, Reply? here = null)
    {
        string Why(Reply reply) =>
            reply.ExitCode == NoRuntime
                ? "no runtime for it was found"
                : reply
                    .Said.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
                    .LastOrDefault()
                    ?? $"exit code {reply.ExitCode}";
        return new(
            $"{host.Name}: the image {image.Name} could not be obtained: "
                + $"{Why(there)}{(here is null ? "" : $"; nor from this machine: {Why(here)}")}",
            (there.ExitCode, image.Form) switch
            {
                (NoRuntime, _) =>
                    "Load the runtime's module in the site's `setup:`, or install apptainer or podman; `muster sites "
                        + "check` says what is there.",
                (_, "") =>
                    $"Correct its name. Where {host.Name} has no network, give it as a file from here: --container "
                        + "./image.sif, or docker-archive:./image.tar as `podman save` writes it.",
                _ => "Correct the path: one from / is on the site, any other on this machine.",
            }
        );
    }
}
