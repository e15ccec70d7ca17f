namespace Muster;

/// <summary>
/// Hosts with a container runtime and an image that stand in for DROID-SLAM's (<c>tests/lab/apptainer</c>,
/// <c>tests/lab/droid</c>): they take the same words and write the same files.
/// </summary>
internal static class DroidStandIn
{
    /// <summary>
    /// Lays it out on the hosts, and gives <paramref name="lab"/> the sites <c>node</c> and <c>cluster</c> and the
    /// program beside its code.
    /// </summary>
    /// <param name="packages">The folder of what the image holds, and the image's name.</param>
    public static void Lay(Lab lab, string packages, string image)
    {
        var parts = Path.Combine(Lab.Repository, "tests", "lab");
        var isInference = packages == "packages";
        foreach (var host in (string[])["node7", "login"])
        {
            if (isInference)
                Bake(host, parts);
            Lab.On(
                host,
                $"""
                set -e
                mkdir -p bin && install -m 755 {parts}/apptainer bin/
                rm -rf {packages} {(isInference ? "pulled no-network" : "")}
                cp -R {(isInference ? "baked" : $"{parts}/droid/{packages}")} {packages}
                echo packages=$HOME/{packages} >{image}
                echo packages=$HOME/bare >bare.sif
                """
            );
        }
        var config = Path.Combine(lab.Folder, "muster.yaml");
        File.WriteAllText(
            config,
            $$"""
            sites:
              node: { kind: ssh, hosts: [node7], ssh-config: "{{Lab.Folders}}/ssh_config", setup: "PATH=$HOME/bin:$PATH" }
              cluster: { kind: slurm, host: login, ssh-config: "{{Lab.Folders}}/ssh_config", setup: "PATH=$HOME/bin:$PATH" }
            """
        );
        lab.Set("MUSTER_CONFIG", config);
        lab.Shell($"cp -R {parts}/droid/program program");
    }

    /// <summary>
    /// The packages of two images: with the program's extensions compiled, and without them. Once for all tests, as it
    /// takes a while.
    /// </summary>
    private static void Bake(string host, string parts)
    {
        if (!Baked.Add(host))
            return;
        Lab.On(
            host,
            $"""
            set -e
            rm -rf baked bare made && cp -R {parts}/droid/packages bare && mkdir bare/torch/lib
            gcc -shared -fPIC -Wl,-soname,libc10.so -o bare/torch/lib/libc10.so bare/torch/c10.c
            cp -R bare baked && cp -R {parts}/droid/program made && cp {parts}/droid/program-2022/setup.py made/
            cd made && PYTHONPATH=$HOME/baked /usr/bin/python3 setup.py -q build --build-lib ~/baked
            """
        );
    }

    private static readonly HashSet<string> Baked = [];

    public static string Home(string host, string file) => Lab.On(host, $"echo $HOME/{file}").Trim();

    public static List<string> Phases(string output) =>
        [
            .. output
                .Split('\n')
                .Where(line => line.StartsWith("@@PHASE ", StringComparison.Ordinal))
                .Select(line => line.Split(' ')[1]),
        ];
}
