using Muster.Bench.Figures;

namespace Muster.Bench;

/// <summary>Starts and submissions with the native program, which is compiled first where it is old.</summary>
internal static class NativeBenchmarks
{
    public static IEnumerable<Row> Run(Bed bed)
    {
        var budgets = new Dictionary<string, Budget>
        {
            ["`muster version`"] = new(0.015),
            ["`muster ps` with 10,000 runs"] = new(0.06),
            ["submit to running, ssh, 0 ms round trip"] = new(0.2),
            ["submit to running, ssh, 50 ms round trip"] = new(0.35, Words: "0.2 s + 3 round trips"),
        };
        var program = Path.Combine(bed.Repository, ".build", "native", "muster");
        bed.Run(
            $"[ -e {program} ] && [ -z \"$(find src samples packaging web Directory.*.props -name node_modules -prune "
                + $"-o -newer {program} -print -quit)\" ] || packaging/native linux-x64 .build/native",
            bed.Repository
        );
        var own = bed.Muster;
        bed.Muster = program;
        foreach (var row in Benchmarks.Start(bed).Concat(Benchmarks.Submit(bed)))
            yield return row with
            {
                What = $"native: {row.What}",
                Budget = budgets.GetValueOrDefault(row.What) ?? row.Budget,
            };
        using (var idle = new Server(bed, "native-idle", $"{program} serve --port PORT --data {bed.Folder}/native"))
        {
            // It is idle once a moment goes by in which it does nothing.
            for (var before = 0.0; idle.Use.CpuSeconds is var now && now > before; before = now)
                Thread.Sleep(500);
            yield return new("native: `muster serve`, idle: memory at most", Unit.Bytes, idle.Use.PeakBytes)
            {
                Budget = new(60e6),
            };
        }
        bed.Muster = own;
    }
}
