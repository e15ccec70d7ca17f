using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Muster.Bench;

/// <summary>A server that was started for a benchmark, and ends with it.</summary>
internal sealed class Server : IDisposable
{
    private readonly Process _process;

    /// <param name="words">The command; <c>PORT</c> in it becomes a free one.</param>
    public Server(Bed bed, string name, string words, string ready = "info")
    {
        Name = name;
        var port = FreePort();
        Address = new($"http://127.0.0.1:{port}/");
        var began = Stopwatch.GetTimestamp();
        _process = bed.Start(
            $"exec {words.Replace("PORT", $"{port}", StringComparison.Ordinal)} >{bed.Folder}/{name}.log 2>&1"
        );
        using var http = new HttpClient { BaseAddress = Address, Timeout = TimeSpan.FromSeconds(5) };
        while (true)
        {
            try
            {
                using var answer = http.Send(new(HttpMethod.Get, ready));
                break;
            }
            catch (HttpRequestException fault)
            {
                if (_process.HasExited || Stopwatch.GetElapsedTime(began) > TimeSpan.FromSeconds(30))
                    throw new InvalidOperationException(
                        $"{name} does not answer: {File.ReadAllText($"{bed.Folder}/{name}.log")}",
                        fault
                    );
                Thread.Sleep(2);
            }
        }
        FirstAnswer = Stopwatch.GetElapsedTime(began);
    }

    public string Name { get; }
    public Uri Address { get; }
    public int Id => _process.Id;
    public TimeSpan FirstAnswer { get; }
    public ProcessUse Use => ProcessUse.Of(Id);

    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    public static Server Node(Bed bed, string name, string words) =>
        new(bed, name, $"{bed.Muster} node --port PORT --host 127.0.0.1 --data-dir {bed.Folder}/{name} {words}");

    public static Server Gateway(Bed bed, string name, Server node) =>
        new(bed, name, $"{bed.Muster} serve --port PORT --data {bed.Folder}/{name} --node {node.Address}");

    /// <summary>
    /// nginx before a node, with what makes it fast for this: kept connections, nothing buffered on disk.
    /// </summary>
    public static Server Nginx(Bed bed, string name, Server node)
    {
        if (bed.Run("command -v nginx || :").Length == 0)
            bed.Lab("install nginx-light");
        var folder = Directory.CreateDirectory(Path.Combine(bed.Folder, name)).FullName;
        File.WriteAllText(
            Path.Combine(folder, "nginx.conf"),
            $$"""
            daemon off; worker_processes auto; pid {{folder}}/pid; error_log {{folder}}/error.log;
            events { worker_connections 4096; }
            http {
              access_log off; client_max_body_size 0; keepalive_requests 1000000; sendfile on; tcp_nopush on;
              client_body_temp_path {{folder}}/body; proxy_temp_path {{folder}}/proxy; fastcgi_temp_path {{folder}}/f; uwsgi_temp_path {{folder}}/u; scgi_temp_path {{folder}}/s;
              upstream node { server {{node.Address.Authority}}; keepalive 128; keepalive_requests 1000000; }
              server {
                listen 127.0.0.1:LISTEN;
                location / { proxy_pass http://node; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_request_buffering off; proxy_max_temp_file_size 0; }
              }
            }
            """
        );
        return new(
            bed,
            name,
            $"sh -c 'sed s/LISTEN/PORT/ {folder}/nginx.conf >{folder}/run.conf && exec nginx -p {folder} -c "
                + $"{folder}/run.conf -e {folder}/error.log'"
        );
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill(entireProcessTree: true);
        _process.WaitForExit();
        _process.Dispose();
    }
}
