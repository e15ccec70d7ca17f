using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Muster.Faults;
using YamlDotNet.RepresentationModel;

namespace Muster.Sites.Clouds;

public sealed class UserDataTests : IDisposable
{
    private const string PublicKey =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIC0vJ0GSv1hbyhwW3n5cMlUl1z2GdoT1gaAi5GpWAfEH muster";
    private static readonly HostKey Host = HostKey.New();
    private static readonly LeaseTimes Times = new(
        TimeSpan.FromMinutes(15),
        TimeSpan.FromDays(1),
        DateTimeOffset.FromUnixTimeSeconds(1_790_000_000)
    );
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("muster-userdata-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void It_is_one_json_document_behind_its_first_line_and_small_enough_for_everybody()
    {
        var text = UserData.For(Host, PublicKey, Times, ["docker.io"]);
        Assert.StartsWith("#cloud-config\n{", text, StringComparison.Ordinal);
        Assert.InRange(Encoding.UTF8.GetByteCount(text), 1, UserData.Longest / 2);
        using var json = JsonDocument.Parse(text[text.IndexOf('{', StringComparison.Ordinal)..]);
        var root = json.RootElement;
        Assert.Equal(Host.PrivateText, root.GetProperty("ssh_keys").GetProperty("ecdsa_private").GetString());
        Assert.Equal(Host.PublicText, root.GetProperty("ssh_keys").GetProperty("ecdsa_public").GetString());
        Assert.Equal([PublicKey], Strings(root.GetProperty("ssh_authorized_keys")));
        Assert.Equal(["docker.io"], Strings(root.GetProperty("packages")));
        Assert.False(root.GetProperty("ssh_pwauth").GetBoolean());
        var files = root.GetProperty("write_files")
            .EnumerateArray()
            .ToDictionary(
                file => file.GetProperty("path").GetString()!,
                file => file.GetProperty("content").GetString()!
            );
        Assert.Equal("BOOT=900\nCAP=86400\nUNTIL=1790000000\n", files["/etc/muster/lease.conf"]);
        Assert.StartsWith("#!/bin/sh\n", files["/usr/local/sbin/muster-lease"], StringComparison.Ordinal);
        Assert.Contains(
            "DefaultDependencies=no\n",
            files["/etc/systemd/system/muster-lease.service"],
            StringComparison.Ordinal
        );
        Assert.Contains("sleep 900;", root.GetProperty("bootcmd")[0][2].GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_reader_of_yaml_sees_the_same_document()
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(UserData.For(Host, PublicKey, Times, [])));
        var root = Assert.IsType<YamlMappingNode>(Assert.Single(stream.Documents).RootNode);
        var keys = (YamlMappingNode)root.Children["ssh_keys"];
        Assert.Equal(Host.PrivateText, ((YamlScalarNode)keys.Children["ecdsa_private"]).Value);
    }

    [Fact]
    public async Task OpenSSH_takes_the_key_and_agrees_about_its_public_half()
    {
        var path = Path.Combine(_folder.FullName, "key");
        await File.WriteAllTextAsync(path, Host.PrivateText, TestContext.Current.CancellationToken);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        using var keygen = Process.Start(
            new ProcessStartInfo("ssh-keygen", ["-y", "-f", path]) { RedirectStandardOutput = true }
        )!;
        var printed = await keygen.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        Assert.Equal(Host.PublicText.Split(' ')[..2], printed.Trim().Split(' ')[..2]);
        Assert.DoesNotContain("PRIVATE", Host.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("#cloud-config\nruncmd: [echo]\n", "text/cloud-config")]
    [InlineData("#!/bin/sh\necho\n", "text/x-shellscript")]
    public void Yours_stands_behind_ours_and_both_are_merged_so_that_ours_stays(string own, string type)
    {
        var text = UserData.For(Host, PublicKey, Times, [], own);
        var boundary = text.Split('"')[1];
        var parts = text.Split($"--{boundary}");
        Assert.Equal(4, parts.Length);
        Assert.Contains("text/cloud-config", parts[1], StringComparison.Ordinal);
        Assert.Contains("muster-lease", parts[1], StringComparison.Ordinal);
        Assert.Contains($"Content-Type: {type}; charset", parts[2], StringComparison.Ordinal);
        Assert.Contains($"\n\n{own}", parts[2], StringComparison.Ordinal);
        Assert.All(
            parts[1..3],
            part =>
                Assert.Contains(
                    "Merge-Type: list(append)+dict(no_replace,recurse_list)+str()",
                    part.Split("\n\n")[0],
                    StringComparison.Ordinal
                )
        );
        Assert.Equal("--\n", parts[3]);
    }

    [Theory]
    [InlineData("#cloud-config\nssh_keys: {}\n", "it sets ssh_keys")]
    [InlineData("#cloud-config\nmerge_how: dict(replace)\n", "it sets merge_how")]
    [InlineData("#cloud-config\nmerge_type: dict(replace)\n", "it sets merge_type")]
    [InlineData("#cloud-config\na: [\n", "not YAML")]
    [InlineData("#cloud-config\n- a\n", "holds no keys")]
    [InlineData("#include\nhttps://example.org/x\n", "cannot be combined")]
    [InlineData("Content-Type: multipart/mixed\n", "cannot be combined")]
    public void What_would_disable_the_lease_or_the_host_key_is_refused(string own, string why)
    {
        var path = Path.Combine(_folder.FullName, "own");
        File.WriteAllText(path, own);
        Assert.Contains(
            why,
            Assert.Throws<UserException>(() => UserData.ReadOwn(path)).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Compressed_user_data_is_refused()
    {
        var path = Path.Combine(_folder.FullName, "own");
        File.WriteAllBytes(path, [0x1f, 0x8b, 8, 0, 0xff]);
        Assert.Contains(
            "is not text",
            Assert.Throws<UserException>(() => UserData.ReadOwn(path)).Message,
            StringComparison.Ordinal
        );
        Assert.Throws<UserException>(() => UserData.ReadOwn(path + "-absent"));
    }

    private static IEnumerable<string?> Strings(JsonElement list) =>
        list.EnumerateArray().Select(one => one.GetString());
}
