using System.Diagnostics;
using System.Text;
using FsCheck;
using FsCheck.Fluent;

namespace Muster.NodeOdm;

public sealed class MultipartReaderTests
{
    private const string Head = "--b\r\nContent-Disposition: form-data; name=\"images\"; filename=\"a.jpg\"\r\n\r\n";

    [Fact]
    public void Parts_come_out_as_they_went_in_however_the_bytes_arrive() =>
        Prop.ForAll<byte[][], PositiveInt>(
                (contents, step) =>
                {
                    // Line ends and dashes are where a reader goes wrong.
                    var files = (contents ?? [])
                        .Select(content =>
                            (content ?? [])
                                .Select(one =>
                                    (one % 5) switch
                                    {
                                        0 => (byte)'\r',
                                        1 => (byte)'\n',
                                        2 => (byte)'-',
                                        3 => (byte)'b',
                                        _ => one,
                                    }
                                )
                                .ToArray()
                        )
                        .Where(content =>
                            !Encoding.Latin1.GetString(content).Contains("\r\n--b", StringComparison.Ordinal)
                        )
                        .ToList();
                    using var body = new MemoryStream();
                    foreach (var (file, at) in files.Select((file, at) => (file, at)))
                    {
                        body.Write(
                            Encoding.ASCII.GetBytes(
                                $"--b\r\nContent-Disposition: form-data; name=\"images\"; filename=\"{at}\"\r\n\r\n"
                            )
                        );
                        body.Write(file);
                        body.Write("\r\n"u8);
                    }
                    body.Write("--b--\r\n"u8);
                    var read = ReadAll(new Dripping(body.ToArray(), step.Get % 40 + 1)).GetAwaiter().GetResult();
                    return read.Select(part => part.Name).SequenceEqual(files.Select((_, at) => $"{at}"))
                        && read.Zip(files).All(pair => pair.First.Content.SequenceEqual(pair.Second));
                }
            )
            .QuickCheckThrowOnFailure();

    [Theory]
    [InlineData("")]
    [InlineData("--b--\r\n")]
    [InlineData("a preamble\r\n--b--\r\nan epilogue")]
    public async Task A_form_may_be_empty(string body) => Assert.Empty(await ReadAll(Bytes(body)));

