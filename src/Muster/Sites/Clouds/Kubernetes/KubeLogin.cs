using System.ComponentModel;
using System.Diagnostics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Muster.Faults;
using Muster.Hosts;

namespace Muster.Sites.Clouds.Kubernetes;

/// <summary>What a cluster is shown so that it knows us.</summary>
/// <param name="Token">Null where a certificate says it, or nobody asks.</param>
/// <param name="Certificates">Ours, with its key, and those between it and its authority; none without one.</param>
internal sealed record KubeLogin(Secret? Token, X509Certificate2Collection Certificates, DateTimeOffset? Expires)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Asks the plugin, reads the files, or takes what stands there.</summary>
    public static async Task<KubeLogin> GetAsync(KubeConfig config, TimeProvider clock, CancellationToken ct)
    {
        var user = config.User;
        if (user.Plugin is { } plugin)
            return await AskAsync(plugin, config, clock, ct);
        try
        {
            var certificates = Pair(user.Certificate, user.Key, config, clock);
            var (token, source) = user.TokenFile is { } file
                ? ((await File.ReadAllTextAsync(file, ct)).Trim(), file)
                : (user.Token, config.Source);
            return new(token is { Length: > 0 } ? new(token, source) : null, certificates, null);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new UserException(
                $"{config.Source}: the credentials cannot be read: {fault.Message}",
                "Check the files that it names.",
                fault
            );
        }
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
                Pair(status.ClientCertificateData, status.ClientKeyData, config, clock),
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

    private static X509Certificate2Collection Pair(
        string? certificate,
        string? key,
        KubeConfig config,
        TimeProvider clock
    )
    {
        if (certificate is null && key is null)
            return [];
        if (certificate is null || key is null)
            throw new UserException(
                $"{config.Source} has a client "
                    + (key is null ? "certificate without its key" : "key without its certificate"),
                "Set both `client-certificate` and `client-key`, or both with `-data`."
            );
        X509Certificate2Collection all = [];
        try
        {
            using var pair = X509Certificate2.CreateFromPem(certificate, key);
            // A key that is only in memory is not shown to the other side on Windows.
            all.Add(X509CertificateLoader.LoadPkcs12(pair.Export(X509ContentType.Pkcs12), null));
            X509Certificate2Collection shown = [];
            shown.ImportFromPem(certificate);
            foreach (var above in shown.Skip(1))
                all.Add(above);
        }
        catch (Exception fault) when (fault is CryptographicException or ArgumentException)
        {
            throw new UserException(
                $"{config.Source}: the client certificate and its key cannot be used: {fault.Message}",
                "Both are PEM, and the key is the certificate's own.",
                fault
            );
        }
        var (from, until) = (all[0].NotBefore.ToUniversalTime(), all[0].NotAfter.ToUniversalTime());
        var now = clock.GetUtcNow().UtcDateTime;
        return now > until
                ? throw new UserException(
                    $"{config.Source}: the client certificate expired on {until:yyyy-MM-dd HH:mm} UTC",
                    "Get a new kubeconfig from where this one came from; kubeadm: `kubeadm certs renew`."
                )
            : now < from
                ? throw new UserException(
                    $"{config.Source}: the client certificate is valid only from {from:yyyy-MM-dd HH:mm} UTC",
                    "Check this machine's clock."
                )
            : all;
    }
}
