using System.Diagnostics;
using System.Text;
using FsCheck;
using FsCheck.Fluent;

namespace Muster.Transfers;

public sealed class TarWriterTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("muster-test-").FullName;

    public void Dispose() => Sh($"rm -rf {_folder}");

    [Theory]
    [InlineData("tar")]
    [InlineData("busybox tar")]
    public void Other_programs_read_any_name_and_any_content(string tar)
    {
        var part = Gen.Choose(1, 60)
            .SelectMany(length => Gen.Choose(1, 255).Where(one => one != '/').ListOf(length))
            .Select(bytes => bytes.Select(one => (byte)one).ToArray())
            .Where(name => !name.AsSpan().SequenceEqual("."u8) && !name.AsSpan().SequenceEqual(".."u8));
        var path = Gen.Choose(1, 9)
            .SelectMany(depth => part.ListOf(depth))
            .Select(parts => parts.Aggregate((byte[] above, byte[] name) => [.. above, (byte)'/', .. name]));
        var number = 0;

        Prop.ForAll(
                path.ToArbitrary(),
                Gen.Choose(0, 300_000).ToArbitrary(),
                (name, size) =>
                {
                    var place = Directory.CreateDirectory(Path.Combine(_folder, $"{number++}")).FullName;
                    var content = new byte[size];
                    new Random(size).NextBytes(content);
                    WriteAsync(Path.Combine(_folder, "archive"), name, content).GetAwaiter().GetResult();

                    Sh($"cd {place} && {tar} -xmof ../archive");

                    Assert.Equal(
                        Convert.ToHexString(Encoding.UTF8.GetBytes("f/")) + Convert.ToHexString(name),
                        Hex(Sh($"cd {place} && find f -type f -print0 | od -An -v -tx1"))
                    );
                    Assert.Equal(
                        ContentHash.Of(content).ToString(),
                        Sh(
                                $"cd {place} && find f -type f -exec sha256sum {{}} + | tr -d '\\\\' | cut -c1-64 | "
                                    + "head -n 1"
                            )
                            .Trim()
                    );
                    Assert.Equal(
                        "1 folder 1 symlink 2 links",
                        Sh(
                                $"cd {place} && echo $(find d -type d -empty -printf x | wc -c) folder $(find s -type "
                                    + $"l -printf x | wc -c) symlink $(find f -type f -exec stat -c %h {{}} + | head "
                                    + "-n 1) "
                                    + "links"
                            )
                            .Trim()
                    );
                }
            )
            .Check(Config.QuickThrowOnFailure.WithMaxTest(25));
    }

    [Fact]
    public async Task Our_own_reader_reads_what_was_written()
    {
        using var archive = new MemoryStream();
        var tar = new TarWriter(archive);
        var name = Encoding.UTF8.GetBytes(string.Join('/', Enumerable.Repeat("folder", 60)));
        await tar.FileAsync(name, Mode.Writable, new byte[1000], TestContext.Current.CancellationToken);
        await tar.SymlinkAsync("link"u8, name, TestContext.Current.CancellationToken);
        await tar.EndAsync(TestContext.Current.CancellationToken);
        archive.Position = 0;

        var reader = new TarReader(archive);
        var file = await reader.NextAsync(TestContext.Current.CancellationToken);
        var link = await reader.NextAsync(TestContext.Current.CancellationToken);

        Assert.Equal(('0', 1000L), (file!.Type, file.Size));
        Assert.Equal(name, file.Name);
        Assert.Equal('2', link!.Type);
        Assert.Equal(name, link.Link);
        Assert.Null(await reader.NextAsync(TestContext.Current.CancellationToken));
    }

    private static async Task WriteAsync(string archive, byte[] name, byte[] content)
    {
        await using var file = File.Create(archive);
        var tar = new TarWriter(file);
        byte[] Below(char folder) => [(byte)folder, (byte)'/', .. name];
        await tar.FolderAsync(Below('d'), default);
        await tar.FileAsync(Below('f'), Mode.Writable, content, default);
        await tar.LinkAsync(Below('l'), Below('f'), default);
        await tar.SymlinkAsync(Below('s'), name, default);
        await tar.EndAsync(default);
    }

    private static string Hex(string dump)
    {
        var hex = string.Concat(dump.Where(char.IsAsciiHexDigit)).ToUpperInvariant();
        return hex[..^2]; // less the zero at its end
    }

    private static string Sh(string command)
    {
        using var process = Process.Start(
            new ProcessStartInfo("sh", ["-ec", command]) { RedirectStandardOutput = true, RedirectStandardError = true }
        )!;
        var said = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? output : throw new InvalidOperationException($"{command}: {said.Result}");
    }
}
