using Muster.Faults;
using Muster.Gateway;
using Muster.Gateway.Model;

namespace Muster.NodeOdm.HandIn;

public sealed class TaskHandInTests : IAsyncLifetime
{
    private const int Photos = 30;
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("muster-hand-in-");
    private readonly List<HandInEvent> _told = [];
    private ScriptedNode _node = null!;
    private TestGateway _gateway = null!;
    private SourceFiles _source = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _node = await ScriptedNode.StartAsync();
        _gateway = await TestGateway.StartAsync(_node);
        var photos = _folder.CreateSubdirectory("photos").FullName;
        for (var n = 0; n < Photos; n++)
            await File.WriteAllBytesAsync(
                Path.Combine(photos, $"{n:00}.jpg"),
                Muster.Node.TestNode.Bytes(150_000, n),
                Ct
            );
        _source = SourceFiles.Of([photos]);
    }

    [Fact]
    public async Task A_journal_of_an_earlier_version_is_taken_up_and_one_of_a_later_version_is_left_alone()
    {
        Journal().Dispose();
        var path = Directory.GetFiles(Path.Combine(_folder.FullName, "state")).Single();
        await File.WriteAllTextAsync(
            path,
            """
            {"task":"00000001-0000-4000-8000-000000000000"}
            {"name":"00.jpg","sha256":"ab"}

            """,
            Ct
        );
        using (var old = Journal())
            Assert.Equal(
                ("00000001-0000-4000-8000-000000000000", true, "ab"),
                (old.Task, old.IsOld, old.HashOf("00.jpg"))
            );
        const string later = """{"version":1000,"task":"00000001-0000-4000-8000-000000000000"}""";
        await File.WriteAllTextAsync(path, later, Ct);
        Assert.Contains(
            "newer version of Muster",
            Assert.Throws<UserException>(Journal).Message,
            StringComparison.Ordinal
        );
        Assert.Equal(later, await File.ReadAllTextAsync(path, Ct));
    }

    [Fact]
    public async Task What_a_killed_process_has_sent_is_not_sent_again()
    {
        using var stop = new CancellationTokenSource();
        using (var first = Journal())
        {
            var sending = HandIn(
                    _gateway.Host.Address,
                    first,
                    happening =>
                    {
                        if (happening is HandInEvent.Sending { Files: >= 10 })
                            stop.Cancel();
                    }
                )
                .SendAsync(stop.Token);
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sending);
        }
        // The last lines of the journal are lost, and one is torn: the gateway knows better.
        var path = Directory.GetFiles(Path.Combine(_folder.FullName, "state")).Single();
        var lines = await File.ReadAllLinesAsync(path, Ct);
        await File.WriteAllTextAsync(path, string.Join('\n', lines[..4]) + "\n" + lines[4][..20], Ct);

        using var second = Journal();
        Assert.True(second.IsOld);
        await HandIn(_gateway.Host.Address, second).SendAsync(Ct);
        Assert.InRange(_told.OfType<HandInEvent.Begun>().Last().There, 10, Photos);
        await ArrivedAsync(second.Task);
    }

    [Fact]
    public async Task A_commit_whose_answer_was_lost_is_not_made_twice()
    {
        using (var first = Journal())
        {
            await HandIn(_gateway.Host.Address, first).SendAsync(Ct);
        }
        var path = Directory.GetFiles(Path.Combine(_folder.FullName, "state")).Single();
        await File.WriteAllLinesAsync(
            path,
            (await File.ReadAllLinesAsync(path, Ct)).Where(line =>
                !line.Contains("committed", StringComparison.Ordinal)
            ),
            Ct
        );
        using var second = Journal();
        await HandIn(_gateway.Host.Address, second).SendAsync(Ct);
        Assert.True(second.IsCommitted);
        Assert.Single(TestGateway.Said(await _gateway.Client().ListAsync(Ct)));
    }

    [Fact]
    public async Task A_task_that_was_removed_meanwhile_is_handed_in_anew()
    {
        using var journal = Journal();
        await HandIn(_gateway.Host.Address, journal).SendAsync(Ct);
        var first = journal.Task;
        TestGateway.Said(await _gateway.Client().RemoveAsync(first, Ct));
        await HandIn(_gateway.Host.Address, journal).SendAsync(Ct);
        Assert.NotEqual(first, journal.Task);
        Assert.Single(_told.OfType<HandInEvent.Warning>());
        await ArrivedAsync(journal.Task);
    }

    [Fact]
    public async Task A_server_that_does_not_say_what_it_has_is_served_too_and_what_it_keeps_twice_is_told()
    {
        var losses = 1;
        _node.After = http =>
        {
            if (
                !http.Request.Path.Value!.Contains("/upload/", StringComparison.Ordinal)
                || Interlocked.Exchange(ref losses, 0) == 0
            )
                return Task.FromResult(false);
            http.Abort();
            return Task.FromResult(true);
        };
        using var journal = Journal();
        await HandIn(_node.Url, journal).SendAsync(Ct);
        Assert.Contains(
            $"has {Photos + 1} photos for {Photos}",
            Assert.Single(_told.OfType<HandInEvent.Warning>()).Text,
            StringComparison.Ordinal
        );
        Assert.Single(_told.OfType<HandInEvent.ContactBack>());
    }

    [Fact]
    public async Task A_refusal_is_a_fault_in_the_servers_words()
    {
        await using var gateway = await TestGateway.StartAsync(
            options => options with { SpoolBudget = 70_000_000 },
            _node
        );
        using var journal = Journal();
        var large = Path.Combine(_folder.FullName, "large.jpg");
        await File.WriteAllBytesAsync(large, new byte[80_000_000], Ct);
        var handIn = new TaskHandIn(
            gateway.Client(),
            journal,
            SourceFiles.Of([large]),
            new(),
            _ => { },
            TimeProvider.System
        );
        Assert.Contains(
            "no room for this upload",
            (await Assert.ThrowsAsync<UserException>(() => handIn.SendAsync(Ct))).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Two_processes_do_not_hand_in_the_same_files()
    {
        using var first = Journal();
        Assert.Contains("another process", Assert.Throws<UserException>(Journal).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_token_has_uploaded_no_other_token_can_find_out()
    {
        await using var gateway = await TestGateway.StartAsync(options => options with { Token = "the first" }, _node);
        var second = gateway.Host.Tokens.Make("second", null, TokenLimits.None).Text;
        var client = gateway.Client("the first");
        var id = TestGateway.Said(await client.InitAsync(TaskUuid.New(), new(), Ct));
        Assert.True(TestGateway.Said(await client.UploadAsync(id, [TestGateway.File("a.jpg", [1, 2, 3])], Ct)));
        var file = Assert.Single(TestGateway.Said(await client.ReceivedAsync(id, Ct)).Files);
        Assert.Equal(
            ("a.jpg", 3, Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData([1, 2, 3]))),
            (file.Name, file.Bytes, file.Sha256)
        );

        var unknown = await gateway.Client(second).ReceivedAsync(TaskUuid.New(), Ct);
        Assert.Equal(unknown, await gateway.Client(second).ReceivedAsync(id, Ct));
        Assert.True(
            Assert.IsType<NodeReply<ReceivedAnswer>.Denied>(await gateway.Client().ReceivedAsync(id, Ct)).IsUnauthorized
        );
        TestGateway.Said(await client.CommitAsync(id, Ct));
        Assert.Equal(unknown, await client.ReceivedAsync(id, Ct));
    }

    private HandInJournal Journal() =>
        HandInJournal.Open(Path.Combine(_folder.FullName, "state"), _source.Key("server"), TimeProvider.System);

    private readonly HttpMessageInvoker _connections = NodeOdmClient.Connections();

    private TaskHandIn HandIn(Uri server, HandInJournal journal, Action<HandInEvent>? more = null) =>
        new(
            new(_connections, server, null, TimeSpan.FromSeconds(10), TimeProvider.System),
            journal,
            _source,
            new() { Name = "x" },
            happening =>
            {
                lock (_told)
                    _told.Add(happening);
                more?.Invoke(happening);
            },
            TimeProvider.System
        );

    private async Task ArrivedAsync(string task)
    {
        var id = Guid.Parse(task);
        await _gateway.UntilAsync(id, TaskCode.Completed);
        var archive = await _gateway.ArchiveAsync(id);
        Assert.Equal(_source.Files.Select(file => file.Name), archive.Keys);
        foreach (var file in _source.Files)
            Assert.Equal(await File.ReadAllBytesAsync(file.Path, Ct), archive[file.Name]);
    }

    public async ValueTask DisposeAsync()
    {
        _connections.Dispose();
        await _gateway.DisposeAsync();
        await _node.DisposeAsync();
        _folder.Delete(recursive: true);
    }
}
