using Muster.Sites.Clouds.Keeping;

namespace Muster.Sites.Clouds.Exec;

/// <summary>The commands of a user: the sample that starts processes, and those that do everything wrong.</summary>
public sealed class ExecCloudTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("muster-exec-");

    public void Dispose()
    {
        foreach (var pid in Pids())
            System.Diagnostics.Process.GetProcessById(pid).Kill();
        _folder.Delete(recursive: true);
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;
    private static string Sample => Path.Combine(Repository.Folder, "samples", "cloud", "processes");
    private static MachineOrder Order => CloudOrders.New("here", "process", "none");

    [Fact]
    public async Task A_machine_of_the_sample_lives_from_its_order_to_its_end()
    {
        using var cloud = Open(Sample);
        var order = Order;
        var made = Assert.IsType<CreateAnswer.Made>(await cloud.CreateAsync(order, Ct)).Machine;
        Assert.Equal((CloudState.Running, order.Name, order.Id), (made.State, made.Name, made.Order));
        Assert.Equal((0.01m, "EUR"), (made.Price?.PerHour, made.Price?.Currency));
        var again = Assert.IsType<CreateAnswer.Made>(await cloud.CreateAsync(order with { Attempt = 2 }, Ct)).Machine;
        Assert.Equal(made.Id, again.Id);
        Assert.Equal(made.Id, Assert.IsType<FindAnswer.Made>(await cloud.FindAsync(order, Ct)).Machine.Id);
        Assert.Equal(made.Id, Assert.Single((await cloud.ListAsync(order.Fleet, [], Ct)).Machines).Id);
        Assert.Empty((await cloud.ListAsync(CloudOrders.OtherFleet, [], Ct)).Machines);

        Assert.True(await cloud.DestroyAsync(made, Ct));
        Assert.True(await cloud.DestroyAsync(made, Ct));
        Assert.IsType<FindAnswer.Absent>(await cloud.FindAsync(order, Ct));
        Assert.Null(await cloud.GetAsync("here", made.Id, Ct));
    }

    [Theory]
    [InlineData(null)]
    [InlineData(3)]
    public async Task Where_no_places_are_named_a_machine_is_ordered_from_the_only_one(int? attempts)
    {
        var settings = Settings(Sample) with { Attempts = attempts };
        using var cloud = new OpenCloud(
            new()
            {
                Name = settings.Site,
                Origin = new("test"),
                Cloud = settings,
            },
            Path.Combine(_folder.FullName, "own"),
            _folder.FullName,
            TimeProvider.System
        );
        var id = Guid.CreateVersion7();
        Assert.IsType<OrderAnswer.Placed>(await cloud.OrderAsync(id, settings.Machines[0], "run train", Ct));
        await cloud.Keeper.StepAsync(Ct);
        var record = Assert.Single(await cloud.MachinesAsync(Ct));
        Assert.Equal(id, record.Machine?.Order);
        Assert.DoesNotContain(" in ", record.Why, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Its_fault_is_one_of_ours_in_its_words()
    {
        using var cloud = Open(Sample);
        var refused = Assert.IsType<CreateAnswer.Refused>(await cloud.CreateAsync(Order with { Type = "cx42" }, Ct));
        Assert.Equal(CloudFault.BadOrder, refused.Fault.Fault);
        Assert.Contains("there is no type cx42", refused.Fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("exit 1")]
    [InlineData("echo rubbish")]
    [InlineData("echo rubbish; exit 1")]
    [InlineData("true")]
    [InlineData("echo '{}'")]
    [InlineData("kill -9 $$")]
    [InlineData("echo '{\"fault\":\"what-is-this\",\"message\":\"?\"}'; exit 1")]
    [InlineData("echo '{\"id\":\"x\"}'; exit 3")]
    public async Task A_create_that_does_not_say_what_it_did_is_a_doubt(string script)
    {
        using var cloud = Open(Script(script));
        Assert.IsType<CreateAnswer.Doubtful>(await cloud.CreateAsync(Order, Ct));
    }

    [Fact]
    public async Task One_that_made_a_machine_and_died_before_it_said_so_is_found_again()
    {
        using var cloud = Open(Script($"{Sample} \"$1\" >answer; [ \"$1\" = create ] && exit 1; cat answer"));
        var order = Order;
        Assert.IsType<CreateAnswer.Doubtful>(await cloud.CreateAsync(order, Ct));
        Assert.IsType<FindAnswer.Made>(await cloud.FindAsync(order, Ct));
        Assert.Single(Pids());
    }

    [Theory]
    [InlineData("echo '{\"complete\":false,\"machines\":[]}'")]
    [InlineData("echo '{\"machines\":[]}'")]
    [InlineData("echo '{\"complete\":true}'")]
    [InlineData("echo '{\"complete\":true,\"machines\":[{\"name\":\"a\"}]}'")]
    [InlineData("echo '{\"complete\":true,\"machines\":[]}'; exit 1")]
    [InlineData("echo '[]'")]
    [InlineData("")]
    public async Task A_list_that_is_not_surely_whole_says_nothing_about_a_machine(string script)
    {
        using var cloud = Open(Script(script));
        Assert.Equal(
            CloudFault.Upstream,
            (await Assert.ThrowsAsync<CloudException>(() => cloud.ListAsync(CloudOrders.Fleet, [], Ct))).Fault
        );
        Assert.IsType<FindAnswer.Unknown>(await cloud.FindAsync(Order, Ct));
        await Assert.ThrowsAsync<CloudException>(() => cloud.GetAsync("here", "x", Ct));
    }

    [Fact]
    public async Task A_machine_that_bears_no_order_of_ours_is_nobodys_to_sweep()
    {
        var list =
            "{\"complete\":true,\"machines\":[{\"id\":\"db\",\"name\":\"database\"},"
            + $"{{\"id\":\"x\",\"order\":\"{Guid.Empty:N}\",\"fleet\":\"{CloudOrders.OtherFleet}\"}}]}}";
        using var cloud = Open(Script($"echo '{list}'"));
        Assert.Empty((await cloud.ListAsync(CloudOrders.Fleet, [], Ct)).Machines);
        Assert.NotNull(await cloud.GetAsync("here", "db", Ct));
        Assert.Empty(await cloud.CheckAsync(Ct));
        Assert.NotNull(await cloud.GetAsync("here", "db", Ct));
    }

    [Fact]
    public async Task A_command_that_hangs_is_ended_with_all_that_it_started()
    {
        using var cloud = Open(
            Script("sleep 7777 & echo $! >child; trap '' TERM; while :; do sleep 1; done"),
            new FastTime(300)
        );
        Assert.IsType<CreateAnswer.Doubtful>(await cloud.CreateAsync(Order, Ct));
        var child = int.Parse(
            await File.ReadAllTextAsync(Path.Combine(_folder.FullName, "child"), Ct),
            System.Globalization.CultureInfo.InvariantCulture
        );
        for (var i = 0; i < 1_000 && IsAlive(child); i++)
            await Task.Delay(10, Ct);
        Assert.False(IsAlive(child));
    }

    [Fact]
    public async Task A_command_that_is_not_there_has_surely_made_nothing()
    {
        using var cloud = Open("./absent");
        var refused = Assert.IsType<CreateAnswer.Refused>(await cloud.CreateAsync(Order, Ct));
        Assert.Equal(CloudFault.BadOrder, refused.Fault.Fault);
        Assert.True(Assert.Single(await cloud.CheckAsync(Ct)).IsError);
    }

    [Fact]
    public async Task Commands_get_the_sites_environment_and_nothing_secret_of_ours()
    {
        Environment.SetEnvironmentVariable("SECRET_OF_THIS_TEST", "hunter2hunter2hunter2");
        using var cloud = Open(Script("env >seen; pwd >>seen; echo '{\"complete\":true,\"machines\":[]}'"));
        await cloud.ListAsync(CloudOrders.Fleet, [], Ct);
        var seen = await File.ReadAllTextAsync(Path.Combine(_folder.FullName, "seen"), Ct);
        Assert.Contains("CLOUD_STATE=", seen, StringComparison.Ordinal);
        Assert.Contains("PATH=", seen, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", seen, StringComparison.Ordinal);
        Assert.EndsWith(_folder.Name + "\n", seen, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_command_says_is_shown_without_our_secrets()
    {
        const string secret = "sEcReTsEcReTsEcReTsEcReT";
        var settings = Settings(Script($"echo 'bad key {secret}' >&2; exit 1"));
        using var cloud = new ExecCloud(settings, new([new(secret, "KEY")]), TimeProvider.System);
        var fault = await Assert.ThrowsAsync<CloudException>(() => cloud.ListAsync(CloudOrders.Fleet, [], Ct));
        Assert.Contains("bad key (hidden)", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_stands_in_env_under_a_telling_name_is_a_secret_too()
    {
        const string secret = "sEcReTsEcReTsEcReTsEcReT";
        var settings = Settings(Script("echo \"no such key: $AZURE_KEY\" >&2; exit 1"));
        settings = settings with { Env = new Dictionary<string, string> { ["AZURE_KEY"] = secret } };
        using var cloud = CloudProviders.Open(settings, TimeProvider.System);
        var fault = await Assert.ThrowsAsync<CloudException>(() => cloud.ListAsync(CloudOrders.Fleet, [], Ct));
        Assert.Contains("no such key: (hidden)", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_pause_that_it_asks_for_is_kept()
    {
        using var cloud = Open(
            Script("echo '{\"fault\":\"throttled\",\"message\":\"slow\",\"retry_after\":90}'; exit 1")
        );
        var before = TimeProvider.System.GetUtcNow();
        var refused = Assert.IsType<CreateAnswer.Refused>(await cloud.CreateAsync(Order, Ct));
        Assert.True(refused.Fault.Until >= before.AddSeconds(90));
    }

    private string Script(string text)
    {
        var path = Path.Combine(_folder.FullName, "cloud");
        File.WriteAllText(path, $"#!/bin/sh\n{text}\n");
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return "./cloud";
    }

    private ExecCloud Open(string command, TimeProvider? clock = null) =>
        new(Settings(command), new([]), clock ?? TimeProvider.System);

    private CloudSettings Settings(string command) =>
        new()
        {
            Site = "burst",
            Provider = CloudProvider.Exec,
            Folder = _folder.FullName,
            Machines = [new(null, "process")],
            Limit = 5,
            Image = "",
            Create = [command, "create"],
            List = [command, "list"],
            Destroy = [command, "destroy"],
            Env = new Dictionary<string, string> { ["CLOUD_STATE"] = Path.Combine(_folder.FullName, "state") },
        };

    private IEnumerable<int> Pids()
    {
        var path = Path.Combine(_folder.FullName, "state", "machines.json");
        if (!File.Exists(path))
            return [];
        using var machines = System.Text.Json.JsonDocument.Parse(File.ReadAllText(path));
        return [.. machines.RootElement.EnumerateArray().Select(machine => machine.GetProperty("pid").GetInt32())];
    }

    private static bool IsAlive(int pid) =>
        Directory.Exists($"/proc/{pid}")
        && !File.ReadAllText($"/proc/{pid}/stat").Contains(") Z", StringComparison.Ordinal);
}