    [Theory]
    [InlineData("no boundary at all", "Unexpected end of form")]
    [InlineData(Head + "cut off in the middle", "Unexpected end of form")]
    [InlineData("--b\r\nContent-Disposition: form-data; na", "Unexpected end of form")]
    [InlineData("--bc\r\n\r\nx\r\n--b--", "Malformed part header")]
    [InlineData("--b\r\nno colon here\r\n\r\nx\r\n--b--", "Malformed part header")]
    [InlineData("--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--", "Field name missing")]
    [InlineData(
        "--b\r\nContent-Disposition: form-data; name=a\r\nContent-Transfer-Encoding: base64\r\n\r\nx\r\n--b--",
        "Content-Transfer-Encoding base64 is not supported; send the bytes as they are"
    )]
    public async Task What_is_wrong_is_named(string body, string error) =>
        Assert.Equal(error, (await Assert.ThrowsAsync<RefusalException>(() => ReadAll(Bytes(body)))).Message);

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData(" \t ")]
    public async Task Spaces_may_follow_a_boundary(string spaces)
    {
        var body = $"--b{spaces}\r\nContent-Disposition: form-data; name=a; filename=f\r\n\r\nx\r\n--b--";
        var (name, content) = Assert.Single(await ReadAll(Bytes(body)));
        Assert.Equal(("f", "x"), (name, Encoding.ASCII.GetString(content)));
        // They do not stand for the end of the line.
        await Assert.ThrowsAsync<RefusalException>(() => ReadAll(Bytes($"--b{spaces}x\r\n\r\n\r\n--b--")));
    }

    [Theory]
    [InlineData("--b \t", "Unexpected end of form", false)]
    [InlineData("--b", "Unexpected end of form", false)]
    [InlineData("--bc\r\n\r\nx\r\n--b--", "Malformed part header", true)]
    public async Task What_a_client_should_send_again_is_told_apart(string body, string error, bool noRetry)
    {
        var refusal = await Assert.ThrowsAsync<RefusalException>(() => ReadAll(Bytes(body)));
        Assert.Equal((error, noRetry), (refusal.Message, refusal.NoRetry));
    }

    [Fact]
    public async Task Boundaries_headers_and_preambles_have_a_most()
    {
        var longest = new string('b', 200);
        using (var reader = new MultipartReader(Bytes($"--{longest}--"), longest))
            Assert.Null(await reader.NextAsync(TestContext.Current.CancellationToken));
        foreach (var boundary in new[] { "", longest + "b" })
        {
            var none = Assert.Throws<RefusalException>(() => new MultipartReader(Bytes(""), boundary));
            Assert.Equal(("Multipart: Boundary not found", true), (none.Message, none.NoRetry));
        }

        // A reader sees 64 KB before the first boundary, and a header of 16 KB, at the most.
        Assert.Empty(await ReadAll(Bytes($"{new string('p', 60_000)}\r\n--b--")));
        var preamble = await Assert.ThrowsAsync<RefusalException>(() => ReadAll(Bytes(new string('p', 300_000))));
        Assert.Equal(("Multipart: Boundary not found", true), (preamble.Message, preamble.NoRetry));
        string WithHeader(int length) =>
            "--b\r\nContent-Disposition: form-data; name=a; filename=f\r\n"
            + $"X: {new string('x', length)}\r\n\r\ny\r\n--b--";
        Assert.Single(await ReadAll(Bytes(WithHeader(16_000))));
        var header = await Assert.ThrowsAsync<RefusalException>(() => ReadAll(Bytes(WithHeader(17_000))));
        Assert.Equal(("Malformed part header: too long", true), (header.Message, header.NoRetry));
    }

    [Fact]
    public async Task Nothing_comes_after_the_end_however_often_it_is_asked_for()
    {
        var ct = TestContext.Current.CancellationToken;
        foreach (var body in new[] { "", "--b--", Head + "x\r\n--b--\r\n" + Head + "y\r\n--b--" })
        {
            using var reader = new MultipartReader(Bytes(body), "b");
            while (await reader.NextAsync(ct) is not null) { }
            Assert.Null(await reader.NextAsync(ct));
        }
        var gone = new MultipartReader(Bytes(Head + "x\r\n--b--"), "b");
        gone.Dispose();
        Assert.Null(await gone.NextAsync(ct));
    }

    [Fact]
    public async Task Endless_headers_are_refused() =>
        Assert.Equal(
            "Malformed part header: too long",
            (await Assert.ThrowsAsync<RefusalException>(() => ReadAll(new Endless("--b\r\nX: ", "x")))).Message
        );

    [Fact]
    public async Task An_endless_field_is_refused_in_constant_memory()
    {
        var before = GC.GetTotalAllocatedBytes(precise: true);
        using var body = new Endless(
            "--b\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\n",
            new('x', 64 << 10)
        );
        var refusal = await Assert.ThrowsAsync<RefusalException>(() =>
            FormReader.ReadAsync("multipart/form-data; boundary=b", body, null, TestContext.Current.CancellationToken)
        );
        Assert.Equal(("Field value too long", true), (refusal.Message, refusal.NoRetry));
        Assert.InRange(GC.GetTotalAllocatedBytes(precise: true) - before, 0, 16 << 20);
    }

    [Theory]
    [InlineData("filename=\"näme.jpg\"", "näme.jpg")]
    [InlineData("filename=plain.jpg", "plain.jpg")]
    [InlineData("filename=\"a \\\"quoted\\\" one; here.jpg\"", "a \"quoted\" one; here.jpg")]
    [InlineData("filename=\"C:\\photos\\a.jpg\"", "C:\\photos\\a.jpg")]
    [InlineData("filename=\"=?utf-8?B?bsOkbWUuanBn?=\"", "näme.jpg")]
    [InlineData("filename=\"=?utf-8?Q?n=C3=A4me_1?= =?utf-8?Q?.jpg?=\"", "näme 1.jpg")]
    [InlineData("filename=\"fallback.jpg\"; filename*=UTF-8''n%C3%A4me.jpg", "näme.jpg")]
    [InlineData("filename*=iso-8859-1'en'n%E4me.jpg", "näme.jpg")]
    [InlineData("filename=\"good.jpg\"; filename*=klingon''bad.jpg", "good.jpg")]
    [InlineData("filename=\"=?klingon?B?x?=\"", "=?klingon?B?x?=")]
    public void File_names_are_understood(string parameter, string name) =>
        Assert.Equal(name, PartHeaders.Parse($"Content-Disposition: form-data; name=\"images\"; {parameter}").FileName);

    [Theory]
    [InlineData("../../etc/passwd", "passwd")]
    [InlineData("C:\\photos\\a.jpg", "a.jpg")]
    [InlineData("..", null)]
    [InlineData("a/", null)]
    [InlineData("a\0b\n.jpg", "ab.jpg")]
    [InlineData("body.json", "_body.json")]
    public void No_name_leads_out_of_its_folder(string sent, string? stored) =>
        Assert.Equal(stored, UploadName.Of(sent));

    [Fact]
    public void A_name_of_255_bytes_is_stored_and_can_be_told_apart()
    {
        var name = new string('ä', 125) + "x.jpg";
        Assert.Equal(name, UploadName.Of(name));
        Assert.Equal(255, Encoding.UTF8.GetByteCount(UploadName.Next(name)));
        Assert.EndsWith("_.jpg", UploadName.Next(name), StringComparison.Ordinal);
        Assert.Null(UploadName.Of(name + "g"));
    }

    /// <summary>Measured beside a plain read of the same bytes, so that a slow machine fails no one.</summary>
    [Fact]
    public async Task A_large_file_costs_little_more_than_reading_it()
    {
        const long bytes = 256 << 20;
        var ct = TestContext.Current.CancellationToken;
        var block = new byte[256 << 10];
        new Random(1).NextBytes(block);
        var plain = TimeSpan.MaxValue;
        var parsed = TimeSpan.MaxValue;
        for (var round = 0; round < 3; round++)
        {
            var clock = Stopwatch.StartNew();
            using (var source = new Blocks(Head, block, bytes))
            {
                var into = new byte[256 << 10];
                while (await source.ReadAsync(into, ct) > 0) { }
            }
            plain = Min(plain, clock.Elapsed);
            clock.Restart();
            using var body = new Blocks(Head, block, bytes);
            using var reader = new MultipartReader(body, "b");
            var part = await reader.NextAsync(ct);
            long length = 0;
            while (await part!.ChunkAsync(ct) is { IsEmpty: false } chunk)
                length += chunk.Length;
            Assert.Equal(bytes, length);
            parsed = Min(parsed, clock.Elapsed);
        }
        TestContext.Current.SendDiagnosticMessage(
            $"plain {bytes / plain.TotalSeconds / 1e9:0.0} GB/s, as multipart {bytes / parsed.TotalSeconds / 1e9:0.0} "
                + "GB/s"
        );
        Assert.True(
            parsed < TimeSpan.FromSeconds(bytes / 1e9) + (10 * plain),
            $"{bytes / parsed.TotalSeconds / 1e9:0.0} GB/s"
        );
    }

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;

    private static MemoryStream Bytes(string text) => new(Encoding.UTF8.GetBytes(text));

    private static async Task<List<(string? Name, byte[] Content)>> ReadAll(Stream body)
    {
        var ct = TestContext.Current.CancellationToken;
        using var reader = new MultipartReader(body, "b");
        var parts = new List<(string?, byte[])>();
        while (await reader.NextAsync(ct) is { } part)
        {
            using var content = new MemoryStream();
            await part.OpenRead().CopyToAsync(content, ct);
            parts.Add((part.FileName, content.ToArray()));
        }
        return parts;
    }

    /// <summary>Gives a few bytes at a time.</summary>
    private sealed class Dripping(byte[] bytes, int step) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer[..Math.Min(step, buffer.Length)], cancellationToken);
    }

    private sealed class Endless(string head, string then) : MemoryStream(Encoding.ASCII.GetBytes(head))
    {
        private readonly byte[] _then = Encoding.ASCII.GetBytes(then);

        public override async ValueTask<int> ReadAsync(
            Memory<byte> buffer,
            CancellationToken cancellationToken = default
        )
        {
            if (await base.ReadAsync(buffer, cancellationToken) is > 0 and var read)
                return read;
            var taken = Math.Min(buffer.Length, _then.Length);
            _then.AsMemory(0, taken).CopyTo(buffer);
            return taken;
        }
    }

    /// <summary>A form with one file of that many bytes, never in memory as a whole.</summary>
    private sealed class Blocks(string head, byte[] block, long bytes) : MemoryStream(Encoding.ASCII.GetBytes(head))
    {
        private readonly MemoryStream _tail = new("\r\n--b--\r\n"u8.ToArray());
        private long _left = bytes;

        public override async ValueTask<int> ReadAsync(
            Memory<byte> buffer,
            CancellationToken cancellationToken = default
        )
        {
            if (await base.ReadAsync(buffer, cancellationToken) is > 0 and var read)
                return read;
            if (_left == 0)
                return await _tail.ReadAsync(buffer, cancellationToken);
            var taken = (int)Math.Min(_left, Math.Min(buffer.Length, block.Length));
            block.AsMemory(0, taken).CopyTo(buffer);
            _left -= taken;
            return taken;
        }
    }
}
