using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Muster.Gateway.Hosting;

namespace Muster.Gateway;

/// <summary>`muster serve` as people start it.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class ServeCommandTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Flags_win_over_the_file_and_the_file_over_nothing()
    {
        await using var node = await ScriptedNode.StartAsync();
        var config = Path.GetTempFileName();
        await File.WriteAllTextAsync(
            config,
            """{"port":1,"token":"from the file","flood-limit":3,"splitmerge":false,"unknown-key":1}""",
            Ct
        );
        await using var gateway = new GatewayProcess(
            "--config",
            config,
            "--token",
            "right",
            "--node",
            node.Url.ToString()
        );
        var start = gateway.StartAsync("info?token=right");
        await start;
        using var http = new HttpClient { BaseAddress = gateway.Address };
        Assert.Equal(HttpStatusCode.Unauthorized, (await http.GetAsync("info?token=from+the+file", Ct)).StatusCode);
        Assert.Equal(0, await gateway.StopAsync());
        Assert.Contains("serving", gateway.Notes, StringComparison.Ordinal);
        Assert.DoesNotContain("right", gateway.Notes, StringComparison.Ordinal);
        File.Delete(config);
    }

    [Fact]
    public async Task Asked_to_it_opens_its_page()
    {
        var folder = Directory.CreateTempSubdirectory("muster-browse-");
        var (opener, opened) = (Path.Combine(folder.FullName, "xdg-open"), Path.Combine(folder.FullName, "opened"));
        await File.WriteAllTextAsync(opener, $"#!/bin/sh\necho \"$1\" >{opened}.new && mv {opened}.new {opened}\n", Ct);
        File.SetUnixFileMode(opener, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        await using var gateway = new GatewayProcess("--engine", "test", "--browse")
        {
            Environment = { ["PATH"] = $"{folder.FullName}:{Environment.GetEnvironmentVariable("PATH")}" },
        };
        await gateway.StartAsync();
        while (!File.Exists(opened))
            await Task.Delay(10, Ct);
        Assert.Equal($"{gateway.Address}\n", await File.ReadAllTextAsync(opened, Ct));
        folder.Delete(recursive: true);
    }

    [Theory]
    [
        InlineData("--flood-limit", "many", "is not a valid number"),
        InlineData("--spool-limit", "lots", "whole number"),
        InlineData("--move-after", "soon", "a time such as"),
        InlineData("--node", "ftp://x", "no address of a node"),
        InlineData("--cloud-provider", "aws", "local or lightning"),
        InlineData("--bind", "nowhere", "no address to listen on"),
        InlineData("--config", "missing.json", "cannot read missing.json"),
        InlineData("--database", "postgres://muster:sesame@127.0.0.1:9/muster", "visible to other users"),
        InlineData("--database", "nonsense", "the name of the database cannot be read"),
        InlineData("--database", "postgres://muster@127.0.0.1:9/muster", "uploads and results that all of them reach"),
        InlineData("--s3-bucket", "surveys", "--s3-endpoint is missing"),
        InlineData("--downloads-from-s3", "nowhere", "--downloads-from-s3 is 'nowhere'"),
        InlineData("--ssl-key", "key.pem", "needs both"),
        InlineData("--log-format", "xml", "text or json"),
        InlineData("--admin-bind", "0.0.0.0", "open to everybody"),
        InlineData("--bind", "0.0.0.0", "anyone who can reach 0.0.0.0:3000 could use the gateway"),
        InlineData("--bind", "::", "anyone who can reach [::]:3000"),
        InlineData("--token", "", "the secret in --token is empty"),
        InlineData("--admin-pass", " ", "the secret in --admin-pass is empty")
    ]
    public async Task What_it_cannot_use_it_names(string flag, string value, string said)
    {
        var (code, notes) = await RunAsync([flag, value]);
        Assert.True(code is 1 or 2, notes);
        Assert.Contains(said, notes, StringComparison.Ordinal);
        Assert.Contains("fix:", notes, StringComparison.Ordinal);
        Assert.DoesNotContain("sesame", notes, StringComparison.Ordinal);
    }

    [
        Theory,
        InlineData("--token-file", "\n"),
        InlineData("--admin-pass-file", ""),
        InlineData("--database-file", " \n")
    ]
    public async Task A_file_without_a_secret_in_it_stops_the_start(string flag, string content)
    {
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, content, Ct);
        var (code, notes) = await RunAsync([flag, file]);
        Assert.Equal((2, true), (code, notes.Contains($"the secret in {file} is empty", StringComparison.Ordinal)));
        File.Delete(file);
    }

    [Fact]
    public async Task An_empty_variable_for_the_token_stops_the_start()
    {
        await using var gateway = new GatewayProcess("--engine", "none") { Environment = { ["MUSTER_TOKEN"] = "" } };
        Assert.Equal(2, await gateway.EndAsync());
        Assert.Contains("the secret in $MUSTER_TOKEN is empty", gateway.Notes, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_folder_that_others_could_look_into_is_closed_and_so_is_what_is_made_in_it()
    {
        await using var gateway = new GatewayProcess("--engine", "survey");
        var data = Directory.CreateDirectory(Path.Combine(gateway.Folder, "data"));
        File.SetUnixFileMode(data.FullName, (UnixFileMode)493); // 755
        await gateway.StartAsync("healthz");
        var client = new NodeOdm.NodeOdmClient(
            NodeOdm.NodeOdmClient.Connections(),
            gateway.Address,
            null,
            TestGateway.Patience,
            TimeProvider.System
        );
        var id = TestGateway.Said(await client.InitAsync(Guid.NewGuid().ToString(), new() { Name = "x" }, Ct));
        Assert.True(TestGateway.Said(await client.UploadAsync(id, [TestGateway.File("a.jpg", [1, 2, 3])], Ct)));
        Assert.Equal(0, await gateway.StopAsync());
        Assert.Contains(
            $"Other users could look into {data.FullName} (mode 755)",
            gateway.Notes,
            StringComparison.Ordinal
        );
        Assert.Equal((UnixFileMode)448, File.GetUnixFileMode(data.FullName));
        var files = Directory.GetFiles(data.FullName, "*", SearchOption.AllDirectories);
        Assert.NotEmpty(files);
        Assert.All(files, file => Assert.Equal(0, (int)File.GetUnixFileMode(file) & 63));
    }

    [Fact]
    public async Task A_folder_that_all_share_is_no_data_folder()
    {
        await using var gateway = new GatewayProcess("--engine", "none");
        var data = Directory.CreateDirectory(Path.Combine(gateway.Folder, "data"));
        File.SetUnixFileMode(data.FullName, (UnixFileMode)1023); // 1777, as /tmp
        Assert.NotEqual(0, await gateway.EndAsync());
        Assert.Contains("all users of this machine share", gateway.Notes, StringComparison.Ordinal);
        Assert.Equal((UnixFileMode)1023, File.GetUnixFileMode(data.FullName));
    }

    [Fact]
    public async Task Beyond_this_machine_it_is_open_only_when_that_is_said()
    {
        await using var gateway = new GatewayProcess("--engine", "none", "--bind", "0.0.0.0", "--open");
        await gateway.StartAsync();
        Assert.Equal(0, await gateway.StopAsync());
        Assert.Contains("anyone who can reach it can use it", gateway.Notes, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_token_that_was_made_earlier_is_enough_to_listen_beyond_this_machine()
    {
        await using var gateway = await TestGateway.StartAsync();
        var text = gateway.Host.Tokens.Make("a", null, Model.TokenLimits.None).Text;
        await gateway.StopAsync();
        await using var host = await GatewayHost.StartAsync(
            new()
            {
                Data = gateway.Folder,
                Bind = "0.0.0.0",
                Port = 0,
            },
            Microsoft.Extensions.Logging.Abstractions.NullLoggerFactory.Instance,
            TimeProvider.System,
            Ct
        );
        using var http = new HttpClient { BaseAddress = new($"http://127.0.0.1:{host.Address.Port}/") };
        Assert.Equal(HttpStatusCode.Unauthorized, (await http.GetAsync("info", Ct)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync($"info?token={text}", Ct)).StatusCode);
    }

    [Theory]
    [InlineData("2>/dev/full"), InlineData("2> >(exec true)")]
    public async Task A_log_that_nobody_takes_stops_nothing_and_is_counted(string log)
    {
        await using var node = await ScriptedNode.StartAsync();
        await using var gateway = new GatewayProcess("--node", node.Url.ToString(), "--poll-every", "0.1s")
        {
            Log = log,
        };
        await gateway.StartAsync("options");
        using var http = new HttpClient { BaseAddress = gateway.Address };
        string measures;
        do measures = await http.GetStringAsync("metrics", Ct);
        while (measures.Contains("muster_log_lines_lost_total 0\n", StringComparison.Ordinal));
        Assert.Contains("muster_log_lines_lost_total", measures, StringComparison.Ordinal);
        Assert.Equal(0, await gateway.StopAsync());
    }

    [Fact]
    public async Task A_log_that_is_read_again_says_how_much_of_it_is_missing()
    {
        var folder = Directory.CreateTempSubdirectory("muster-serve-test-");
        var log = Path.Combine(folder.FullName, "log");
        using (var made = Process.Start("mkfifo", log))
            await made.WaitForExitAsync(Ct);
        await using var gateway = new GatewayProcess { Log = $"2>{log}" };
        var first = Task.Run(() => File.OpenRead(log), Ct);
        var started = gateway.StartAsync();
        (await first).Dispose();
        await started;
        using var http = new HttpClient { BaseAddress = gateway.Address };
        string measures;
        do measures = await http.GetStringAsync("metrics", Ct);
        while (measures.Contains("muster_log_lines_lost_total 0\n", StringComparison.Ordinal));
        using var again = new StreamReader(log);
        Assert.Equal(0, await gateway.StopAsync());
        Assert.Contains("could not be written", await again.ReadToEndAsync(Ct), StringComparison.Ordinal);
        folder.Delete(true);
    }

    [Fact]
    public async Task A_database_that_does_not_answer_is_named_without_its_password()
    {
        var folder = Directory.CreateTempSubdirectory("muster-serve-test-");
        var file = Path.Combine(folder.FullName, "database");
        await File.WriteAllTextAsync(file, "postgres://muster:sesame@127.0.0.1:9/surveys\n", Ct);
        var (code, notes) = await RunAsync([
            "--database-file",
            file,
            "--blobs",
            Path.Combine(folder.FullName, "blobs"),
        ]);
        Assert.Equal(1, code);
        Assert.Contains("cannot use the database surveys at 127.0.0.1:9", notes, StringComparison.Ordinal);
        Assert.DoesNotContain("sesame", notes, StringComparison.Ordinal);
        folder.Delete(recursive: true);
    }

    [Fact]
    public async Task A_usual_admin_port_that_is_taken_is_done_without_and_one_that_was_asked_for_is_named()
    {
        await using var other = await ScriptedNode.StartAsync();
        await using var without = await TestGateway.StartAsync(options =>
            options with
            {
                Admin = new(other.Port, Wanted: false),
                Console = new(other.Port, Wanted: false),
            }
        );
        Assert.Equal((null, null), (without.Host.Doors!.Web, without.Host.Doors.Console));
        var (code, notes) = await RunAsync([
            "--engine",
            "none",
            "--port",
            $"{GatewayProcess.FreePort()}",
            "--admin-web-port",
            $"{other.Port}",
        ]);
        Assert.True(
            code == 1 && notes.Contains("Choose another --admin-web-port, or 0 for none.", StringComparison.Ordinal),
            notes
        );
    }

    [Fact]
    public async Task Told_to_stop_in_the_midst_of_everything_it_loses_nothing()
    {
        await using var node = await ScriptedNode.StartAsync(
            new() { Slots = 2, Takes = TimeSpan.FromMilliseconds(500) }
        );
        await using var gateway = new GatewayProcess("--node", node.Url.ToString(), "--poll-every", "0.1s");
        await gateway.StartAsync("options");
        var client = new NodeOdm.NodeOdmClient(
            NodeOdm.NodeOdmClient.Connections(),
            gateway.Address,
            null,
            TestGateway.Patience,
            TimeProvider.System
        );
        var ids = new List<string>();
        for (var n = 0; n < 6; n++)
        {
            var id = TestGateway.Said(await client.InitAsync(Guid.NewGuid().ToString(), new() { Name = $"{n}" }, Ct));
            foreach (var name in (string[])["a.jpg", "b.jpg"])
                TestGateway.Said(
                    await client.UploadAsync(id, [TestGateway.File(name, TestGateway.Photo(id + name))], Ct)
                );
            if (n < 5)
                TestGateway.Said(await client.CommitAsync(id, Ct));
            ids.Add(id);
        }
        Assert.Equal(0, await gateway.StopAsync());
        Assert.Contains("stopping", gateway.Notes, StringComparison.Ordinal);

        await gateway.StartAsync("options");
        TestGateway.Said(await client.CommitAsync(ids[5], Ct));
        foreach (var id in ids)
        {
            NodeOdm.TaskInfo info;
            for (
                var began = TimeProvider.System.GetTimestamp();
                (info = TestGateway.Said(await client.TaskInfoAsync(id, null, Ct))).Status.Code
                    != NodeOdm.TaskCode.Completed;
                await Task.Delay(50, Ct)
            )
                Assert.True(TimeProvider.System.GetElapsedTime(began) < TestGateway.Patience, $"{info.Status.Code}");
            Assert.Equal(2, info.ImagesCount);
        }
        Assert.Equal(0, await gateway.StopAsync());
        Assert.Equal(0, node.Overbooked);
    }

    [Fact]
    public async Task A_service_manager_is_told_when_it_listens_and_when_it_stops()
    {
        var folder = Directory.CreateTempSubdirectory("muster-notify-test-");
        using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(Path.Combine(folder.FullName, "notify")));
        async Task<string> SaidAsync()
        {
            var bytes = new byte[100];
            return Encoding.UTF8.GetString(bytes, 0, await socket.ReceiveAsync(bytes, Ct));
        }
        await using var gateway = new GatewayProcess("--engine", "none")
        {
            Environment = { ["NOTIFY_SOCKET"] = Path.Combine(folder.FullName, "notify") },
        };
        var said = SaidAsync();
        await gateway.StartAsync("healthz");
        Assert.Equal("READY=1", await said);
        Assert.Equal(0, await gateway.StopAsync());
        Assert.Equal("STOPPING=1", await SaidAsync());
        folder.Delete(recursive: true);
    }

    [Fact]
    public async Task A_port_that_is_taken_is_named()
    {
        await using var other = await ScriptedNode.StartAsync();
        var (code, notes) = await RunAsync(["--port", $"{other.Port}", "--engine", "none"]);
        Assert.Equal(1, code);
        Assert.Contains($"cannot listen on 127.0.0.1:{other.Port}", notes, StringComparison.Ordinal);
    }

    [Fact]
    public async Task I29_it_speaks_TLS_beside_plain_HTTP_and_takes_a_new_certificate_while_it_runs()
    {
        var folder = Directory.CreateTempSubdirectory("muster-tls-test-");
        var (cert, key) = (Path.Combine(folder.FullName, "cert.pem"), Path.Combine(folder.FullName, "key.pem"));
        WriteCertificate(cert, key, "first");
        var secure = GatewayProcess.FreePort();
        await using var gateway = new GatewayProcess(
            "--secure-port",
            $"{secure}",
            "--ssl-cert",
            cert,
            "--ssl-key",
            key,
            "--engine",
            "none"
        );
        await gateway.StartAsync();
        Assert.Equal("CN=first", await SubjectAsync(secure));
        WriteCertificate(cert, key, "second");
        Assert.Equal("CN=second", await SubjectAsync(secure));
        await File.WriteAllTextAsync(cert, "half a certif", Ct);
        Assert.Equal("CN=second", await SubjectAsync(secure));
        folder.Delete(recursive: true);
    }

    [Fact]
    public async Task I29_a_certificate_is_sent_with_those_that_lead_to_its_root()
    {
        var folder = Directory.CreateTempSubdirectory("muster-chain-test-");
        var (cert, key) = (Path.Combine(folder.FullName, "fullchain.pem"), Path.Combine(folder.FullName, "key.pem"));
        using var pair = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest Asked(string name, bool signs) =>
            new($"CN={name}", pair, HashAlgorithmName.SHA256)
            {
                CertificateExtensions = { new X509BasicConstraintsExtension(signs, false, 0, true) },
            };
        var (from, to) = (DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        using var root = Asked("root", true).CreateSelfSigned(from, to);
        using var middle = Asked("middle", true).Create(root, from, to, [1]).CopyWithPrivateKey(pair);
        using var leaf = Asked("leaf", false).Create(middle, from, to, [2]);
        await File.WriteAllTextAsync(cert, $"{leaf.ExportCertificatePem()}\n{middle.ExportCertificatePem()}\n", Ct);
        await File.WriteAllTextAsync(key, pair.ExportPkcs8PrivateKeyPem(), Ct);
        var secure = GatewayProcess.FreePort();
        await using var gateway = new GatewayProcess(
            "--secure-port",
            $"{secure}",
            "--ssl-cert",
            cert,
            "--ssl-key",
            key,
            "--engine",
            "none"
        );
        await gateway.StartAsync();
        using var handler = new SocketsHttpHandler
        {
            SslOptions =
            {
                TargetHost = "leaf",
                CertificateChainPolicy = new()
                {
                    TrustMode = X509ChainTrustMode.CustomRootTrust,
                    CustomTrustStore = { root },
                    RevocationMode = X509RevocationMode.NoCheck,
                    DisableCertificateDownloads = true,
                },
                RemoteCertificateValidationCallback = (_, _, _, errors) =>
                    (errors & ~System.Net.Security.SslPolicyErrors.RemoteCertificateNameMismatch) == 0,
            },
        };
        using var http = new HttpClient(handler);
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync($"https://127.0.0.1:{secure}/info", Ct)).StatusCode);
        folder.Delete(recursive: true);
    }

    private static async Task<string> SubjectAsync(int port)
    {
        var subject = "";
        using var handler = new HttpClientHandler
        {
            ServerCertificateCustomValidationCallback = (_, certificate, _, _) =>
                (subject = certificate!.Subject).Length > 0,
        };
        using var http = new HttpClient(handler);
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync($"https://127.0.0.1:{port}/info", Ct)).StatusCode);
        return subject;
    }

    private static void WriteCertificate(string cert, string key, string name)
    {
        using var pair = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest($"CN={name}", pair, HashAlgorithmName.SHA256).CreateSelfSigned(
            DateTimeOffset.UtcNow.AddDays(-1),
            DateTimeOffset.UtcNow.AddDays(1)
        );
        File.WriteAllText(key, pair.ExportPkcs8PrivateKeyPem());
        File.WriteAllText(cert, certificate.ExportCertificatePem());
    }

    private static async Task<(int Code, string Notes)> RunAsync(string[] arguments)
    {
        var folder = Directory.CreateTempSubdirectory("muster-serve-test-");
        var start = new ProcessStartInfo(
            MusterProgram.Path,
            ["serve", "--data", folder.FullName, .. GatewayProcess.NoDoors(arguments), .. arguments]
        )
        {
            RedirectStandardError = true,
            WorkingDirectory = folder.FullName,
        };
        using var process = Process.Start(start)!;
        var notes = await process.StandardError.ReadToEndAsync(Ct);
        await process.WaitForExitAsync(Ct);
        folder.Delete(recursive: true);
        return (process.ExitCode, notes);
    }
}
