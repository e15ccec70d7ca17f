using System.Text.Json;
using System.Text.Json.Nodes;
using Muster.Configuration;
using Muster.Sites;

namespace Muster.Runs;

/// <summary>Plans as somebody else may have written them, in real folders of a site.</summary>
public sealed class AdoptionTests : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("muster-adoption-");

    public void Dispose() => _root.Delete(recursive: true);

    [Fact]
    public async Task A_sound_plan_is_found_and_nothing_of_it_is_done_here()
    {
        var plan = Plan() with
        {
            AfterFetch =
            [
                ["scene", "export"],
            ],
            Host = "elsewhere",
            Site = "theirs",
        };
        Write(plan.Id.ToString(), JsonSerializer.Serialize(plan, RunJson.Default.RunPlan));

        var found = Assert.Single(await LookAsync());

        Assert.Equal(
            (plan.Id, "train", "here", null),
            (found.Plan!.Id, found.Plan.Name, found.Plan.Site, found.Plan.Host)
        );
        Assert.Empty(found.Plan.AfterFetch);
    }

    [Theory]
    [InlineData("name", "\"../../../x\"")]
    [InlineData("name", "\"a\\u001b[2J\"")]
    [InlineData("name", "null")]
    [InlineData("series", "\"../x\"")]
    [InlineData("folder", "\"a/../../..\"")]
    [InlineData("command", "null")]
    [InlineData("command", "[null]")]
    [InlineData("outputs", "[\"../secret\"]")]
    [InlineData("batch_lines", "[\"x\"]")]
    [InlineData("inputs", "[{\"path\":\"/x\",\"name\":\"../x\"}]")]
    [InlineData("ports", "[{\"name\":\"web\",\"number\":70000}]")]
    [InlineData("time", "\"10000000.00:00:00\"")]
    [InlineData("array", "{\"text\":\"0-9\",\"indices\":[],\"at_once\":1}")]
    [InlineData("roles", "[{\"name\":\"worker\",\"size\":2000000000,\"working\":1}]")]
    [InlineData("roles", "[{\"name\":\"worker\",\"size\":1,\"working\":1,\"hosts\":[\"-oProxyCommand=touch x\"]}]")]
    [InlineData("roles", "[{\"name\":\"worker\",\"size\":1,\"working\":1,\"hosts\":[\"../..\"]}]")]
    [InlineData("id", "\"ffffffff-ffff-7fff-bfff-ffffffffffff\"")]
    [InlineData("id", "\"0190a0b0-0000-7000-8000-000000000000\"")]
    [InlineData("id", "7")]
    public async Task A_plan_that_is_not_sound_is_refused_with_the_reason(string key, string value)
    {
        var plan = Plan();
        var json = JsonNode.Parse(JsonSerializer.Serialize(plan, RunJson.Default.RunPlan))!;
        json[key] = JsonNode.Parse(value);
        Write(plan.Id.ToString(), json.ToJsonString());

        var found = Assert.Single(await LookAsync());

        Assert.Null(found.Plan);
        Assert.NotEmpty(found.Why!);
        Assert.DoesNotContain("\u001b", found.Why!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_plan_of_a_newer_version_is_passed_over_in_words()
    {
        var plan = Plan() with { Version = RunPlan.Newest + 1 };
        Write(plan.Id.ToString(), JsonSerializer.Serialize(plan, RunJson.Default.RunPlan));

        var found = Assert.Single(await LookAsync());

        Assert.Null(found.Plan);
        Assert.Contains(
            $"plan version {RunPlan.Newest + 1}; this one reads up to {RunPlan.Newest}",
            found.Why!,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task What_is_no_plan_at_all_is_refused_beside_one_that_is()
    {
        Write("a", "{");
        Write("b", $"{{\"name\":\"{new string('x', 2_000_000)}\"}}");
        Write("c", "null");
        var plan = Plan();
        Write(plan.Id.ToString(), JsonSerializer.Serialize(plan, RunJson.Default.RunPlan));

        var found = await LookAsync();

        Assert.Equal([plan.Id], found.Where(one => one.Plan is not null).Select(one => one.Plan!.Id));
        Assert.Equal(["a", "b"], found.Where(one => one.Why is not null).Select(one => one.Folder));
    }

    [Fact]
    public void A_record_from_no_time_there_is_or_with_an_option_for_ssh_is_passed_over()
    {
        Assert.Null(Record("main.0.exit", ("time", "99999999999999")).Time);
        var facts = new RunFacts
        {
            Present = true,
            Records = new[]
            {
                Record("main.0.port.web", ("host", "gpu1"), ("address", "any"), ("port", "8080")),
                Record("main.0.port.evil", ("host", "-oProxyCommand=touch x"), ("address", "any"), ("port", "8080")),
                Record("main.0.port.far", ("host", "gpu1"), ("address", "any"), ("port", "80800")),
            }.ToDictionary(record => record.Name),
        };

        var run = RunJudge.After(
            new Run { Plan = Plan(), Created = DateTimeOffset.UnixEpoch },
            facts,
            null,
            schedulerKnowsMore: false,
            DateTimeOffset.UtcNow
        );

        Assert.Equal(["web"], run.Ports.Select(port => port.Name));
    }

    private static StatusRecord Record(string name, params (string Key, string Value)[] values) =>
        new(name, values.ToDictionary(pair => pair.Key, pair => pair.Value));

    private static RunPlan Plan() =>
        new()
        {
            Id = RunId.New(TimeProvider.System),
            Name = "train",
            Site = "s",
            Command = ["true"],
            WorkingFolder = "/",
        };

    private void Write(string folder, string text) =>
        File.WriteAllText(Path.Combine(_root.CreateSubdirectory($"runs/{folder}").FullName, "run.json"), text);

    private Task<IReadOnlyList<Adoption.Found>> LookAsync()
    {
        var site = new LocalSite
        {
            Name = "here",
            Origin = Origin.BuiltIn,
            Root = _root.FullName,
        };
        return new Adoption(
            new OpenSite(site, new(_root.FullName, _root.FullName, _root.FullName, MayAsk: false), TimeProvider.System)
        ).LookAsync(TestContext.Current.CancellationToken);
    }
}
