using System.Security.Cryptography;
using Muster.Gateway.Ledger;
using Muster.Gateway.Model;
using Muster.Gateway.Tokens;
using Muster.NodeOdm;

namespace Muster.Bench;

/// <summary>
/// The data folder of a gateway that has been at work for long, written by the gateway's own store: of a hundred tasks,
/// four wait, four failed, two were cancelled, the rest is done.
/// </summary>
internal static class ManyTasks
{
    private const int Others = 50;
    private const int OfOne = 10;
    private const int Photos = 5;
    private const string Options =
        """[{"name":"auto-boundary","value":true},{"name":"dsm","value":true},{"name":"fast-orthophoto","value":true},{"name":"orthophoto-resolution","value":2},{"name":"pc-quality","value":"medium"}]""";

    /// <summary>Gives a token that has a tenth of the tasks.</summary>
    public static string Write(string folder, int count, IReadOnlyList<Uri> nodes)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "muster-bench.txt"), "");
        using var store = new SqliteTaskStore(Path.Combine(folder, "gateway.db"));
        store.Set("blobs", "bench");
        foreach (var url in nodes)
            store.Save(new GatewayNode { Id = GatewayNode.NewId(), Url = url });
        var places = store.Nodes();
        var tokens = new TokenBook(store, "", open: false, TimeProvider.System);
        var tenants = Enumerable
            .Range(0, Others + 1)
            .Select(n => tokens.Make($"tenant {n}", null, TokenLimits.None))
            .ToList();
        var began = DateTimeOffset.UtcNow.AddDays(-4);
        foreach (var some in Enumerable.Range(0, count).Chunk(2_000))
        {
            var batch = new TaskBatch();
            foreach (var n in some)
                Add(
                    batch,
                    folder,
                    n,
                    count,
                    n % OfOne == 0 ? tenants[0].Token.Owner : tenants[1 + n % Others].Token.Owner,
                    places[n % places.Count],
                    began.AddDays(3.9 * n / count)
                );
            store.Write(batch);
        }
        return tenants[0].Text;
    }

    private static void Add(
        TaskBatch batch,
        string folder,
        int n,
        int count,
        string owner,
        GatewayNode node,
        DateTimeOffset at
    )
    {
        var id = Guid.NewGuid();
        var waits = n >= count - count / 25;
        var code = (n % 100) switch
        {
            < 4 => TaskCode.Failed,
            < 6 => TaskCode.Canceled,
            _ => TaskCode.Completed,
        };
        List<string> said =
        [
            "Launching... please wait! This can take a few minutes.",
            $"Accepted: {Photos} files, 0.0 MB, safe on the gateway.",
            "Waiting for a free node, position 1 of 1.",
        ];
        batch.Output.Add(new(id, 0, [.. said]));
        batch.Events.Add(new(0, at, "queued", $"survey {n}: {Photos} files, 10000 bytes", id, null));
        if (waits || code != TaskCode.Completed)
            AddFiles(batch, folder, id, n);
        if (!waits)
        {
            said.AddRange(
                Enumerable
                    .Range(0, 20)
                    .Select(line => $"[INFO]    a line of the engine's output, numbered {line}, as long as they are")
            );
            batch.Output.Add(new(id, 3, said[3..]));
            batch.Events.Add(
                new(
                    0,
                    at,
                    "placed",
                    $"survey {n}: {Photos} files for {node.Name}, after 0.1 s; 3 others wait",
                    id,
                    node.Id
                )
            );
            batch.Events.Add(
                new(0, at.AddMinutes(10), "completed", $"survey {n}: 1000000 bytes from {node.Name}", id, node.Id)
            );
        }
        batch.Tasks[id] = new()
        {
            Id = id,
            Owner = owner,
            Name = $"survey {n}",
            Created = at,
            Order = n + 1,
            Options = Options,
            Files = Photos,
            Images = Photos,
            Bytes = Photos * 2_000,
            HasFiles = waits || code != TaskCode.Completed,
            Lines = said.Count,
            Progress = waits ? 0 : 100,
            ProcessingTime = waits ? -1 : 600_000,
            Phase = waits
                ? new TaskPhase.Queued(at, false)
                : new TaskPhase.Ended(
                    code,
                    at.AddMinutes(10),
                    code == TaskCode.Failed ? "Not enough overlap between the images." : null,
                    node.Id,
                    id,
                    code == TaskCode.Completed ? new(1_000_000, new('0', 64), $"results/{id}/1/all.zip") : null
                ),
        };
    }

    private static void AddFiles(TaskBatch batch, string folder, Guid id, int n)
    {
        for (var file = 0; file < Photos; file++)
        {
            var content = new byte[2_000];
            BitConverter.TryWriteBytes(content, n * 10 + file);
            var hash = Convert.ToHexStringLower(SHA256.HashData(content));
            var key = $"spool/bench/{hash[..2]}/{hash}-00000000";
            Directory.CreateDirectory(Path.Combine(folder, Path.GetDirectoryName(key)!));
            File.WriteAllBytes(Path.Combine(folder, key), content);
            batch.Files.Add((id, new SpoolFile($"{file}.jpg", hash, content.Length, key)));
        }
    }
}
