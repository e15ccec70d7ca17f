using System.Text;
using Muster.Faults;

namespace Muster.Sites.Clouds.Kubernetes;

public sealed class KubeConfigTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("muster-kube-");

    public void Dispose() => _folder.Delete(recursive: true);

    private string Write(string name, string text)
    {
        var path = Path.Combine(_folder.FullName, name);
        File.WriteAllText(path, text);
        return path;
    }

    private KubeConfig Read(string? file, string? context = null, string? variable = null) =>
        KubeConfig.Read(
            KubeSites.Settings(_folder.FullName, file ?? "") with
            {
                Kube = new()
                {
                    Kubeconfig = file,
                    Context = context,
                    Root = "/muster",
                },
            },
            name => name is "KUBECONFIG" ? variable : null
        );

    private const string One = """
        current-context: one
        contexts: [{ name: one, context: { cluster: here, user: me, namespace: survey } }]
        clusters:
        - name: here
          cluster: { server: "https://10.0.0.1:6443/", certificate-authority: ca.pem, tls-server-name: api }
        users:
        - name: me
          user: { tokenFile: token }
        """;

    [Fact]
    public void Paths_are_as_seen_from_the_file()
    {
        Write("ca.pem", "a certificate");
        var config = Read(Write("config", One));
        Assert.Equal(
            ("https://10.0.0.1:6443/", "survey", "a certificate", "api", false),
            (config.Server.ToString(), config.Namespace, config.Authority, config.TlsName, config.IsInsecure)
        );
        Assert.Equal(Path.Combine(_folder.FullName, "token"), config.User.TokenFile);
    }

    [Fact]
    public void Several_files_of_the_variable_are_one_and_the_first_that_says_something_counts()
    {
        var data = Convert.ToBase64String(Encoding.UTF8.GetBytes("another"));
        var first = Write(
            "first",
            "contexts: [{ name: two, context: { cluster: there, user: me } }]\ncurrent-context: two"
        );
        var second = Write(
            "second",
            $$"""
            current-context: one
            clusters: [{ name: there, cluster: { server: "https://there", certificate-authority-data: {{data}} } }]
            users: [{ name: me, user: { exec: { command: ./login, args: [a, "b c"], env: [{ name: X, value: y }] } } }]
            """
        );
        var config = Read(null, variable: $"{first}{Path.PathSeparator}{second}{Path.PathSeparator}/not/there");
        Assert.Equal(
            ("https://there/", "default", "another"),
            (config.Server.ToString(), config.Namespace, config.Authority)
        );
        var plugin = config.User.Plugin!;
        Assert.Equal(Path.Combine(_folder.FullName, "login"), plugin.Command);
        Assert.Equal(["a", "b c"], plugin.Arguments);
        Assert.Equal([("X", "y")], plugin.Environment);
    }

    [Theory]
    [InlineData("current-context: one", "there is no context 'one'")]
    [InlineData("a: b", "has no current context")]
    [InlineData("- a", "is no kubeconfig")]
    [InlineData("a: [", "is not YAML")]
    public void What_is_wrong_with_a_file_is_said(string text, string says) =>
        Assert.Contains(
            says,
            Assert.ThrowsAny<UserException>(() => Read(Write("config", text))).Message,
            StringComparison.Ordinal
        );

    [Fact]
    public void Neither_the_clear_nor_ways_to_sign_in_that_are_no_more_are_taken()
    {
        var clear = One.Replace("https://10", "http://10", StringComparison.Ordinal);
        Assert.Contains(
            "is no address of a cluster",
            Assert.ThrowsAny<UserException>(() => Read(Write("config", clear))).Message,
            StringComparison.Ordinal
        );
        Write("ca.pem", "a certificate");
        var old = One.Replace("tokenFile: token", "auth-provider: { name: gcp }", StringComparison.Ordinal);
        Assert.Contains(
            "auth-provider",
            Assert.ThrowsAny<UserException>(() => Read(Write("config", old))).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "there is no kubeconfig",
            Assert.ThrowsAny<UserException>(() => Read("/not/there")).Message,
            StringComparison.Ordinal
        );
    }
}
