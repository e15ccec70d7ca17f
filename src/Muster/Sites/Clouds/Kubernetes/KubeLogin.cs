using System.ComponentModel;
using System.Diagnostics;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Muster.Faults;
using Muster.Hosts;

namespace Muster.Sites.Clouds.Kubernetes;

/// <summary>What a cluster is shown so that it knows us, and by what we know it.</summary>
/// <param name="Token">Null where a certificate says it, or nobody asks.</param>
internal sealed record KubeLogin(Secret? Token, X509Certificate2? Certificate, DateTimeOffset? Expires)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Asks the plugin, reads the file, or takes what stands there.</summary>
    public static async Task<KubeLogin> GetAsync(KubeConfig config, TimeProvider clock, CancellationToken ct)
    {
        var user = config.User;
        if (user.Plugin is { } plugin)
            return await AskAsync(plugin, config, clock, ct);
        try
        {
            var certificate = user is { Certificate: { } pem, Key: { } key } ? Pair(pem, key) : null;
            return user.TokenFile is { } file
                    ? new(new((await File.ReadAllTextAsync(file, ct)).Trim(), file), certificate, null)
                : user.Token is { } token ? new(new(token, config.Source), certificate, null)
                : new(null, certificate, null);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new UserException(
                $"{config.Source}: the credentials cannot be read: {fault.Message}",
                "Check the files that it names.",
                fault
            );
        }
    }

    /// <summary>How a connection to the cluster is made.</summary>
    public SslClientAuthenticationOptions Tls(KubeConfig config)
    {
        var tls = new SslClientAuthenticationOptions { TargetHost = config.TlsName };
        if (Certificate is not null)
            tls.ClientCertificates = [Certificate];
        if (config.IsInsecure)
#pragma warning disable CA5359 // its owner says so, as kubectl takes it
            tls.RemoteCertificateValidationCallback = (_, _, _, _) => true;
#pragma warning restore CA5359
        else if (config.Authority is { } pem)
        {
            var policy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                RevocationMode = X509RevocationMode.NoCheck, // a cluster's own authority publishes no list
            };
            policy.CustomTrustStore.ImportFromPem(pem);
            tls.CertificateChainPolicy = policy;
        }
        return tls;
    }

    private static async Task<KubeLogin> AskAsync(
        KubePlugin plugin,
        KubeConfig config,
        TimeProvider clock,
        CancellationToken ct
    )
    {
        var start = OwnSession.Command(plugin.Command, plugin.Arguments);
        start.RedirectStandardInput = start.RedirectStandardOutput = start.RedirectStandardError = true;
        foreach (var (name, value) in plugin.Environment)
            start.Environment[name] = value;
        start.Environment["KUBERNETES_EXEC_INFO"] =
            "{\"apiVersion\":\"" + plugin.Version + "\",\"kind\":\"ExecCredential\",\"spec\":{\"interactive\":false}}";
        using var limit = new CancellationTokenSource(Patience, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, limit.Token);
        try
        {
            using var process = Process.Start(start) ?? throw new InvalidOperationException("it did not start");
            process.StandardInput.Close();
            var output = process.StandardOutput.ReadToEndAsync(either.Token);
            var errors = process.StandardError.ReadToEndAsync(either.Token);
            try
            {
                await process.WaitForExitAsync(either.Token);
            }
            catch (OperationCanceledException)
            {
                process.Kill(entireProcessTree: true);
                throw;
            }
            var said = (await errors).Trim();
            if (process.ExitCode != 0)
                throw Failed(
                    $"ended with {process.ExitCode}{(said.Length > 0 ? $": {said.Split('\n')[^1].Trim()}" : "")}"
                );
            var status = JsonSerializer.Deserialize(await output, KubeWire.Default.ExecCredential)?.Status;
            if (status is null or { Token: null, ClientCertificateData: null })
                throw Failed("printed no credentials");
            return new(
                status.Token is { } token ? new(token, plugin.Command) : null,
                status is { ClientCertificateData: { } pem, ClientKeyData: { } key } ? Pair(pem, key) : null,
                status.ExpirationTimestamp
            );
        }
        catch (Exception fault)
            when (fault is Win32Exception or JsonException or CryptographicException
                || (fault is OperationCanceledException && !ct.IsCancellationRequested)
            )
        {
            // What it printed may be half a token, and is not shown.
            throw Failed(
                fault switch
                {
                    Win32Exception => $"cannot be started: {fault.Message}",
                    OperationCanceledException => $"did not end within {Patience.TotalSeconds:0} s",
                    _ => "printed what cannot be read as credentials",
                }
            );
        }

        CloudException Failed(string what) =>
            new(
                CloudFault.BadCredentials,
                $"{config.Source} signs in by {plugin.Command}, which {what}",
                plugin.Hint?.ReplaceLineEndings(" ").Trim() is { Length: > 0 } hint
                    ? hint
                    : $"Run `{plugin.Command}` by hand, or sign in with the tool that it belongs to."
            );
    }

    /// <summary>A key that is only in memory is not shown to the other side on Windows.</summary>
    private static X509Certificate2 Pair(string certificate, string key)
    {
        using var pair = X509Certificate2.CreateFromPem(certificate, key);
        return X509CertificateLoader.LoadPkcs12(pair.Export(X509ContentType.Pkcs12), null);
    }
}
