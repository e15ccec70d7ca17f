using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using System.Text.RegularExpressions;
using Muster.Configuration;
using Muster.Gateway.Fleet;
using Muster.Gateway.Ledger;
using Muster.Gateway.Model;
using Muster.Gateway.Placing;
using Muster.Gateway.Spool;
using Muster.Gateway.Telemetry;

namespace Muster.Gateway.Admin;

/// <summary>What somebody who helps from afar wants to know, in one archive, without secrets.</summary>
internal sealed partial class Diagnosis(
    GatewayOptions options,
    NodeFleet fleet,
    TaskLedger ledger,
    WaitingList waiting,
    SpoolFolder spool,
    RecentLog log
)
{
    private const int Events = 1_000;

    /// <param name="health">What the door says of itself.</param>
    public async Task<byte[]> PackAsync(GatewayHealth health, IReadOnlyList<NodeEntry> nodes, CancellationToken ct)
    {
        using var bytes = new MemoryStream();
        await using (var archive = new ZipArchive(bytes, ZipArchiveMode.Create, leaveOpen: true))
        {
            var secrets = Secrets().ToList();
            async Task AddTextAsync(string name, string text)
            {
                await using var entry = new StreamWriter(await archive.CreateEntry(name).OpenAsync(ct));
                await entry.WriteAsync(Redact(text, secrets).AsMemory(), ct);
            }
            Task AddAsync<T>(string name, T what, JsonTypeInfo<T> type) =>
                AddTextAsync(name, JsonSerializer.Serialize(what, type));
            await AddAsync("about.json", About(), AdminJson.Plain.DictionaryStringString);
            await AddAsync("health.json", health, AdminJson.Plain.GatewayHealth);
            await AddAsync("settings.json", Settings(), AdminJson.Plain.DictionaryStringString);
            await AddAsync("limits.json", options.Limits.Table(), AdminJson.Plain.DictionaryStringString);
            await AddAsync("nodes.json", new(1, nodes), AdminJson.Plain.NodeList);
            await AddAsync(
                "queue.json",
                new(1, [.. waiting.Entries(Events).Select(QueueEntry.Of)]),
                AdminJson.Plain.QueueList
            );
            await AddAsync(
                "events.json",
                new(1, ledger.Events(ledger.LastEvent() - Events, Events), ledger.LastEvent()),
                AdminJson.Plain.EventList
            );
            await AddTextAsync("log.txt", string.Join('\n', log.Lines));
        }
        return bytes.ToArray();
    }

    private static Dictionary<string, string> About() =>
        new()
        {
            ["version"] = OwnVersion.Text,
            ["runtime"] = RuntimeInformation.FrameworkDescription,
            ["system"] = RuntimeInformation.OSDescription,
            ["architecture"] = RuntimeInformation.ProcessArchitecture.ToString(),
            ["processors"] = $"{Environment.ProcessorCount}",
            ["working_set"] = $"{Environment.WorkingSet}",
        };

    /// <summary>Named one by one, so that a new setting with a secret is not told by itself.</summary>
    private Dictionary<string, string> Settings() =>
        new()
        {
            ["listens"] = $"{options.Bind}:{options.Port}",
            ["tls"] = $"{options.SslCert is not null}",
            ["console"] = $"{options.Console?.Port}",
            ["admin"] = $"{options.Admin?.Port}",
            ["admin_password"] = options.AdminPassword.Length > 0 ? "set" : "none",
            ["token"] = options.Token.Length > 0 ? "set" : "none",
            ["provider"] = options.Provider,
            ["public_address"] = options.PublicAddress is null ? "none" : "set",
            ["split_merge"] = $"{options.SplitMerge}",
            ["flood_limit"] = $"{options.FloodLimit}",
            ["refuse_over_limit"] = $"{options.RefuseOverLimit}",
            ["spool_budget"] = $"{options.SpoolBudget}",
            ["spool_bytes"] = $"{spool.Used}",
            ["uploads_expire"] = $"{options.UploadsExpire}",
            ["results_expire"] = $"{options.ResultsExpire}",
            ["poll_every"] = $"{options.PollEvery}",
            ["move_after"] = $"{options.MoveAfter}",
            ["upload_max_speed"] = $"{options.UploadMaxSpeed}",
            ["nodes"] = $"{fleet.Nodes.Count}",
            ["tasks_known"] = $"{ledger.Lists.Count}",
            ["events"] = string.Join(", ", ledger.EventCounts().Select(pair => $"{pair.Kind} {pair.Count}")),
            ["log_lines_lost"] = $"{options.LogLinesLost()}",
            ["database_bytes"] = $"{Size("gateway.db")}",
            ["disk_free"] = $"{new DriveInfo(Path.GetFullPath(options.Data)).AvailableFreeSpace}",
        };

    private long Size(string name) =>
        new FileInfo(Path.Combine(options.Data, name)) is { Exists: true } file ? file.Length : 0;

    /// <summary>
    /// Texts of nodes and clients stand in events and in the log, and may repeat what they were sent.
    /// </summary>
    private static string Redact(string text, IReadOnlyList<string> secrets)
    {
        foreach (var secret in secrets)
            text = text.Replace(secret, "***", StringComparison.Ordinal);
        return InAddresses().Replace(text, "***");
    }

    /// <summary>Those that are known, in each spelling that JSON and addresses give them.</summary>
    private IEnumerable<string> Secrets() =>
        ((IEnumerable<string>)[options.Token, options.AdminPassword, .. fleet.Nodes.Select(node => node.Token)])
            .Where(secret => secret.Length > 0)
            .SelectMany(secret =>
                (string[])
                    [
                        secret,
                        Uri.EscapeDataString(secret),
                        JsonSerializer.Serialize(secret, AdminJson.Plain.String)[1..^1],
                    ]
            )
            .Distinct()
            .OrderByDescending(secret => secret.Length);

    /// <summary>
    /// The user of an address, and all behind its question mark; and what is called a token, wherever it stands.
    /// </summary>
    [GeneratedRegex(
        @"(?<=://)[^/\s""'@]+(?=@)|(?<=://[^\s""'?]*\?)[^\s""']+|(?<=\b(?:token|password|secret|signature)=)[^\s""'&]+",
        RegexOptions.IgnoreCase
    )]
    private static partial Regex InAddresses();
}
