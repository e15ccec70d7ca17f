using System.Diagnostics;
using System.Globalization;
using System.IO.Compression;
using System.Text;
using Muster.Configuration;
using Muster.Faults;
using Muster.NodeOdm;
using Muster.Runs;
using Muster.Runs.Follow;
using Muster.Runs.Measures;
using Muster.Runs.Submit;
using Muster.Scenes;
using Muster.Sites.Import;
using Muster.Sites.Reading;
using Muster.Sites.Schedulers;
using Muster.Sites.Schedulers.Slurm;
using Muster.Snapshots;
using Muster.Transfers;

namespace Muster.Fuzzing;

/// <summary>
/// Every reader of bytes that others write, given bytes that are nearly right: it reads them, or refuses them in words.
/// What it once failed at is kept in the corpus. <c>MUSTER_FUZZ=60</c> goes on for so many seconds for each reader,
/// with
/// seeds of the day; a failure names its seed and trial.
/// </summary>
public sealed class FuzzTests : IDisposable
{
    private const long MostMemory = 256 << 20;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    public static TheoryData<string> Readers => [.. Targets.Select(target => target.Name)];

    [Theory, MemberData(nameof(Readers))]
    public void It_reads_or_refuses(string name)
    {
        var target = Targets.Single(one => one.Name == name);
        foreach (var sample in target.Samples)
            Try(target, sample, "a sample");
        var corpus = Path.Combine(Repository.Folder, "tests", "Muster.Tests", "Fuzzing", "Corpus", name);
        foreach (var kept in Directory.Exists(corpus) ? Directory.GetFiles(corpus) : [])
            Try(target, File.ReadAllBytes(kept), kept);

        var seconds = int.Parse(Environment.GetEnvironmentVariable("MUSTER_FUZZ") ?? "0", CultureInfo.InvariantCulture);
        var seed = seconds == 0 ? 1 : (int)(Stopwatch.GetTimestamp() & int.MaxValue);
        var mutations = new Mutations(target.Samples, seed);
        var began = Stopwatch.GetTimestamp();
        for (var trial = 0; trial < 300 || Stopwatch.GetElapsedTime(began).TotalSeconds < seconds; trial++)
            Try(target, mutations.Next(), $"seed {seed}, trial {trial}");
    }

