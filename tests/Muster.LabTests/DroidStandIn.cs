namespace Muster;

/// <summary>Hosts with a container runtime and an image that stand in for DROID-SLAM's (<c>tests/lab/apptainer</c>, <c>tests/lab/droid</c>): they take the same words and write the same files.</summary>
internal static class DroidStandIn
{
    /// <summary>Lays it out on the hosts, and gives <paramref name="lab"/> the sites <c>node</c> and <c>cluster</c> and the program beside its code.</summary>
    /// <param name="packages">The folder of what the image holds, and the image's name.</param>
    public static void Lay(Lab lab, string packages, string image)
    {
        var parts = Path.Combine(Lab.Repository, "tests", "lab");
        foreach (var host in (string[])["node1", "login"])
        {
            Lab.On(host, $"mkdir -p bin && cp -f {parts}/apptainer bin/ && chmod +x bin/apptainer && rm -rf {packages} pulled no-network && cp -R {parts}/droid/{packages} . && echo packages=$HOME/{packages} >{image}");
        }
        var config = Path.Combine(lab.Folder, "muster.yaml");
        File.WriteAllText(config, $$"""
            sites:
              node: { kind: ssh, hosts: [node1], ssh-config: "{{Lab.Folders}}/ssh_config", setup: "PATH=$HOME/bin:$PATH" }
              cluster: { kind: slurm, host: login, ssh-config: "{{Lab.Folders}}/ssh_config", setup: "PATH=$HOME/bin:$PATH" }
            """);
        lab.Set("MUSTER_CONFIG", config);
        lab.Shell($"cp -R {parts}/droid/program program");
    }

    public static string Home(string host, string file) => Lab.On(host, $"echo $HOME/{file}").Trim();

    public static List<string> Phases(string output) => [.. output.Split('\n').Where(line => line.StartsWith("@@PHASE ", StringComparison.Ordinal)).Select(line => line.Split(' ')[1])];
}
