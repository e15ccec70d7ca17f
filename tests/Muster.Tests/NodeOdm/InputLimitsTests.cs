using System.Buffers.Binary;
using System.IO.Compression;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Muster.Gateway;

namespace Muster.NodeOdm;

/// <summary>
/// What comes from outside is read as far as <see cref="InputLimits"/> says. What counts is how much was taken of what
/// was there for the taking.
/// </summary>
public sealed class InputLimitsTests : IDisposable
{
    private const int Slack = 16 << 20; // what the system and both ends of a connection hold

    private static readonly InputLimits Limits = InputLimits.Default;

    private readonly HttpMessageInvoker _connections = NodeOdmClient.Connections();
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("muster-limits-");

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_thousand_fields_of_a_megabyte_are_refused_after_four()
    {
        var field = Encoding.ASCII.GetBytes(
            $"--b\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\n{new string('a', Limits.FieldBytes - 1000)}\r\n"
        );
        var body = new Endless(field);
        var refusal = await Assert.ThrowsAsync<RefusalException>(() =>
            FormReader.ReadAsync("multipart/form-data; boundary=b", body, null, Ct)
        );
        Assert.Equal(("request entity too large", true), (refusal.Message, refusal.NoRetry));
        Assert.InRange(body.Taken, Limits.FormBytes - Limits.FieldBytes, Limits.FormBytes + (2 * Limits.FieldBytes));
    }

    [Fact]
    public async Task As_many_fields_of_one_name_are_as_many_fields()
    {
        var body = new Endless("--b\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\n\r\n"u8.ToArray());
        Assert.Equal(
            "Too many fields",
            (
                await Assert.ThrowsAsync<RefusalException>(() =>
                    FormReader.ReadAsync("multipart/form-data; boundary=b", body, null, Ct)
                )
            ).Message
        );
    }

    [Theory]
    [InlineData("application/json"), InlineData("application/x-www-form-urlencoded")]
    public async Task A_body_without_parts_is_refused_where_a_form_would_be(string type)
    {
        var body = new Endless(new byte[1 << 16]);
        Assert.Equal(
            "request entity too large",
            (await Assert.ThrowsAsync<RefusalException>(() => FormReader.ReadAsync(type, body, null, Ct))).Message
        );
        Assert.InRange(body.Taken, Limits.FormBytes, Limits.FormBytes + 1);
    }

    [Fact]
    public async Task Of_what_a_node_tells_only_the_beginning_is_read()
    {
        const string id = "11111111-2222-4333-8444-555555555555";
        var images = string.Join(',', Enumerable.Range(0, 100_000).Select(n => $"{{\"filename\":\"{n}.jpg\"}}"));
        var body = new Endless(
            Encoding.ASCII.GetBytes($"{{\"name\":{{\"a\":[1]}},\"uuid\":\"{id}\",\"images\":[{images}]}}")
        );
        Assert.Equal(id, await FormReader.NoticeAsync("application/json", body, Ct));
        Assert.InRange(body.Taken, 0, Limits.NoticeBytes + 1);
        Assert.Equal(
            id,
            await FormReader.NoticeAsync(
                "application/x-www-form-urlencoded",
                new MemoryStream(Encoding.ASCII.GetBytes($"uuid={id}")),
                Ct
            )
        );
        foreach (var broken in (string[])["", "{", "[]", "{\"uuid\":1}", "{\"uuid\""])
            Assert.Null(
                await FormReader.NoticeAsync("application/json", new MemoryStream(Encoding.ASCII.GetBytes(broken)), Ct)
            );
        var form = new Endless("--b\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\n\r\n"u8.ToArray());
        Assert.Null(await FormReader.NoticeAsync("multipart/form-data; boundary=b", form, Ct));
        Assert.InRange(form.Taken, 0, Limits.NoticeBytes + 1);
    }

