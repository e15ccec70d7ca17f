using System.Formats.Tar;
using System.Text;

namespace Muster.Transfers;

/// <summary>Our reader beside .NET's writer, our writer beside .NET's reader, and archives that are broken.</summary>
public sealed class TarFormTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(TarEntryFormat.V7, 99)]
    [InlineData(TarEntryFormat.Ustar, 90)]
    [InlineData(TarEntryFormat.Ustar, 150)]
    [InlineData(TarEntryFormat.Pax, 400)]
    [InlineData(TarEntryFormat.Gnu, 400)]
    public async Task Each_form_is_read_with_its_names_links_and_content(TarEntryFormat form, int length)
    {
        var folder = string.Concat(Enumerable.Repeat("0123456789abcd/", (length / 15) - 1));
        var name = folder + new string('n', length - folder.Length);
        var target = form is TarEntryFormat.Pax or TarEntryFormat.Gnu ? name : "target";
        var content = Enumerable.Range(0, 1300).Select(at => (byte)at).ToArray();
        using var archive = new MemoryStream();
        await using (var writer = new System.Formats.Tar.TarWriter(archive, form, leaveOpen: true))
        {
            await writer.WriteEntryAsync(Entry(form, TarEntryType.RegularFile, name, content), Ct);
            await writer.WriteEntryAsync(Entry(form, TarEntryType.SymbolicLink, "link", null, target), Ct);
            await writer.WriteEntryAsync(Entry(form, TarEntryType.RegularFile, "after", [7]), Ct);
        }
        archive.Position = 0;

        var reader = new TarReader(archive);
        var file = (await reader.NextAsync(Ct))!;
        Assert.Equal((name, 1300L), (Encoding.UTF8.GetString(file.Name), file.Size));
        Assert.Equal(content, await RestAsync(reader, 100));
        Assert.Equal(0, await reader.ReadAsync(new byte[5], Ct));
        var link = (await reader.NextAsync(Ct))!;
        Assert.Equal(('2', target, 0L), (link.Type, Encoding.UTF8.GetString(link.Link), link.Size));
        Assert.Equal("after", Encoding.UTF8.GetString((await reader.NextAsync(Ct))!.Name));
        Assert.Null(await reader.NextAsync(Ct));
    }

    [Fact]
    public async Task What_is_not_read_of_a_file_is_skipped_and_archives_follow_each_other()
    {
        byte[] one = [.. Header("a", size: 1000), .. new byte[1024], .. new byte[1024]];
        byte[] two = [.. Header("b", size: 5), .. "12345"u8, .. new byte[507], .. new byte[1024]];
        var reader = new TarReader(new MemoryStream([.. one, .. two]));

        Assert.Equal(1000, (await reader.NextAsync(Ct))!.Size);
        Assert.Equal(10, await reader.ReadAsync(new byte[10], Ct));
        Assert.Equal("b", Encoding.UTF8.GetString((await reader.NextAsync(Ct))!.Name));
        Assert.Equal("12345", Encoding.ASCII.GetString(await RestAsync(reader, 100)));
        Assert.Null(await reader.NextAsync(Ct));
    }

    [Fact]
    public async Task A_large_size_is_read_in_both_of_its_ways()
    {
        var header = Header("big", size: 0);
        byte[] size = [0x80, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 1]; // 3 × 2^32 + 1
        size.CopyTo(header, 124);
        Assert.Equal(12_884_901_889, (await new TarReader(new MemoryStream(Summed(header))).NextAsync(Ct))!.Size);

        var record = "20 size=12884901889\n"u8.ToArray();
        byte[] extended = [.. Header("x", record.Length, 'x'), .. record, .. new byte[512 - record.Length]];
        var read = await new TarReader(new MemoryStream([.. extended, .. Header("big", size: 3)])).NextAsync(Ct);
        Assert.Equal(12_884_901_889, read!.Size);
    }

    [Fact]
    public async Task Records_for_the_whole_archive_are_passed_over()
    {
        byte[] global = [.. Header("g", 17, 'g'), .. "17 path=nowhere\n\n"u8, .. new byte[495]];
        byte[] archive = [.. global, .. Header("a", 0), .. new byte[1024]];
        Assert.Equal(
            "a",
            Encoding.UTF8.GetString((await new TarReader(new MemoryStream(archive)).NextAsync(Ct))!.Name)
        );
    }

    [Theory]
    [InlineData("sum", "not a tar header")]
    [InlineData("early", "the archive ends early")]
    [InlineData("name", "a name in the archive is too long")]
    [InlineData("nothing", "the archive ends early")]
    public async Task A_broken_archive_is_told(string what, string said)
    {
        var header = Header("a", 0);
        byte[] archive = what switch
        {
            "sum" => [.. header[..1], (byte)'x', .. header[2..]],
            "early" => header[..100],
            "name" => Header("a", (1 << 20) + 1, 'L'),
            _ => [],
        };
        var fault = await Assert.ThrowsAsync<EndOfStreamException>(() =>
            new TarReader(new MemoryStream(archive)).NextAsync(Ct)
        );
        Assert.Equal(said, fault.Message);
    }

    [Fact]
    public async Task An_archive_that_ends_within_a_file_is_told_when_it_does()
    {
        var reader = new TarReader(new MemoryStream([.. Header("a", 1000), .. new byte[10]]));
        await reader.NextAsync(Ct);
        var fault = await Assert.ThrowsAsync<EndOfStreamException>(() => RestAsync(reader, 4096));
        Assert.Equal("the archive ends within a file", fault.Message);
    }

    /// <summary>Around every length at which a name goes into another place.</summary>
    [Fact]
    public async Task Others_read_names_of_every_length_and_what_else_stands_in_a_header()
    {
        List<string> names = [.. Enumerable.Range(95, 12).Select(length => new string('n', length))];
        foreach (var folder in (int[])[1, 99, 100, 101, 153, 154, 155, 156, 157])
        foreach (var file in (int[])[1, 98, 99, 100, 101])
            names.Add($"{new string('f', folder)}/{new string('n', file)}");
        using var archive = new MemoryStream();
        var writer = new TarWriter(archive);
        foreach (var (name, at) in names.Select((name, at) => (Encoding.ASCII.GetBytes(name), at)))
        {
            await writer.FileAsync(name, Mode.ClosedExecutable, new byte[at], Ct);
            await writer.SymlinkAsync("link"u8, name, Ct);
        }
        await writer.FolderAsync(Encoding.ASCII.GetBytes(new string('d', 99) + '/'), Ct);
        await writer.EndAsync(Ct);
        archive.Position = 0;

        await using var reader = new System.Formats.Tar.TarReader(archive);
        foreach (var (name, at) in names.Select((name, at) => (name, at)))
        {
            var file = (await reader.GetNextEntryAsync(copyData: true, Ct))!;
            Assert.Equal(
                (TarEntryType.RegularFile, name, (long)at, (UnixFileMode)Mode.ClosedExecutable, 0, 0),
                (file.EntryType, file.Name, file.Length, file.Mode, file.Uid, file.Gid)
            );
            Assert.Equal(DateTimeOffset.UnixEpoch, file.ModificationTime);
            var link = (await reader.GetNextEntryAsync(copyData: true, Ct))!;
            Assert.Equal((TarEntryType.SymbolicLink, name), (link.EntryType, link.LinkName));
        }
        Assert.Equal(TarEntryType.Directory, (await reader.GetNextEntryAsync(copyData: true, Ct))!.EntryType);
        Assert.Null(await reader.GetNextEntryAsync(copyData: true, Ct));
    }

    [Fact]
    public async Task Content_larger_than_all_buffers_goes_through_and_each_byte_once()
    {
        using var archive = new MemoryStream();
        var writer = new TarWriter(archive);
        var content = new byte[1_000_000];
        new Random(1).NextBytes(content);
        for (var at = 0; at < 5; at++)
            await writer.FileAsync("file"u8, Mode.Writable, content, Ct);
        // What is full is sent before the end is there.
        Assert.InRange(archive.Length, 4_000_000, 5_100_000);
        await writer.EndAsync(Ct);
        archive.Position = 0;

        var reader = new TarReader(archive);
        for (var at = 0; at < 5; at++)
        {
            await reader.NextAsync(Ct);
            Assert.Equal(content, await RestAsync(reader, 70_000));
        }
        Assert.Null(await reader.NextAsync(Ct));
    }

    [Fact]
    public void What_a_header_cannot_hold_is_no_archive() =>
        Assert.Throws<ArgumentOutOfRangeException>(() =>
            new TarWriter(new MemoryStream()).BeginFile("huge"u8, Mode.Writable, 1L << 33)
        );

    private static System.Formats.Tar.TarEntry Entry(
        TarEntryFormat form,
        TarEntryType type,
        string name,
        byte[]? content,
        string link = ""
    )
    {
        if (form is TarEntryFormat.V7 && type is TarEntryType.RegularFile)
            type = TarEntryType.V7RegularFile;
        System.Formats.Tar.TarEntry entry = form switch
        {
            TarEntryFormat.V7 => new V7TarEntry(type, name),
            TarEntryFormat.Ustar => new UstarTarEntry(type, name),
            TarEntryFormat.Pax => new PaxTarEntry(type, name),
            _ => new GnuTarEntry(type, name),
        };
        if (content is not null)
            entry.DataStream = new MemoryStream(content);
        if (link.Length > 0)
            entry.LinkName = link;
        return entry;
    }

    private static async Task<byte[]> RestAsync(TarReader reader, int step)
    {
        using var all = new MemoryStream();
        var buffer = new byte[step];
        while (await reader.ReadAsync(buffer, Ct) is > 0 and var read)
            all.Write(buffer, 0, read);
        return all.ToArray();
    }

    private static byte[] Header(string name, long size, char type = '0')
    {
        var header = new byte[512];
        Encoding.ASCII.GetBytes(name).CopyTo(header, 0);
        Encoding.ASCII.GetBytes(Convert.ToString(size, 8).PadLeft(11, '0')).CopyTo(header, 124);
        header[156] = (byte)type;
        return Summed(header);
    }

    private static byte[] Summed(byte[] header)
    {
        header.AsSpan(148, 8).Fill((byte)' ');
        var sum = header.Sum(one => one);
        Encoding.ASCII.GetBytes(Convert.ToString(sum, 8).PadLeft(6, '0') + "\0 ").CopyTo(header, 148);
        return header;
    }
}
