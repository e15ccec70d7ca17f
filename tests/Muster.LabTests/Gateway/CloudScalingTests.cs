using System.Net;
using System.Net.Sockets;
using System.Text;
using Muster.Clouds;
using Muster.Clouds.Hetzner;
using Muster.NodeOdm;
using Muster.Storage;

namespace Muster.Gateway;

/// <summary>
/// `muster serve --scale` on a cloud: the stand-in's machines are real, each with an sshd behind an address of its own.
/// </summary>
public sealed class CloudScalingTests : IDisposable
{
    private readonly Lab _lab = new();
    private readonly HttpMessageInvoker _http = NodeOdmClient.Connections();

    public void Dispose()
    {
        _http.Dispose();
        _lab.Dispose();
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_task_makes_a_machine_which_works_and_is_given_back()
    {
        using var real = new RealMachines(Path.Combine(Lab.Repository, "tests", "lab", "machine"));
        var world = new World(TimeProvider.System, seed: Environment.ProcessId + 1) { Real = real };
        var hetzner = new HetznerProvider(world)
        {
            CreateTakes = TimeSpan.FromSeconds(0.5),
            StartTakes = TimeSpan.FromSeconds(0.5),
            DeleteTakes = TimeSpan.FromSeconds(0.5),
        };
        await using var server = await StandIn.StartAsync(world, hetzner);
        var config = Path.Combine(_lab.Folder, "muster.yaml");
        await File.WriteAllTextAsync(
            config,
            $$$"""
            sites:
              burst:
                kind: cloud
                provider: hetzner
                token: ${HCLOUD_TOKEN}
                endpoint: {{{new Uri(server.Address, "/v1/")}}}
                machines: [cx22]
                limit: 1
                swap: 0
            scaling:
              pools: [{ site: burst, max: 1, idle: 3s, node: { engine: test, program: {{{Lab.Program}}} } }]
            """,
            Ct
        );
        _lab.Set("MUSTER_CONFIG", config);
        _lab.Set("HCLOUD_TOKEN", HetznerProvider.Token);
        var (port, admin) = (FreePort(), FreePort());
        _lab.Set("MUSTER_GATEWAY", $"http://127.0.0.1:{admin}");
        using var serving = _lab.Start(
            "serve",
            "--data",
            Path.Combine(_lab.Folder, "gateway"),
            "--port",
            $"{port}",
            "--admin-cli-port",
            "0",
            "--admin-web-port",
            $"{admin}"
        );
        serving.ErrorDataReceived += (_, _) => { };
        serving.BeginErrorReadLine();
        try
        {
            Lab.Until(() => Answers(port), "the gateway listens", 60);
            var client = new NodeOdmClient(
                _http,
                new($"http://127.0.0.1:{port}/"),
                null,
                TimeSpan.FromSeconds(60),
                TimeProvider.System
            );
            var id = await HandInAsync(client, "a.jpg", "b.jpg");

            Lab.Until(() => TaskState(client, id) is TaskCode.Completed, "the task is done; " + Machines(), 240);
            Lab.Until(() => !world.Bill.Running("hetzner").Any(), "the machine is gone at the provider", 120);
            // It is called gone later: what is younger than two minutes may be missing in an answer that lags.
            Assert.DoesNotContain("\"state\":\"ready\"", Machines(), StringComparison.Ordinal);
            Assert.DoesNotContain(HetznerProvider.Token, Machines(), StringComparison.Ordinal);
        }
        finally
        {
            serving.Kill();
        }
    }

    /// <summary>
    /// ClusterODM's own file, as it is: Docker by a script, the image behind a login, archives in a bucket too. Its API
    /// and the image are stood in for.
    /// </summary>
    [Fact]
    public async Task A_file_of_ClusterODMs_autoscaler_gives_machines()
    {
        using var real = new RealMachines(Path.Combine(Lab.Repository, "tests", "lab", "machine"));
        var world = new World(TimeProvider.System, seed: Environment.ProcessId + 3) { Real = real };
        var hetzner = new HetznerProvider(world)
        {
            CreateTakes = TimeSpan.FromSeconds(0.5),
            StartTakes = TimeSpan.FromSeconds(0.5),
            DeleteTakes = TimeSpan.FromSeconds(0.5),
        };
        await using var server = await StandIn.StartAsync(world, hetzner);
        var bucket = await Services.BucketAsync();
        // Both are on this machine, which its machines reach at the address of their gate.
        using var docker = Gate.OfFile(Path.Combine(Lab.Repository, "tests", "lab", "docker.sh"));
        using var s3 = Gate.To(Services.S3.Port);
        await File.WriteAllTextAsync(
            Path.Combine(_lab.Code, "asr.json"),
            $$"""
            { "provider": "hetzner", "endpoint": "{{new Uri(
                server.Address,
                "/v1/"
            )}}", "apiToken": "{{HetznerProvider.Token}}",
              "location": ["nbg1", "fsn1"], "image": "ubuntu-24.04", "machinesLimit": 1, "minImages": 2, "maxUploadTime": "3",
              "imageSizeMapping": [ {"maxImages": 50, "slug": "cx22"} ], "addSwap": 0,
              "dockerRegistry": {"username": "me", "password": "registry-secret", "url": "registry.example.org"},
              "engineInstallUrl": "http://{{Gate.Address}}:{{docker.Port}}/",
              "s3": {"accessKey": "{{bucket.AccessKey}}", "secretKey": "{{bucket.SecretKey}}", "endpoint": "http://{{Gate.Address}}:{{s3.Port}}",
                     "bucket": "{{bucket.Bucket}}"}, }
            """,
            Ct
        );
        var (port, admin) = (FreePort(), FreePort());
        _lab.Set("MUSTER_GATEWAY", $"http://127.0.0.1:{admin}");
        string[] ports = ["--port", $"{port}", "--admin-cli-port", "0", "--admin-web-port", $"{admin}"];
        using var serving = _lab.Start(["as", "clusterodm", "--asr", "asr.json", .. ports]);
        var said = new StringBuilder();
        serving.ErrorDataReceived += (_, line) =>
        {
            lock (said)
                said.AppendLine(line.Data);
        };
        serving.BeginErrorReadLine();
        try
        {
            Lab.Until(() => Answers(port), "the gateway listens", 60);
            var client = new NodeOdmClient(
                _http,
                new($"http://127.0.0.1:{port}/"),
                null,
                TimeSpan.FromSeconds(60),
                TimeProvider.System
            );
            var small = await HandInAsync(client, "a.jpg");
            Lab.Until(
                () =>
                    _lab.Muster("tasks", "why", small)
                        .Output.Contains("starts no machine for fewer than 2 images", StringComparison.Ordinal),
                "it says why no machine comes",
                60
            );
            var id = await HandInAsync(client, "a.jpg", "b.jpg");
            Lab.Until(
                () => TaskState(client, id) is TaskCode.Completed,
                () => $"the task is done; {Machines()} {said}",
                240
            );

            using var results = new S3Bucket(bucket);
            Assert.Contains(
                await results.KeysAsync("", Ct).ToListAsync(Ct),
                key => key.EndsWith("/all.zip", StringComparison.Ordinal)
            );
            Lab.Until(() => !world.Bill.Running("hetzner").Any(), "the machine is gone at the provider", 120);
            foreach (var secret in (string[])["registry-secret", HetznerProvider.Token, bucket.SecretKey!])
                Assert.DoesNotContain(secret, $"{Machines()} {said}", StringComparison.Ordinal);
        }
        finally
        {
            serving.Kill();
        }
    }

    private static async Task<string> HandInAsync(NodeOdmClient client, params string[] photos)
    {
        var id = Said(await client.InitAsync(Guid.NewGuid().ToString(), new() { Name = "t" }, Ct));
        foreach (var photo in photos)
            Said(await client.UploadAsync(id, [new(photo, 3, () => new MemoryStream("abc"u8.ToArray()))], Ct));
        Said(await client.CommitAsync(id, Ct));
        return id;
    }

    private static TaskCode TaskState(NodeOdmClient client, string id) =>
        Said(client.TaskInfoAsync(id, null, Ct).GetAwaiter().GetResult()).Status.Code;

    private string Machines() => _lab.Muster("nodes", "scale", "--json").Output;

    private static T Said<T>(NodeReply<T> reply) =>
        reply is NodeReply<T>.Said(var said) ? said : throw new InvalidOperationException(reply.Text);

    private static bool Answers(int port)
    {
        using var probe = new TcpClient();
        try
        {
            probe.Connect(IPAddress.Loopback, port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