    private void Try(Target target, byte[] bytes, string which)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        var began = Stopwatch.GetTimestamp();
        try
        {
            target.Read(bytes, _folder);
        }
        catch (Exception fault)
            when (fault is UserException or RefusalException || target.Refusals.Contains(fault.GetType()))
        {
            Assert.NotEmpty(fault.Message);
        }
        catch (Exception fault) when (fault is not Xunit.Sdk.XunitException)
        {
            Assert.Fail($"{target.Name}, {which}: {fault}\nbytes: {Convert.ToBase64String(bytes)}");
        }
        var used = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(used < MostMemory, $"{target.Name}, {which}: {used >> 20} MB for {bytes.Length} bytes");
        var time = Stopwatch.GetElapsedTime(began);
        Assert.True(time < Patience, $"{target.Name}, {which}: {time} for {Convert.ToBase64String(bytes)}");
    }

    private sealed record Target(
        string Name,
        IReadOnlyList<byte[]> Samples,
        Action<byte[], TempFolder> Read,
        params Type[] Refusals
    );

    private static readonly ConfigSources Nowhere = new("/", new Dictionary<string, string>());

    private static readonly Target[] Targets =
    [
        new(
            "slurm",
            [Slurm()],
            (bytes, _) =>
                SlurmScheduler.Read(Text(bytes), [new JobHandle("12"), new JobHandle("7_3"), new JobHandle("9;far")])
        ),
        new("sbatch refusal", [Recorded("sbatch-refusals-22.05.txt")], (bytes, _) => SbatchRefusal.Find(Text(bytes))),
        new(
            "site start",
            ["in=90\n"u8.ToArray(), "code=1\nsaid=no\n"u8.ToArray()],
            (bytes, _) => SiteStart.Read("x", Text(bytes))
        ),
        new(
            "look",
            [Utf8("run 0192\n record launched\n  handle=1\n  time=2\n record main.0.exit\n  code=0\nend\n")],
            (bytes, _) => LookReader.Read(Text(bytes))
        ),
        new(
            "follow",
            [Utf8("T\nL main.0.out 0 3\nabc\nR main.0.started\n time=1\n.\nG x\nE\n")],
            (bytes, _) => Drain(FollowFrame.ReadAsync(new MemoryStream(bytes), CancellationToken.None))
        ),
        new(
            "launcher",
            [Utf8("launched vm:1:2\n"), Utf8("refused\n")],
            (bytes, _) => LaunchAnswer.Read(Text(bytes), Text(bytes))
        ),
        new("array", [Utf8("0-9%2"), Utf8("1,3,5-9:2")], (bytes, _) => ArraySpec.Parse(Text(bytes))),
        new(
            "run id",
            [Utf8("0192a4b2-1111-7222-8333-444455556666")],
            (bytes, _) => RunId.TryParse(Text(bytes), out RunId? _)
        ),
        new(
            "usage",
            [Utf8("100\t1.5\t200\t50\t300\t1000\n101\t2.5\t200\t-\t-\t1000\n")],
            (bytes, _) => RankUsage.Read(Text(bytes))
        ),
        new("events", [Events()], (bytes, _) => EventFile.Read(bytes)),
        new(
            "metrics.json",
            [Utf8("""{"step":1,"loss":0.5,"deep":{"acc":[1,2]}}"""), Utf8("{\"loss\":1}\n{\"loss\":2}\n")],
            (bytes, _) => MetricText.Json(bytes)
        ),
        new("metrics.csv", [Utf8("step,loss\n1,0.5\n2,\"0,4\"\n")], (bytes, _) => MetricText.Csv(Text(bytes))),
        new("metric lines", [Utf8("muster: metric loss=0.3 step=10\n")], (bytes, _) => MetricText.Lines(Text(bytes))),
        new(
            "sweep file",
            [Utf8("grid:\n  lr: [0.1, 0.01]\n  seed: 0..3\npoints:\n  - { lr: 1, seed: 2 }\n")],
            (bytes, folder) => SweepFile.Read(folder.Put("s.yaml", bytes))
        ),
        new(
            "sweep table",
            [Utf8("lr,seed\n0.1,1\n0.2,\"2\"\n")],
            (bytes, folder) => SweepFile.Read(folder.Put("s.csv", bytes))
        ),
        new("configuration", [Utf8(Configuration)], (bytes, folder) => Config(folder, bytes)),
        new(
            "autoscalers file",
            [Utf8(Asr)],
            (bytes, folder) =>
            {
                folder.Put("asr.json", bytes);
                AsrFile.Read("asr.json", Nowhere with { Folder = folder.ToString() });
            }
        ),
        new(
            "older site files",
            [
                Utf8(Asr),
                Utf8("""{"host":"h","sbatch":{"--time":"1:00"}}"""),
                Utf8("workers:\n  - address: a\n    username: b\n"),
            ],
            (bytes, folder) =>
            {
                folder.Put("site.json", bytes);
                SiteFile.Read("site.json", Nowhere with { Folder = folder.ToString() });
            }
        ),
        new(
            "form",
            [Form()],
            (bytes, _) =>
                Wait(
                    FormReader.ReadAsync(
                        "multipart/form-data; boundary=x",
                        new MemoryStream(bytes),
                        async (part, ct) =>
                        {
                            while (!(await part.ChunkAsync(ct)).IsEmpty)
                                continue;
                        },
                        CancellationToken.None
                    )
                )
        ),
        new(
            "urlencoded",
            [Utf8("uuid=abc&options=%5B%5D&x=1+2")],
            (bytes, _) =>
                Wait(
                    ActionBody.ReadAsync(
                        "application/x-www-form-urlencoded",
                        new MemoryStream(bytes),
                        CancellationToken.None
                    )
                )
        ),
        new(
            "body",
            [Utf8("""{"uuid":"abc","options":[{"name":"dsm","value":true}]}""")],
            (bytes, _) =>
                Wait(ActionBody.ReadAsync("application/json", new MemoryStream(bytes), CancellationToken.None))
        ),
        new(
            "notice",
            [Utf8("""{"uuid":"abc","status":{"code":40}}""")],
            (bytes, _) =>
                Wait(FormReader.NoticeAsync("application/json", new MemoryStream(bytes), CancellationToken.None))
        ),
        new(
            "options",
            [Utf8("""[{"name":"dsm","value":true},{"name":"x","value":"1.5"}]""")],
            (bytes, folder) => OptionRules.TryRead([], Text(bytes), 2, out _, out string _)
        ),
        new("ranges", [Utf8("bytes=0-1,5-,-3")], (bytes, _) => ByteRanges.Read(Text(bytes), 1000)),
        new(
            "zip directory",
            [Zip()],
            (bytes, _) =>
            {
                foreach (var member in ZipDirectory.Read(new MemoryStream(bytes), 1000))
                    member.ContentAt(new MemoryStream(bytes));
            },
            typeof(InvalidDataException)
        ),
        new("tar", [Tar()], (bytes, _) => Wait(AllOfAsync(new(new MemoryStream(bytes)))), typeof(EndOfStreamException)),
        new("photo", [Photo()], (bytes, folder) => Node.Engines.Survey.Photo.Read(folder.Put("photo.jpg", bytes))),
        new(
            "ignore rules",
            [Utf8("*.o\n!keep\n/a/**/b\n[!x-z]?\n\\#\n")],
            (bytes, _) => new IgnoreRules(bytes, [], null).ToString()
        ),
        new(
            "lfs pointer",
            [
                Utf8(
                    "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n"
                ),
            ],
            (bytes, _) => LfsPointer.Parse(bytes)
        ),
    ];

    private const string Configuration = """
        default-site: cedar
        sites:
          cedar: { kind: slurm, host: cedar, sbatch: { time: "10:00:00", gpus: 1 }, setup: [module load x] }
          lab: { kind: ssh, hosts: [a, b], slots: { cpus: 4, gpus: 2 }, roles: { worker: [a], server: [b] } }
          burst: { kind: cloud, provider: hetzner, token-file: t, places: [nbg1], types: [{ name: cx22, images: 40 }] }
        jobs:
          train: { command: [python, train.py], env: { A: 1 }, retry: 3 }
        scaling: { pools: [{ site: burst, max: 3 }] }
        notify: { command: cat }
        """;

    private const string Asr = """
        {"provider":"hetzner","apiToken":"x","s3":{"accessKey":"a","secretKey":"b","endpoint":"s3.example","bucket":"c"},
         "location":"nbg1","snapshot":"ubuntu-22.04","maxRuntime":-1,"maxUploadTime":-1,"machinesLimit":3,
         "imageSizeMapping":[{"maxImages":5,"slug":"cx22"},{"maxImages":50,"slug":"cx32"}],"addSwap":1}
        """;

    private static void Config(TempFolder folder, byte[] bytes)
    {
        folder.Put("muster.yaml", bytes);
        ConfigReader.Read(
            Nowhere with
            {
                Folder = folder.ToString(),
                SystemFile = folder["none"],
                Environment = new Dictionary<string, string> { ["MUSTER_CONFIG"] = folder["muster.yaml"] },
            }
        );
    }

    private static string Text(byte[] bytes) => Encoding.UTF8.GetString(bytes);

    private static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);

    private static byte[] Recorded(string name) => Utf8(RecordedText.Read(name));

    private static byte[] Slurm() =>
        [
            .. Utf8("= squeue ok\n"),
            .. Recorded("squeue-22.05.txt"),
            .. Utf8("\n= scontrol ok\n"),
            .. Recorded("scontrol-22.05.txt"),
            .. Utf8("\n= sacct unknown no accounting\n9\u001fCOMPLETED\u001f0:0\u001fn1\u001f2026-01-01T10:00:00\n"),
        ];

    private static byte[] Events()
    {
        // length, its checksum, Event{wall_time, step, summary{value{tag, simple_value}}}, its checksum
        byte[] value = [0x0a, 4, .. "loss"u8, 0x15, 0, 0, 0, 0x3f];
        byte[] summary = [0x0a, (byte)value.Length, .. value];
        byte[] data = [0x09, 0, 0, 0, 0, 0, 0, 0, 0, 0x10, 3, 0x2a, (byte)summary.Length, .. summary];
        byte[] record = [(byte)data.Length, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, .. data, 0, 0, 0, 0];
        return [.. record, .. record];
    }

    private static byte[] Form() =>
        Utf8(
            "--x\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nfield\r\n--x\r\nContent-Disposition: form-data; "
                + "name=\"images\"; filename=\"a.jpg\"\r\nContent-Type: image/jpeg\r\n\r\nbytes\r\n--x--\r\n"
        );

    private static byte[] Zip()
    {
        using var memory = new MemoryStream();
        using (var zip = new ZipArchive(memory, ZipArchiveMode.Create))
            foreach (var name in new[] { "a.txt", "b/ü.bin", "c/" })
            {
                using var entry = zip.CreateEntry(name).Open();
                entry.Write(Utf8(string.Concat(Enumerable.Repeat(name, 50))));
            }
        return memory.ToArray();
    }

    private static byte[] Tar()
    {
        using var memory = new MemoryStream();
        using (var tar = new System.Formats.Tar.TarWriter(memory, System.Formats.Tar.TarEntryFormat.Pax))
        {
            foreach (var name in new[] { "a", "b/" + new string('c', 120), "ü" })
                tar.WriteEntry(
                    new System.Formats.Tar.PaxTarEntry(System.Formats.Tar.TarEntryType.RegularFile, name)
                    {
                        DataStream = new MemoryStream(Utf8("content of " + name)),
                    }
                );
            tar.WriteEntry(
                new System.Formats.Tar.GnuTarEntry(System.Formats.Tar.TarEntryType.SymbolicLink, "link")
                {
                    LinkName = new string('d', 200),
                }
            );
        }
        return memory.ToArray();
    }

    private static async Task AllOfAsync(TarReader tar)
    {
        while (await tar.NextAsync(CancellationToken.None) is not null)
            continue;
    }

    private static byte[] Photo() =>
        File.ReadAllBytes(Path.Combine(Repository.Folder, "samples", "field_01.jpg"))[..6000];

    private static void Drain<T>(IAsyncEnumerable<T> all) =>
        Wait(
            Task.Run(async () =>
            {
                await foreach (var _ in all)
                    continue;
            })
        );

    private static void Wait(Task task) => task.GetAwaiter().GetResult();
}
