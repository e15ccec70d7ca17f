using System.Text.Json;

namespace Muster.Sites;

/// <summary>`sites check --fix` on an account that knows only a password.</summary>
public sealed class SiteRepairTests : IDisposable
{
    private const string Keys = "/home/muster-new/.ssh/authorized_keys";
    private readonly Lab _lab = new();

    public SiteRepairTests()
    {
        Lab.Do("exec", "node1", "rm", "-rf", "/home/muster-new/.ssh", "/home/muster-new/.muster");
        var config = Path.Combine(_lab.Folder, "muster.yaml");
        // What ssh asks for a password, in place of a person at a terminal.
        var ask = Path.Combine(_lab.Folder, "ask");
        _lab.Shell(
            $"cp {Lab.Folders}/id {Lab.Folders}/id.pub {_lab.Folder}; printf '#!/bin/sh\\necho lab-password\\n' > "
                + $"{ask}; chmod +x {ask}"
        );
        File.WriteAllText(
            config,
            $$"""
            sites:
              new: { kind: ssh, hosts: [node1-new], ssh-config: "{{Lab.Folders}}/ssh_config", identity: "{{_lab.Folder}}/id" }
            """
        );
        _lab.Set("MUSTER_CONFIG", config);
        _lab.Set("SSH_ASKPASS", ask);
        _lab.Set("SSH_ASKPASS_REQUIRE", "force");
    }

    public void Dispose() => _lab.Dispose();

    [Fact]
    public void The_public_key_is_handed_over_once_and_the_root_is_made()
    {
        Assert.Equal("authentication", Bad(_lab.Muster("sites", "check", "new", "--json")));

        Assert.Equal("", Bad(_lab.Muster("sites", "check", "new", "--fix", "--yes", "--json")));

        Assert.Equal(
            File.ReadAllText(Path.Combine(Lab.Folders, "id.pub")).Trim(),
            Lab.Do("exec", "node1", "cat", Keys).Trim()
        );
        Assert.Equal(
            "600 muster-new|700 muster-new",
            Lab.Do("exec", "node1", "stat", "-c", "%a %U", Keys, Path.GetDirectoryName(Keys)!).Trim().Replace('\n', '|')
        );
        Assert.Equal(0, _lab.Muster("submit", "-s", "new", "--", "true").ExitCode);
    }

    [Fact]
    public void Keys_that_are_there_stay()
    {
        Lab.Do(
            "exec",
            "node1",
            "sh",
            "-c",
            $"mkdir /home/muster-new/.ssh; printf 'ssh-ed25519 AAAA somebody' > {Keys}; chown -R muster-new: "
                + "/home/muster-new/.ssh; chmod 700 /home/muster-new/.ssh"
        );

        _lab.Muster("sites", "check", "new", "--fix", "--yes");

        var lines = Lab.Do("exec", "node1", "cat", Keys).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(
            ["ssh-ed25519 AAAA somebody", File.ReadAllText(Path.Combine(Lab.Folders, "id.pub")).Trim()],
            lines
        );
    }

    [Fact]
    public void Nothing_is_handed_over_without_consent()
    {
        Assert.Equal("authentication", Bad(_lab.Muster("sites", "check", "new", "--fix", "--json")));

        Assert.Equal("", Lab.Do("exec", "node1", "sh", "-c", $"ls {Keys} 2>/dev/null || :"));
    }

    private static string Bad(Answer answer) =>
        string.Join(
            ' ',
            JsonDocument
                .Parse(answer.Output)
                .RootElement.GetProperty("sites")[0]
                .GetProperty("hosts")[0]
                .GetProperty("findings")
                .EnumerateArray()
                .Where(finding => finding.GetProperty("mark").GetString() == "bad")
                .Select(finding => finding.GetProperty("about").GetString())
        );
}
