namespace Muster;

/// <summary>A user who works on the login node itself: SLURM's commands are there, and no SSH is needed.</summary>
public sealed class OnLoginNodeTests : IDisposable
{
    private readonly string _folder = Lab.On("login", "mktemp -d ~/here-XXXXXX").Trim();

    public OnLoginNodeTests() => Lab.On("login", $"mkdir {_folder}/code && printf 'mine\\n' >{_folder}/code/file && printf 'sites:\\n  here:\\n    kind: slurm\\n    root: {_folder}/root\\n' >{_folder}/muster.yaml");

    public void Dispose() => Lab.On("login", $"rm -rf {_folder}");

    [Fact]
    public void A_run_goes_to_a_node_and_its_results_come_home()
    {
        Assert.Equal("mine\n3", Here("muster submit -s here --name trip --output result -- sh -c 'cat file; uname -n >result; exit 3'; echo $?").TrimEnd());
        Assert.Matches("^c[123]$", Here("cat muster-out/trip/result").Trim());
        Assert.Equal("3", Here("muster attach trip --no-fetch >/dev/null; echo $?").Trim());
        Assert.Equal("mine", Here("muster logs trip").Trim());
        Assert.Equal("file\nmuster-out", Here("ls").TrimEnd());
    }

    [Fact]
    public void A_cancelled_run_leaves_no_process_on_its_node()
    {
        Here("muster submit -s here --name doomed --detach -- sh -c 'sleep 311 & sleep 312'");
        Assert.Equal("0", Here("muster wait doomed --for running --timeout 60s; echo $?").Trim());
        Lab.Until(() => Sleepers().Split('\n', StringSplitOptions.RemoveEmptyEntries).Length == 2, "both of its processes run");

        Here("muster cancel doomed; muster wait doomed --timeout 60s");

        Assert.Contains("\"outcome\":\"cancelled\"", Here("muster show doomed --json"));
        Assert.Equal("", Sleepers());

        static string Sleepers() => string.Concat(((string[])["c1", "c2", "c3"]).Select(node => Lab.Do("exec", node, "sh", "-c", "pgrep -f '^sleep 31[12]' || :")));
    }

    [Fact]
    public void A_port_on_the_loopback_of_a_node_is_brought_to_the_login_node()
    {
        Here("muster submit -s here --name viewer --detach --port web -- sh -c 'exec python3 -m http.server --bind 127.0.0.1 $MUSTER_PORT_WEB'");

        var answer = Here("""
            muster attach viewer --json >../events & attached=$!
            for try in $(seq 300); do
              url=$(grep -o 'http://127[^"]*' ../events | head -n 1)
              [ -n "$url" ] && python3 -c "import sys, urllib.request as r; print(r.urlopen(sys.argv[1] + 'file', timeout=20).read().decode())" "$url" && break
              sleep 0.2
            done
            kill $attached
            muster cancel viewer >/dev/null; muster wait viewer --timeout 60s >/dev/null
            """);

        Assert.Equal("mine", answer.Trim());
    }

    private string Here(string script) => Lab.On("login", $"""
        cd {_folder}/code && export MUSTER_CONFIG={_folder}/muster.yaml XDG_STATE_HOME={_folder}/state XDG_CACHE_HOME={_folder}/cache XDG_RUNTIME_DIR={_folder}
        muster() {"{"} {Path.Combine(Lab.Repository, ".build", "muster", "muster")} "$@" 2>>{_folder}/said; {"}"}
        {script}
        """);
}
