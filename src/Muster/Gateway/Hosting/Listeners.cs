using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Logging;
using Muster.Faults;
using Muster.Gateway.Ledger;
using Muster.Gateway.Model;
using Muster.Gateway.Tokens;
using Muster.NodeOdm;

namespace Muster.Gateway.Hosting;

/// <summary>Where clients come in: plain, by TLS, or both.</summary>
internal static class Listeners
{
    /// <summary>A server with nothing behind its listeners yet.</summary>
    public static WebApplication Build(GatewayOptions options, ILoggerFactory logs, TimeProvider clock)
    {
        var builder = WebServers.ForUploads(logs, options.Limits, clock, (kestrel, cap) => Open(kestrel, options, cap));
        builder.WebHost.UseKestrelHttpsConfiguration();
        return builder.Build();
    }

    /// <returns>Where it listens.</returns>
    public static async Task<Uri> StartAsync(WebApplication web, GatewayOptions options, CancellationToken ct)
    {
        try
        {
            await web.StartAsync(ct);
            return new(web.Urls.First());
        }
        catch (IOException fault)
        {
            throw new UserException(
                $"cannot listen on {options.Bind}:{options.Port}: {fault.Message}",
                "Choose another --port, or stop what listens there.",
                fault
            );
        }
    }

    /// <summary>What is open to more than this machine is so because somebody said so.</summary>
    public static void RefuseOpenByAccident(GatewayOptions options, TaskStore store)
    {
        if (
            options.Open
            || options.Provider != "local"
            || !IPAddress.TryParse(options.Bind, out var bind)
            || IPAddress.IsLoopback(bind)
            || !TokenBook.WouldBeOpen(store, options.Token)
        )
            return;
        var what =
            $"anyone who can reach {new IPEndPoint(bind, options.Port)} could use the gateway, because it has no token";
        throw UserException.Misuse(
            what,
            "Set a token with --token-file FILE, listen on this machine only (--bind 127.0.0.1), or pass --open to "
                + "allow it."
        );
    }

    private static void Open(KestrelServerOptions kestrel, GatewayOptions options, ConnectionCap cap)
    {
        if (!IPAddress.TryParse(options.Bind, out var address))
            throw new UserException(
                $"'{options.Bind}' is no address to listen on",
                "Write --bind 127.0.0.1, 0.0.0.0, :: or an address of this machine."
            );
        if (options.SslCert is null != options.SslKey is null)
            throw UserException.Misuse(
                $"--ssl-{(options.SslCert is null ? "key" : "cert")} is given alone",
                "HTTPS needs both --ssl-cert and --ssl-key."
            );
        if (options.SslCert is null || options.SslKey is null)
        {
            kestrel.Listen(address, options.Port, cap.Guard);
            return;
        }
        var certificate = new CertificateFiles(options.SslCert, options.SslKey);
        void Secure(int port) =>
            kestrel.Listen(
                address,
                port,
                listen =>
                {
                    cap.Guard(listen);
                    listen.UseHttps(
                        new TlsHandshakeCallbackOptions
                        {
                            OnConnection = _ =>
                                ValueTask.FromResult(
                                    new SslServerAuthenticationOptions
                                    {
                                        ServerCertificateContext = certificate.Current(),
                                    }
                                ),
                        }
                    );
                }
            );
        if (options.SecurePort > 0)
            kestrel.Listen(address, options.Port, cap.Guard);
        Secure(options.SecurePort > 0 ? options.SecurePort : options.Port);
    }

    /// <summary>
    /// A certificate in two PEM files, with those that lead to its root behind it; read again when they have changed. A
    /// half-written one changes nothing.
    /// </summary>
    private sealed class CertificateFiles
    {
        private readonly Lock _lock = new();
        private readonly string _cert;
        private readonly string _key;
        private (DateTime Cert, DateTime Key) _stamp;
        private SslStreamCertificateContext _current;

        public CertificateFiles(string cert, string key)
        {
            (_cert, _key) = (cert, key);
            try
            {
                _stamp = Stamp();
                _current = Read();
            }
            catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or CryptographicException)
            {
                throw new UserException(
                    $"cannot use the certificate in {cert} and {key}: {fault.Message}",
                    "Both are PEM files; --ssl-key is the private key of --ssl-cert.",
                    fault
                );
            }
        }

        public SslStreamCertificateContext Current()
        {
            lock (_lock)
            {
                try
                {
                    if (Stamp() is var stamp && stamp != _stamp)
                        (_current, _stamp) = (Read(), stamp);
                }
                catch (Exception fault)
                    // being replaced right now; the old one serves until it is whole
                    when (fault is IOException or UnauthorizedAccessException or CryptographicException) { }
                return _current;
            }
        }

        private (DateTime, DateTime) Stamp() => (File.GetLastWriteTimeUtc(_cert), File.GetLastWriteTimeUtc(_key));

        private SslStreamCertificateContext Read()
        {
            var chain = new X509Certificate2Collection();
            chain.ImportFromPemFile(_cert);
            return SslStreamCertificateContext.Create(
                X509Certificate2.CreateFromPemFile(_cert, _key),
                [.. chain.Skip(1)],
                offline: true
            );
        }
    }
}
