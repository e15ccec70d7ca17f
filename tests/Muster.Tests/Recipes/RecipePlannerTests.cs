using Muster.Faults;
using Muster.Runs;
using Muster.Runs.Submit;
using Muster.Sites;

namespace Muster.Recipes;

public sealed class RecipePlannerTests : IDisposable
{
    private static readonly SshSite Hosts = new()
    {
        Name = "lab",
        Origin = new("test"),
        Hosts = ["n1", "n2", "n3"],
        Roles = new Dictionary<string, IReadOnlyList<string>> { ["server"] = ["n3"] },
    };
    private static readonly SlurmSite Cluster = new()
    {
        Name = "cluster",
        Origin = new("test"),
        Host = "login",
    };
    private readonly RecipeFolder _folder = new();
    private readonly Recipe _recipe;

    public RecipePlannerTests()
    {
        _folder.Write("recipes/mine/serve.py", "");
        _folder.Write("recipes/mine/ready.sh", "");
        _recipe = _folder.Recipe(
            """
            about: Trains.
            script: run.sh
            prepare: ready.sh
            launch: torch-env
            roles:
              worker: { gpus: 2, memory: 8G }
              server: { count: 2, script: serve.py, ready: port }
            alone: true
            merge: true
            """
        );
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Roles_are_those_of_the_recipe_on_the_hosts_of_the_site()
    {
        var plan = Plan(Hosts);

        Assert.Equal("torch-env", plan.Launch);
        Assert.Equal(
            ["worker n1,n2 2 8G  False", """server n3   python3 "$MUSTER_IN"/recipe/serve.py True"""],
            plan.Roles.Select(role =>
                $"{role.Name} {string.Join(',', role.Hosts)} {role.Gpus} {role.Memory} {string.Join(';', role.Lines)} "
                + $"{role.Listens}"
            )
        );
        Assert.Equal(""". "$MUSTER_IN"/recipe/ready.sh""", plan.JobLines[^1]);
        Assert.True(plan.MergeResults);
    }

    [Fact]
    public void What_the_user_asks_for_comes_first()
    {
        var plan = Plan(Hosts, "worker=n2,n2,gpus=1", "server=n1");

        Assert.Equal(
            ["worker n2,n2 1 8G", "server n1  "],
            plan.Roles.Select(role => $"{role.Name} {string.Join(',', role.Hosts)} {role.Gpus} {role.Memory}")
        );
        Assert.Equal((3, 2), (Plan(Cluster, "worker=3").Roles[0].Size, Plan(Cluster, "worker=3").Roles[1].Size));
    }

    [Fact]
    public void Without_its_roles_it_runs_on_the_host_that_is_named()
    {
        var plan = Plan(
            Hosts,
            new SubmitRequest
            {
                Command = [],
                WorkingFolder = _folder.Path,
                Host = "n2",
            }
        );

        Assert.Equal(("n2", null, 0, false), (plan.Host, plan.Launch, plan.Roles.Count, plan.MergeResults));
        Assert.Contains(
            "'wroker'",
            Assert.Throws<UserException>(() => Plan(Hosts, "wroker=2")).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_program_reaches_the_script_word_for_word_and_its_folder_comes_along()
    {
        var recipe = _recipe with { Program = true };
        var plan = Plan(
            Hosts,
            new SubmitRequest { Command = ["python", "train.py", "it's $HOME"], WorkingFolder = _folder.Path },
            recipe
        );

        Assert.True(plan.Snapshot);
        Assert.Equal(
            """sh "$MUSTER_IN"/recipe/run.sh python train.py 'it'\''s $HOME'""",
            string.Join(' ', plan.Command)
        );
        Assert.Contains(
            "runs your program",
            Assert
                .Throws<UserException>(() =>
                    Plan(Hosts, new SubmitRequest { Command = [], WorkingFolder = _folder.Path }, recipe)
                )
                .Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task A_preflight_tells_all_that_it_finds_on_each_host()
    {
        _folder.Write(
            "recipes/mine/look.sh",
            "echo \"error no room for $MUSTER_RANKS\"; echo 'warning it is old'; echo 'same torch=2'; echo chatter; "
                + "echo last >&2; exit 3"
        );
        var site = new OpenSite(
            new LocalSite
            {
                Name = "local",
                Origin = new("test"),
                Root = _folder.Path,
            },
            new(_folder.Path, _folder.Path, _folder.Path, false),
            TimeProvider.System
        );
        var recipe = _recipe with { Preflight = "look.sh" };

        var findings = await RecipePreflight.RunAsync(
            RecipeValues.Read(recipe, new Dictionary<string, string>(), _folder.Path).Values,
            Plan(site.Site, "worker=2"),
            site,
            TestContext.Current.CancellationToken
        );

        Assert.Equal(
            ["no room for worker.0 worker.1 server.0 server.1", "it is old", "the preflight ended with 3: last"],
            findings.Select(finding => finding.Text.Split(": ", 2)[1])
        );
        Assert.Equal([true, false, true], findings.Select(finding => finding.IsError));
    }

    [Fact]
    public async Task Behind_a_login_node_a_preflight_tells_what_that_sees_and_what_was_not_looked_at()
    {
        _folder.Write("recipes/mine/look.sh", "echo \"error no torch where login is '$MUSTER_LOGIN'\"");
        var site = new OpenSite(
            new LocalSite
            {
                Name = "local",
                Origin = new("test"),
                Root = _folder.Path,
            },
            new(_folder.Path, _folder.Path, _folder.Path, false),
            TimeProvider.System
        );
        var plan = Plan(site.Site, "worker=2") with { BatchLines = ["#SBATCH --ntasks=4"] };

        var findings = await RecipePreflight.RunAsync(
            RecipeValues
                .Read(_recipe with { Preflight = "look.sh" }, new Dictionary<string, string>(), _folder.Path)
                .Values,
            plan,
            site,
            TestContext.Current.CancellationToken
        );

        Assert.Equal([false, false], findings.Select(finding => finding.IsError));
        Assert.EndsWith("no torch where login is '1'", findings[0].Text, StringComparison.Ordinal);
        Assert.Contains("only this login node was looked at", findings[1].Text, StringComparison.Ordinal);
    }

    private RunPlan Plan(Site site, params string[] roles) =>
        Plan(
            site,
            new SubmitRequest
            {
                Command = [],
                WorkingFolder = _folder.Path,
                Roles = roles,
            }
        );

    private RunPlan Plan(Site site, SubmitRequest asked, Recipe? recipe = null)
    {
        var values = RecipeValues.Read(recipe ?? _recipe, new Dictionary<string, string>(), _folder.Path).Values;
        var planner = new RunPlanner(
            new RunStore(Path.Combine(_folder.Path, "runs.db")),
            TimeProvider.System,
            _ => null
        );
        return new RecipePlanner(planner, _folder.Path).Plan(values, asked, site).Plan;
    }
}
