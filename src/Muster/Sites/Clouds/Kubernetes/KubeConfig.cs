using System.Text;
using Muster.Faults;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Muster.Sites.Clouds.Kubernetes;

/// <summary>How a cluster is reached and who we are there, by the files that <c>kubectl</c> reads.</summary>
internal sealed record KubeConfig
{
    /// <summary>Where a pod finds its service account.</summary>
    public const string AccountFolder = "/var/run/secrets/kubernetes.io/serviceaccount";

    /// <summary>For messages, such as <c>context lab of ~/.kube/config</c>.</summary>
    public required string Source { get; init; }
    public required Uri Server { get; init; }

    /// <summary>Certificates that are believed, as PEM; null believes those of the system.</summary>
    public string? Authority { get; init; }

    /// <summary>The cluster's certificate is not checked, as the file says.</summary>
    public bool IsInsecure { get; init; }

    /// <summary>The name in the cluster's certificate, where the address has another.</summary>
    public string? TlsName { get; init; }
    public Uri? Proxy { get; init; }
    public string Namespace { get; init; } = "default";
    public required KubeUser User { get; init; }

    /// <summary>Throws what is wrong with the files, and where.</summary>
    /// <param name="account">Where the service account is, inside of a pod.</param>
    public static KubeConfig Read(
        CloudSettings settings,
        Func<string, string?> environment,
        string account = AccountFolder
    )
    {
        var kube = settings.Kube!;
        var named = kube.Kubeconfig ?? (environment("KUBECONFIG") is { Length: > 0 } some ? some : null);
        var paths = kube.Kubeconfig is not null
            ? [kube.Kubeconfig]
            : named?.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
                ??
                [
                    Path.Combine(
                        environment("HOME") is { Length: > 0 } home
                            ? home
                            : Environment.GetFolderPath(Environment.SpecialFolder.UserProfile),
                        ".kube",
                        "config"
                    ),
                ];
        var files = paths.Where(File.Exists).Select(KubeFile.Read).ToList();
        if (files.Count == 0)
            return
                named is null && kube.Context is null && environment("KUBERNETES_SERVICE_HOST") is { Length: > 0 } host
                ? Inside(host, environment("KUBERNETES_SERVICE_PORT") ?? "443")
                : throw new UserException(
                    $"{settings}: there is no kubeconfig in {string.Join(", ", paths)}",
                    "Set `kubeconfig` of the site to the file with which `kubectl` reaches the cluster."
                );
        var shown = string.Join(", ", files.Select(file => file.Path));
        var context =
            kube.Context
            ?? files.Select(file => file.Text("current-context")).FirstOrDefault(text => text is { Length: > 0 })
            ?? throw new UserException(
                $"{settings}: {shown} has no current context",
                "Set `context` of the site, or choose one: kubectl config use-context NAME"
            );
        var chosen = Find(files, "contexts", "context", context, settings);
        var cluster = Find(files, "clusters", "cluster", chosen.Need("cluster"), settings);
        var user = Find(files, "users", "user", chosen.Need("user"), settings);
        var server = cluster.Need("server");
        if (
            !Uri.TryCreate(server.TrimEnd('/') + "/", UriKind.Absolute, out var address)
            || !(address.Scheme == Uri.UriSchemeHttps || (address.Scheme == Uri.UriSchemeHttp && address.IsLoopback))
        )
            throw new UserException(
                $"{cluster.File}: '{server}' is no address of a cluster",
                "It must be https://HOST:PORT; only this machine may be spoken to in the clear."
            );
        var (authority, isInsecure) = (
            cluster.Content("certificate-authority"),
            cluster.Text("insecure-skip-tls-verify") is "true"
        );
        if (authority is not null && isInsecure)
            throw new UserException(
                $"{cluster.File}: the cluster of context {context} has a certificate authority, and "
                    + "insecure-skip-tls-verify, which would not look at it",
                "Remove insecure-skip-tls-verify."
            );
        return new()
        {
            Source = $"context {context} of {chosen.File}",
            Server = address,
            Authority = authority,
            IsInsecure = isInsecure,
            TlsName = cluster.Text("tls-server-name"),
            Proxy = cluster.Text("proxy-url") switch
            {
                null => null,
                var proxy when Uri.TryCreate(proxy, UriKind.Absolute, out var way) => way,
                var proxy => throw new UserException(
                    $"{cluster.File}: proxy-url '{proxy}' is not an address",
                    "Write it such as http://proxy.example.org:3128."
                ),
            },
            Namespace = kube.Namespace ?? chosen.Text("namespace") ?? "default",
            User = KubeUser.Of(user),
        };

        KubeConfig Inside(string host, string port)
        {
            try
            {
                return new()
                {
                    Source = "the service account of this pod",
                    Server = new($"https://{(host.Contains(':') ? $"[{host}]" : host)}:{port}/"),
                    Authority = File.ReadAllText(Path.Combine(account, "ca.crt")),
                    Namespace = kube.Namespace ?? File.ReadAllText(Path.Combine(account, "namespace")).Trim(),
                    User = new() { TokenFile = Path.Combine(account, "token") },
                };
            }
            catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
            {
                throw new UserException(
                    $"{settings}: this pod has no service account that can be used: {fault.Message}",
                    "Give the pod one (`serviceAccountName`, and no `automountServiceAccountToken: false`), or set "
                        + "`kubeconfig` of the site.",
                    fault
                );
            }
        }
    }

