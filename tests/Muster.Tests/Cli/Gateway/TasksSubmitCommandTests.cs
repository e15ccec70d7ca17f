using System.Diagnostics;
using System.Text.Json;
using Muster.Gateway;

namespace Muster.Cli.Gateway;

/// <summary>`muster tasks submit` as people type it.</summary>
public sealed class TasksSubmitCommandTests(TasksSubmitCommandTests.OwnGateway own)
    : IClassFixture<TasksSubmitCommandTests.OwnGateway>,
        IDisposable
{
    private const string Token = "the token of the test";
    private static readonly string Samples = Path.Combine(AppContext.BaseDirectory, "samples");
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("muster-tasks-submit-");
    private readonly GatewayProcess _gateway = own.Process;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public sealed class OwnGateway : IAsyncLifetime
    {
        internal GatewayProcess Process { get; } = new("--engine", "survey", "--poll-every", "0.1s", "--token", Token);

        public async ValueTask InitializeAsync() =>
            await Process.StartAsync($"info?token={Uri.EscapeDataString(Token)}");

        public ValueTask DisposeAsync() => Process.DisposeAsync();
    }

    [Fact]
    public async Task Photos_go_in_and_what_the_engine_says_of_them_comes_home()
    {
        var (code, output, notes) = await RunAsync(["--name", "field"]);
        Assert.True(code == 0, notes);
        Assert.Contains("16 of 16 photos have a position", output, StringComparison.Ordinal);
        Assert.Contains("field: 16 files", notes, StringComparison.Ordinal);
        using var report = JsonDocument.Parse(
            await File.ReadAllBytesAsync(
                Path.Combine(_folder.FullName, "muster-out", "field", "survey", "report.json"),
                Ct
            )
        );
        Assert.Equal(16, report.RootElement.GetProperty("located").GetInt32());
        Assert.Empty(Journals);
    }

    [Fact]
    public async Task A_detached_task_is_come_back_to_and_programs_get_a_line_for_each_event()
    {
        var (code, first, notes) = await RunAsync(["--detach", "--quiet"]);
        Assert.True(code == 0, notes);
        (code, var output, notes) = await RunAsync(["--json"]);
        Assert.True(code == 0, notes);
        var events = output
            .Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => JsonDocument.Parse(line).RootElement)
            .ToList();
        Assert.DoesNotContain(events, line => line.GetProperty("event").GetString() is "begun" or "committed");
        var fetched = Assert.Single(events, line => line.GetProperty("event").GetString() == "fetched");
        Assert.Equal(first.Trim(), fetched.GetProperty("task").GetString());
        Assert.Equal(
            Path.Combine(_folder.FullName, "muster-out", "samples"),
            fetched.GetProperty("folder").GetString()
        );
    }

    [Fact]
    public async Task Killed_in_the_middle_it_goes_on_where_it_stopped()
    {
        await using var link = new BadLink(_gateway.Address, 1) { Delay = TimeSpan.FromMilliseconds(60) };
        using (var killed = Start(link.Address, []))
        {
            while (Journals is not [var journal] || new FileInfo(journal).Length < 800)
                await Task.Delay(5, Ct);
            killed.Kill();
            await killed.WaitForExitAsync(Ct);
        }
        var (code, _, notes) = await RunAsync(["--no-fetch"], link.Address);
        Assert.True(code == 0, notes);
        Assert.Matches("again +[0-9a-f-]{36} resumes; ([7-9]|1[0-9]) files already there", notes);
    }

    [Fact]
    public async Task Told_to_stop_in_the_middle_it_says_how_to_go_on()
    {
        await using var link = new BadLink(_gateway.Address, 1) { Delay = TimeSpan.FromMilliseconds(60) };
        using var stopped = Start(link.Address, []);
        var notes = stopped.StandardError.ReadToEndAsync(Ct);
        while (Journals is not [var journal] || new FileInfo(journal).Length < 800)
            await Task.Delay(5, Ct);
        using (var kill = Process.Start("kill", ["-TERM", $"{stopped.Id}"]))
            await kill.WaitForExitAsync(Ct);
        await stopped.WaitForExitAsync(Ct);
        Assert.Equal(130, stopped.ExitCode);
        Assert.Contains("interrupted run the same command to resume", await notes, StringComparison.Ordinal);
    }

    [Theory]
    [
        InlineData("another", "--quiet", 4, "does not accept the token"),
        InlineData(Token, "--options=flight-high=3", 2, "did you mean 'flight-height'?")
    ]
    public async Task What_is_in_vain_ends_before_anything_is_sent(string token, string word, int expected, string said)
    {
        var (code, _, notes) = await RunAsync([word], token: token);
        Assert.Equal(expected, code);
        Assert.Contains(said, notes, StringComparison.Ordinal);
        Assert.DoesNotContain(token, notes, StringComparison.Ordinal);
        Assert.Empty(Journals);
    }

    [Fact]
    public async Task A_server_that_is_not_there_is_unknown()
    {
        var (code, _, notes) = await RunAsync([], new($"http://127.0.0.1:{GatewayProcess.FreePort()}"));
        Assert.Equal(125, code);
        Assert.Contains("muster serve", notes, StringComparison.Ordinal);
    }

    private string[] Journals =>
        Directory.Exists(Path.Combine(_folder.FullName, "state", "muster", "tasks"))
            ? Directory.GetFiles(Path.Combine(_folder.FullName, "state", "muster", "tasks"))
            : [];

    private Process Start(Uri server, string[] arguments, string token = Token)
    {
        var start = new ProcessStartInfo(
            MusterProgram.Path,
            ["tasks", "submit", Samples, "--server", server.ToString(), .. arguments]
        )
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = _folder.FullName,
        };
        start.Environment["XDG_STATE_HOME"] = Path.Combine(_folder.FullName, "state");
        start.Environment["MUSTER_TOKEN"] = token;
        return Process.Start(start)!;
    }

    private async Task<(int Code, string Output, string Notes)> RunAsync(
        string[] arguments,
        Uri? server = null,
        string token = Token
    )
    {
        using var process = Start(server ?? _gateway.Address, arguments, token);
        var notes = process.StandardError.ReadToEndAsync(Ct);
        var output = await process.StandardOutput.ReadToEndAsync(Ct);
        await process.WaitForExitAsync(Ct);
        return (process.ExitCode, output, await notes);
    }

    public void Dispose() => _folder.Delete(recursive: true);
}
