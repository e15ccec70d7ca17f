using Muster.Bench;

// The budgets of the design, each beside its peer in the same run. `dotnet run -c Release --project bench/Muster.Bench
// [NAME …] [URL]`
// A URL is any NodeODM server, measured by `gateway` and `gateway-bytes` in place of our own. `soak` runs only when it
// is named, as it needs half an hour and 12 GB of disk.
using var bed = new Bed();
bed.Run($"{bed.Repository}/muster version");
bed.Server = args.Where(word => word.Contains("://", StringComparison.Ordinal))
    .Select(word => new Uri(word))
    .FirstOrDefault();
var wanted = args.Where(word => !word.Contains("://", StringComparison.Ordinal)).ToList();
if (wanted.Except([.. Benchmarks.All.Select(one => one.Name), Soak.Name]).FirstOrDefault() is { } unknown)
    throw new ArgumentException($"there is no benchmark '{unknown}'");
Console.WriteLine("| What | Muster | Peer | Ratio | Budget |");
Console.WriteLine("|---|---|---|---|---|");
foreach (var (name, measure) in Benchmarks.All.Append((Soak.Name, Soak.Run)))
{
    if (wanted.Count > 0 ? !wanted.Contains(name) : name == Soak.Name)
        continue;
    foreach (var row in measure(bed))
        Console.WriteLine($"| {row.What} | {row.Muster} | {row.Peer} | {row.Ratio} | {row.Budget} |");
}