    private static KubeNode Find(List<KubeFile> files, string list, string kind, string name, CloudSettings settings) =>
        files.Select(file => file.Find(list, kind, name)).FirstOrDefault(found => found is not null)
        ?? throw new UserException(
            $"{settings}: there is no {kind} '{name}' in {string.Join(", ", files.Select(file => file.Path))}",
            files.SelectMany(file => file.Names(list)).ToList() is { Count: > 0 } names
                ? $"It has: {string.Join(", ", names)}."
                : "Correct the file; `kubectl config view` shows what is in it."
        );
}

/// <summary>Who we are to a cluster: one of these, or nobody.</summary>
internal sealed record KubeUser
{
    public string? Token { get; init; }

    /// <summary>Read anew whenever it is needed: such tokens are replaced every hour.</summary>
    public string? TokenFile { get; init; }

    /// <summary>As PEM.</summary>
    public string? Certificate { get; init; }
    public string? Key { get; init; }

    /// <summary>A program that prints a token.</summary>
    public KubePlugin? Plugin { get; init; }

    public static KubeUser Of(KubeNode node)
    {
        if (node.Child("auth-provider") is not null || node.Text("username") is not null)
            throw new UserException(
                $"{node.File} signs in by {(node.Text("username") is null ? "auth-provider" : "a password")}, which "
                    + "clusters no longer take",
                "Use a token, a certificate or an exec plugin, such as the provider's own tool writes."
            );
        return new()
        {
            Token = node.Text("token"),
            TokenFile = node.PathOf("tokenFile"),
            Certificate = node.Content("client-certificate"),
            Key = node.Content("client-key"),
            Plugin = node.Child("exec") is { } plugin
                ? new(
                    plugin.Need("command").Contains('/') ? plugin.PathOf("command")! : plugin.Need("command"),
                    plugin.Text("apiVersion") ?? "client.authentication.k8s.io/v1",
                    plugin.Words("args"),
                    plugin.Pairs("env"),
                    plugin.Text("installHint")
                )
                : null,
        };
    }
}

internal sealed record KubePlugin(
    string Command,
    string Version,
    IReadOnlyList<string> Arguments,
    IReadOnlyList<(string Name, string Value)> Environment,
    string? Hint
);

/// <summary>A kubeconfig.</summary>
internal sealed class KubeFile
{
    private readonly KubeNode _root;

    private KubeFile(KubeNode root) => _root = root;

    public string Path => _root.File;

    public static KubeFile Read(string path)
    {
        try
        {
            YamlStream stream = [];
            stream.Load(new StringReader(File.ReadAllText(path)));
            return stream.Documents is [{ RootNode: YamlMappingNode map }]
                ? new(new(map, System.IO.Path.GetFullPath(path)))
                : throw new UserException($"{path} is no kubeconfig", "Name another with `kubeconfig` of the site.");
        }
        catch (YamlException fault)
        {
            throw new UserException($"{path}: line {fault.Start.Line} is not YAML", "Correct the file.", fault);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new UserException($"{path} cannot be read: {fault.Message}", "Check who may read it.", fault);
        }
    }

    public string? Text(string key) => _root.Text(key);

    public IEnumerable<string> Names(string list) => Entries(list).Select(entry => entry.Text("name")).OfType<string>();

    public KubeNode? Find(string list, string kind, string name) =>
        Entries(list).FirstOrDefault(entry => entry.Text("name") == name)?.Child(kind);

    private IEnumerable<KubeNode> Entries(string list) => _root.List(list);
}

/// <summary>A mapping in a kubeconfig.</summary>
internal sealed class KubeNode(YamlMappingNode map, string file)
{
    public string File { get; } = file;

    public string? Text(string key) => Find(key) is YamlScalarNode { Value: { Length: > 0 } text } ? text : null;

    public string Need(string key) =>
        Text(key) ?? throw new UserException($"{File} lacks `{key}` (line {map.Start.Line})", "Correct the file.");

    public KubeNode? Child(string key) => Find(key) is YamlMappingNode child ? new(child, File) : null;

    public IEnumerable<KubeNode> List(string key) =>
        Find(key) is YamlSequenceNode list
            ? list.Children.OfType<YamlMappingNode>().Select(child => new KubeNode(child, File))
            : [];

    public IReadOnlyList<string> Words(string key) =>
        Find(key) is YamlSequenceNode list
            ? [.. list.Children.OfType<YamlScalarNode>().Select(word => word.Value ?? "")]
            : [];

    public IReadOnlyList<(string, string)> Pairs(string key) =>
        [.. List(key).Select(pair => (pair.Need("name"), pair.Text("value") ?? ""))];

    /// <summary>A path as seen from the file's folder.</summary>
    public string? PathOf(string key) =>
        Text(key) is { } path ? Path.GetFullPath(path, Path.GetDirectoryName(File)!) : null;

    /// <summary>PEM that stands in the file, or in the file that it names.</summary>
    public string? Content(string key)
    {
        try
        {
            return Text($"{key}-data") is { } data ? Encoding.UTF8.GetString(Convert.FromBase64String(data))
                : PathOf(key) is { } path ? System.IO.File.ReadAllText(path)
                : null;
        }
        catch (Exception fault) when (fault is FormatException or IOException or UnauthorizedAccessException)
        {
            throw new UserException($"{File}: `{key}` cannot be read: {fault.Message}", "Correct the file.", fault);
        }
    }

    private YamlNode? Find(string key) =>
        map.Children.FirstOrDefault(pair => pair.Key is YamlScalarNode known && known.Value == key).Value;
}