    [Fact]
    public void Names_addresses_and_outputs_have_a_length()
    {
        foreach (
            var (name, value) in ((string, string)[])
                [
                    ("name", new('n', Limits.NameChars + 1)),
                    ("webhook", new('w', Limits.AddressChars + 1)),
                    ("zipurl", new('z', Limits.AddressChars + 1)),
                    ("outputs", $"[\"{new string('o', Limits.OutputChars + 1)}\"]"),
                    ("outputs", $"[{string.Join(',', Enumerable.Repeat("\"a\"", Limits.Outputs + 1))}]"),
                ]
        )
        {
            var refusal = Assert.Throws<RefusalException>(() =>
                TaskForm.Of(new Dictionary<string, string> { [name] = value })
            );
            Assert.StartsWith($"Invalid {name}: ", refusal.Message, StringComparison.Ordinal);
            Assert.InRange(refusal.Message.Length, 1, 200);
            Assert.True(refusal.NoRetry);
        }
        Assert.Equal(
            Limits.NameChars,
            TaskForm.Of(new Dictionary<string, string> { ["name"] = new('n', Limits.NameChars) }).Name!.Length
        );
    }

    [Fact]
    public async Task A_form_that_stands_still_has_taken_a_small_buffer()
    {
        var body = new Waiting();
        using var reader = new MultipartReader(body, "b");
        _ = reader.NextAsync(Ct).AsTask();
        Assert.InRange(await body.Asked, 1, 4 << 10);
    }

    [Fact]
    public async Task An_answer_without_end_is_read_to_its_limit()
    {
        await using var node = new EndlessServer("{\"name\":\"");
        var client = Client(node.Url);
        Assert.IsType<NodeReply<NodeInfo>.TooLong>(await client.InfoAsync(Ct));
        Assert.InRange(await node.SentAsync(), Limits.AnswerBytes, Limits.AnswerBytes + Slack);
        Assert.IsType<NodeReply<IReadOnlyList<OptionDescription>>.TooLong>(await client.OptionsAsync(Ct));
        Assert.IsType<NodeReply<TaskInfo>.TooLong>(await client.TaskInfoAsync("x", 0, Ct));
        Assert.IsType<NodeReply<bool>.TooLong>(await client.CancelAsync("x", Ct));
    }

    [Fact]
    public async Task An_output_that_does_not_fit_into_an_answer_comes_in_several()
    {
        var lines = Enumerable.Range(0, 300_000).Select(n => $"line {n} {new string('x', 90)}").ToList();
        await using var node = await ScriptedNode.StartAsync(
            new()
            {
                Before = async http =>
                {
                    var from =
                        int.TryParse(http.Request.Query["with_output"], out var asked)
                        || int.TryParse(http.Request.Query["line"], out asked)
                            ? asked
                            : -1;
                    if (http.Request.Path.Value!.EndsWith("output", StringComparison.Ordinal))
                        await http.AnswerAsync([.. lines.Skip(from)], OdmJson.Wire.IReadOnlyListString);
                    else
                        await http.AnswerAsync(
                            new()
                            {
                                Uuid = "x",
                                Name = "x",
                                DateCreated = 1,
                                ProcessingTime = 1,
                                Status = new(TaskCode.Running),
                                Options = [],
                                ImagesCount = 1,
                                Output = from < 0 ? null : [.. lines.Skip(from)],
                            },
                            OdmJson.Wire.TaskInfo
                        );
                    return true;
                },
            }
        );
        var client = Client(node.Url);
        var got = new List<string>();
        var answers = 0;
        for (; got.Count < lines.Count; answers++)
            got.AddRange(TestGateway.Said(await client.TaskInfoAsync("x", got.Count, Ct)).Output!);
        Assert.Equal(lines, got);
        Assert.InRange(answers, 2, 5);
    }

    [Fact]
    public async Task Of_an_answer_to_a_webhook_only_the_status_is_read()
    {
        await using var server = new EndlessServer("");
        using var http = OutsideHttp.Create(allowPrivate: true);
        using var caller = new WebhookCaller([TimeSpan.Zero, TimeSpan.Zero], TimeProvider.System, NullLogger.Instance);
        var attempts = 0;
        await caller.CallAsync(http, $"{server.Url}", "{}", "a task", () => ++attempts > 2, Ct);
        Assert.Equal(1, attempts); // it was heard
        Assert.InRange(await server.SentAsync(), 0, Slack);
        await Assert.ThrowsAsync<HttpRequestException>(() => http.GetStringAsync(server.Url, Ct));
    }

    [Fact]
    public async Task What_a_node_claims_is_cut_to_what_there_is()
    {
        await using var node = await ScriptedNode.StartAsync(
            new()
            {
                Memory = long.MaxValue,
                Slots = int.MaxValue,
                Engine = new('e', 100_000),
            }
        );
        var info = TestGateway.Said(await Client(node.Url).InfoAsync(Ct));
        Assert.Equal(
            (0L, 0L, 100_000, 255),
            (info.TotalMemory, info.AvailableMemory, info.MaxParallelTasks, info.Engine.Length)
        );
    }

    [Theory]
    [InlineData(0), InlineData(1), InlineData(3), InlineData(70_000)]
    public void The_files_of_an_archive_are_counted(int files)
    {
        var path = Path.Combine(_folder.FullName, "a.zip");
        using (var archive = ZipFile.Open(path, ZipArchiveMode.Create))
        {
            for (var n = 0; n < files; n++)
                archive.CreateEntry($"{n}.jpg");
        }
        using var file = File.OpenRead(path);
        Assert.Equal(files, ZipDirectory.Count(file, 1_000_000));
        if (files > 1)
            Assert.Equal(2, ZipDirectory.Count(file, 1));
        using var cut = new MemoryStream(File.ReadAllBytes(path)[..^10]);
        Assert.Null(ZipDirectory.Count(cut, 1_000_000));
    }

    [Theory]
    [InlineData(1), InlineData(ushort.MaxValue - 1)]
    public void An_archive_that_is_all_directory_is_refused_without_being_held(int said)
    {
        var path = Path.Combine(_folder.FullName, "d.zip");
        using (var file = File.Create(path))
        {
            var entry = new byte[47];
            "PK\u0001\u0002"u8.CopyTo(entry);
            entry[28] = 1; // the length of its name
            var many = Enumerable.Repeat(entry, 10_000).SelectMany(bytes => bytes).ToArray();
            for (var n = 0; n < 100; n++)
                file.Write(many);
            var end = new byte[22];
            "PK\u0005\u0006"u8.CopyTo(end);
            BinaryPrimitives.WriteUInt16LittleEndian(end.AsSpan(10), (ushort)said);
            file.Write(end);
        }
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Contains(
            $"more than {Limits.ArchiveFiles} files",
            Assert
                .Throws<RefusalException>(() =>
                    ZipFiles.Unpack(path, Path.Combine(_folder.FullName, "out"), flatten: true, long.MaxValue, Ct)
                )
                .Message,
            StringComparison.Ordinal
        );
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4 << 20);
    }

    [Fact]
    public void A_small_archive_does_not_fill_a_large_disk()
    {
        var path = Path.Combine(_folder.FullName, "bomb.zip");
        var zeros = new byte[1 << 20];
        using (var archive = ZipFile.Open(path, ZipArchiveMode.Create))
        {
            using var entry = archive.CreateEntry("a.jpg", CompressionLevel.Fastest).Open();
            for (var n = 0; n < 400; n++)
                entry.Write(zeros);
        }
        var into = Path.Combine(_folder.FullName, "out");
        Assert.Equal(
            "The archive becomes too large when it is unpacked",
            Assert.Throws<RefusalException>(() => ZipFiles.Unpack(path, into, flatten: true, long.MaxValue, Ct)).Message
        );
        Assert.Empty(Directory.GetFiles(into));
    }

    [Fact]
    public void Every_limit_is_in_the_table_and_none_overflows()
    {
        Assert.Equal(typeof(InputLimits).GetProperties().Length, Limits.Table().Count);
        Assert.Equal(long.MaxValue, Limits.ResultOf(long.MaxValue / 2));
        Assert.Equal(100, Limits.Unpacked(long.MaxValue, 100));
    }

    private NodeOdmClient Client(Uri url) => new(_connections, url, null, TestGateway.Patience, TimeProvider.System);

    public void Dispose()
    {
        _connections.Dispose();
        _folder.Delete(recursive: true);
    }

    /// <summary>One block again and again, and how much of it was read.</summary>
    private sealed class Endless(byte[] block) : MemoryStream
    {
        public long Taken { get; private set; }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var read = Math.Min(buffer.Length, block.Length - (int)(Taken % block.Length));
            block.AsMemory((int)(Taken % block.Length), read).CopyTo(buffer);
            Taken += read;
            return new(read);
        }
    }

    /// <summary>Brings nothing, and says for how much it was asked.</summary>
    private sealed class Waiting : MemoryStream
    {
        private readonly TaskCompletionSource<int> _asked = new();

        public Task<int> Asked => _asked.Task;

        public override async ValueTask<int> ReadAsync(
            Memory<byte> buffer,
            CancellationToken cancellationToken = default
        )
        {
            _asked.TrySetResult(buffer.Length);
            await Task.Delay(Timeout.Infinite, cancellationToken);
            return 0;
        }
    }

    /// <summary>
    /// Answers every request without end, and counts what its end of the connection took of the first.
    /// </summary>
    private sealed class EndlessServer : IAsyncDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly TaskCompletionSource<long> _sent = new();
        private readonly Task _serving;

        public EndlessServer(string first)
        {
            _listener.Start();
            _serving = ServeAsync(first);
        }

        public Uri Url => new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/");

        /// <summary>Waits until the other end has had enough.</summary>
        public Task<long> SentAsync() => _sent.Task;

        private async Task ServeAsync(string first)
        {
            try
            {
                while (true)
                {
                    using var socket = await _listener.AcceptTcpClientAsync();
                    _sent.TrySetResult(await PourAsync(socket.GetStream(), first));
                }
            }
            catch (SocketException) { } // the test is over
            catch (InvalidOperationException) { } // nor does it listen any more
        }

        private static async Task<long> PourAsync(NetworkStream stream, string first)
        {
            var sent = 0L;
            try
            {
                await stream.ReadAtLeastAsync(new byte[16], 16);
                const string head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n";
                await stream.WriteAsync(Encoding.ASCII.GetBytes(head + first));
                var block = new byte[1 << 16];
                Array.Fill(block, (byte)'a');
                for (; sent < 500_000_000; sent += block.Length)
                    await stream.WriteAsync(block);
            }
            catch (IOException) { } // it hung up
            return sent;
        }

        public async ValueTask DisposeAsync()
        {
            _listener.Dispose();
            await _serving;
        }
    }
}
