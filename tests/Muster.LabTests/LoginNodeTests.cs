using System.Runtime.InteropServices;

namespace Muster;

/// <summary>Muster on the login node itself: a site of kind slurm without a host, and no SSH.</summary>
public sealed class LoginNodeTests : IDisposable
{
    private const string Folder = "/home/muster-lab/on-login";

    // The program goes where the account can read it, wherever the checkout lies.
    public LoginNodeTests() =>
        Lab.Do(
            "exec",
            "login",
            "sh",
            "-c",
            $"""
            rm -rf {Folder} && mkdir {Folder} && cp -r '{Path.GetDirectoryName(
                Lab.Program
            )}' {Folder}/program && cd {Folder} &&
            mkdir code && printf 'sites:\n  here: {"{"} kind: slurm {"}"}\n' > code/muster.yaml && echo code > code/file && chown -R muster-lab: {Folder}
            """
        );

    public void Dispose() => Lab.Do("exec", "login", "rm", "-rf", Folder);

    [Fact]
    public void A_run_is_submitted_followed_and_fetched()
    {
        var said = OnLogin(
            "muster submit -s here --name near -- sh -c 'cat file; hostname; echo made > $MUSTER_OUT/result; exit 4'; "
                + "echo code $?; cat muster-out/near/result"
        );

        Assert.Matches(@"^code\nc[123]\ncode 4\nmade\n$", said);
    }

    [Fact]
    public void A_port_of_a_compute_node_is_brought_here()
    {
        var said = OnLogin(
            """
            muster submit -s here --name web --port web --json -- sh -c 'exec python3 -m http.server --bind 127.0.0.1 $MUSTER_PORT_WEB' > log 2>/dev/null &
            for round in $(seq 100); do url=$(sed -n 's/.*"url":"\([^"]*\)".*/\1/p' log); [ -z "$url" ] || break; sleep 0.2; done
            python3 -c "import urllib.request; print(urllib.request.urlopen('${url}file').read().decode().strip())"
            muster cancel web >/dev/null; wait; muster ps --json | grep -o '"outcome":"cancelled"'
            """
        );

        Assert.Equal("code\n\"outcome\":\"cancelled\"\n", said);
    }

    [Fact]
    public void A_cancelled_run_leaves_no_process_on_its_node()
    {
        OnLogin(
            "muster submit -s here --name doomed --detach -- sh -c 'sleep 311 & sleep 312'; muster wait doomed --for "
                + "running --timeout 60s"
        );
        Lab.Until(
            () => Sleepers().Split('\n', StringSplitOptions.RemoveEmptyEntries).Length == 2,
            "both of its processes run"
        );

        Assert.Contains(
            "\"outcome\":\"cancelled\"",
            OnLogin("muster cancel doomed; muster wait doomed --timeout 60s; muster show doomed --json")
        );
        Assert.Equal("", Sleepers());

        static string Sleepers() =>
            string.Concat(
                ((string[])["c1", "c2", "c3"]).Select(node =>
                    Lab.Do("exec", node, "sh", "-c", "pgrep -f '^sleep 31[12]' || :")
                )
            );
    }

    [Fact]
    public void The_doctor_finds_nothing_wrong() =>
        Assert.EndsWith("code 0\n", OnLogin("muster sites check here; echo code $?"), StringComparison.Ordinal);

    private static string OnLogin(string script)
    {
        var dotnet = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", ".."));
        return Lab.On(
            "login",
            $"export DOTNET_ROOT='{dotnet}' PATH={Folder}/program:$PATH XDG_STATE_HOME={Folder}/state "
                + $"XDG_CACHE_HOME={Folder}/cache; cd {Folder}/code\n{script}"
        );
    }
}
