using Muster.Bench;

// The budgets of the command line, each beside its peer in the same run. `dotnet run -c Release --project bench/Muster.Bench [NAME …]`
using var bed = new Bed();
bed.Run($"{bed.Repository}/muster version");
var wanted = args;
Console.WriteLine("| What | Muster | Peer | Ratio | Budget |");
Console.WriteLine("|---|---|---|---|---|");
foreach (var (name, measure) in Benchmarks.All)
{
    if (wanted.Length > 0 && !wanted.Contains(name)) continue;
    foreach (var row in measure(bed)) Console.WriteLine($"| {row.What} | {row.Muster} | {row.Peer} | {row.Ratio} | {row.Budget} |");
}
