using System.Net;
using Muster.NodeOdm;
using Muster.Storage;

namespace Muster.Node;

/// <summary>How a node works. <see cref="NodeConfig"/> reads it from NodeODM's flags and files.</summary>
public sealed record NodeSettings
{
    /// <summary>Holds <c>data/</c>, <c>tmp/</c> and the list of tasks.</summary>
    public required string Folder { get; init; }

    /// <summary>Null: this machine only without a token, every address with one.</summary>
    public IPAddress? Address { get; init; }

    /// <summary>Null: the first free one from 3000 to 5000. 0: any.</summary>
    public int? Port { get; init; }
    public string? Token { get; init; }
    public IReadOnlyList<string> AuthorizedIps { get; init; } = [];
    public int Parallel { get; init; } = 1;

    /// <summary>How long the server of an archive may be silent.</summary>
    public TimeSpan FetchSilence { get; init; } = TimeSpan.FromSeconds(60);
    public int? MaxImages { get; init; }
    public int? MaxConcurrency { get; init; }

    /// <summary>A running task is cancelled after it. Null: never.</summary>
    public TimeSpan? MaxRuntime { get; init; }
    public TimeSpan KeepTasks { get; init; } = TimeSpan.FromMinutes(2880);
    public TimeSpan KeepUploads { get; init; } = TimeSpan.FromMinutes(2880);

    /// <summary>Called at the end of every task, beside the task's own.</summary>
    public string? Webhook { get; init; }

    /// <summary>Waits before the attempts of a webhook.</summary>
    public IReadOnlyList<TimeSpan> WebhookWaits { get; init; } =
    [.. new[] { 0, 5, 10, 15, 20, 20 }.Select(seconds => TimeSpan.FromSeconds(seconds))];

    /// <summary>Webhooks and zip addresses that clients name may lead into private networks.</summary>
    public bool AllowPrivateUrls { get; init; }

    /// <summary>What is left of the disk for others: uploads beyond it are refused.</summary>
    public long SpareBytes { get; init; } = 256 << 20;

    /// <summary>How much is accepted of what comes from outside.</summary>
    public InputLimits Limits { get; init; } = InputLimits.Default;

    /// <summary>Where archives are put too; null: nowhere.</summary>
    public S3Place? Bucket { get; init; }

    /// <summary>Beside the archive, all that is in it, file by file.</summary>
    public bool BucketGetsAll { get; init; }

    /// <summary>Upload requests are answered with status 500 half of the time, so that clients can be tested.</summary>
    public bool DropUploads { get; init; }

    /// <summary>The node ends when nobody has asked it for so long; null: it never ends by itself.</summary>
    public TimeSpan? Lease { get; init; }

    public TimeSpan HousekeepingEvery { get; init; } = TimeSpan.FromHours(1);

    /// <summary>How long who hands in a task waits for an engine that is still being opened.</summary>
    public TimeSpan StartPatience { get; init; } = TimeSpan.FromSeconds(25);

    /// <summary>How long an engine may take to end by itself once it was told to.</summary>
    public TimeSpan EndPatience { get; init; } = TimeSpan.FromSeconds(10);
}
