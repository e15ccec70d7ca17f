using Muster.Bench;
using Muster.Bench.Figures;

// The budgets of the design, each beside its peer in the same run. `soak` runs only when it is named, as it needs half
// an hour and 12 GB of disk.
if (args is ["--help" or "-h"])
{
    Console.WriteLine(Arguments.Help);
    return 0;
}
var (asked, wrong) = Arguments.Parse(args, Benchmarks.All.Select(one => one.Name).Append(Soak.Name).ToHashSet());
if (asked is null)
{
    Console.Error.WriteLine($"error: {wrong}\n  fix: bench/run --help");
    return 2;
}
if (asked.Lists)
{
    foreach (var name in Benchmarks.All.Select(one => one.Name).Append(Soak.Name))
        Console.WriteLine(name);
    return 0;
}
using var bed = new Bed { Server = asked.Server };
bed.Run($"{bed.Repository}/muster version");
if (asked.Names.Contains(Soak.Name))
    return Soak.Run(bed) ? 0 : 1;

var chosen = Benchmarks.All.Where(one => asked.Names.Count == 0 || asked.Names.Contains(one.Name)).ToList();
var rows = new List<(string Benchmark, Row Row)>();
for (var round = 1; round <= asked.Rounds; round++)
    foreach (var (name, measure) in chosen)
    {
        Console.Error.WriteLine($"round {round} of {asked.Rounds}: {name} …");
        rows.AddRange(measure(bed).Select(row => (name, row)));
    }
var today = DateOnly.FromDateTime(DateTime.Now);
var measured = rows.GroupBy(one => (one.Benchmark, one.Row.What))
    .Select(group => Measured.Of(group.Key.Benchmark, today, [.. group.Select(one => one.Row)]))
    .ToList();
Console.WriteLine(Results.Table(measured));

var failed = 0;
if (asked.Before is not null)
{
    var before = Results.Read(asked.Before).ToDictionary(row => (row.Benchmark, row.What));
    foreach (var row in measured)
    {
        if (!before.TryGetValue((row.Benchmark, row.What), out var then))
            Console.Error.WriteLine($"new: {row.Benchmark}: {row.What}");
        else if (row.WorseThan(then) is { } said)
        {
            Console.Error.WriteLine($"worse: {said}");
            failed = 1;
        }
    }
}
if (asked.Saves)
{
    var (json, text) = (
        Path.Combine(bed.Repository, "bench", "results.json"),
        Path.Combine(bed.Repository, "bench", "results.md")
    );
    var all = Results.Merged(File.Exists(json) ? Results.Read(json) : [], measured);
    Results.Write(json, all);
    File.WriteAllText(text, Results.WithTables(File.ReadAllText(text), all));
}
return failed;
