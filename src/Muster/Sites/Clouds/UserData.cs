using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Muster.Faults;
using Muster.Shell;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Muster.Sites.Clouds;

/// <summary>
/// What cloud-init does on a new machine: its host key, our key, and the lease that switches it off. Every process
/// there
/// can read it, so it holds no secret but the machine's own host key.
/// </summary>
public static class UserData
{
    /// <summary>The least that a provider takes, AWS.</summary>
    public const int Longest = 16 << 10;

    // A later part would replace our lists by its own: so lists are joined, and of single values ours stay.
    private const string Merging = "list(append)+dict(no_replace,recurse_list)+str()";

    /// <param name="publicKey">Of the key with which we come in.</param>
    /// <param name="own">The user's file, which <see cref="Mistake"/> has nothing against; null without one.</param>
    public static string For(
        HostKey host,
        string publicKey,
        LeaseTimes lease,
        IReadOnlyList<string> packages,
        string? own = null
    )
    {
        var ours = "#cloud-config\n" + Json(host, publicKey, lease, packages) + "\n";
        if (own is null)
            return ours;
        var boundary = $"muster-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(ours + own)))[..32]}";
        var type = own.StartsWith("#!", StringComparison.Ordinal) ? "text/x-shellscript" : "text/cloud-config";
        return $"""
            Content-Type: multipart/mixed; boundary="{boundary}"
            MIME-Version: 1.0

            --{boundary}
            {Part("text/cloud-config", ours)}
            --{boundary}
            {Part(type, own)}
            --{boundary}--

            """;
    }

    /// <summary>What is wrong with a user's file; null when it can stand beside ours.</summary>
    public static string? Mistake(string own)
    {
        if (own.StartsWith("#!", StringComparison.Ordinal))
            return null;
        if (!own.StartsWith("#cloud-config", StringComparison.Ordinal))
            return "it begins with neither #cloud-config nor #!; other forms of user data cannot be combined with Muster's";
        YamlStream stream = [];
        try
        {
            stream.Load(new StringReader(own));
        }
        catch (YamlException fault)
        {
            return $"line {fault.Start.Line} is not YAML";
        }
        if (stream.Documents is not [{ RootNode: YamlMappingNode map }])
            return "it holds no keys";
        var taken = map
            .Children.Keys.OfType<YamlScalarNode>()
            .FirstOrDefault(key => key.Value is "ssh_keys" or "merge_how" or "merge_type");
        return taken is null ? null : $"it sets {taken.Value}, which would disable the machine's host key or its lease";
    }

    /// <summary>Reads a user's file. Throws when it cannot be read or used.</summary>
    public static string ReadOwn(string path)
    {
        try
        {
            var text = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(File.ReadAllBytes(path));
            return Mistake(text) is { } mistake
                ? throw new UserException(
                    $"the user data in {path} cannot be used: {mistake}",
                    "Write a #cloud-config document without it, or a shell script."
                )
                : text;
        }
        catch (DecoderFallbackException fault)
        {
            throw new UserException(
                $"the user data in {path} is not text",
                "Write it as plain text; compressed user data cannot be combined with Muster's.",
                fault
            );
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new UserException(
                $"the user data in {path} cannot be read: {fault.Message}",
                "Check the path and who may read it.",
                fault
            );
        }
    }

    private static string Part(string type, string text) =>
        $"""
            Content-Type: {type}; charset="utf-8"
            MIME-Version: 1.0
            Content-Transfer-Encoding: 8bit
            Merge-Type: {Merging}

            {text}
            """;

    /// <summary>JSON is YAML, and no quoting can go wrong.</summary>
    private static string Json(HostKey host, string publicKey, LeaseTimes lease, IReadOnlyList<string> packages)
    {
        using var memory = new MemoryStream();
        using (var json = new Utf8JsonWriter(memory, new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            var boot = (long)lease.Boot.TotalSeconds;
            json.WriteStartObject();
            json.WriteBoolean("ssh_deletekeys", true);
            json.WriteStartObject("ssh_keys");
            json.WriteString("ecdsa_private", host.PrivateText);
            json.WriteString("ecdsa_public", host.PublicText);
            json.WriteEndObject();
            json.WriteBoolean("ssh_pwauth", false);
            json.WriteBoolean("disable_root", false);
            List("ssh_authorized_keys", publicKey);
            // Long before anything is installed: a machine that never comes up does not stay.
            Commands(
                "bootcmd",
                [
                    "sh",
                    "-c",
                    $"(sleep {boot}; [ -s /run/muster/lease ] || shutdown -h now) </dev/null >/dev/null 2>&1 &",
                ]
            );
            json.WriteStartArray("write_files");
            WriteFile(
                "/etc/muster/lease.conf",
                "0600",
                $"BOOT={boot}\nCAP={(long)lease.Cap.TotalSeconds}\nUNTIL={lease.Until.ToUnixTimeSeconds()}\n"
            );
            WriteFile("/usr/local/sbin/muster-lease", "0755", ShellScripts.Read("Sites/Clouds/lease.sh"));
            WriteFile("/etc/systemd/system/muster-lease.service", "0644", Unit);
            json.WriteEndArray();
            if (packages.Count > 0)
            {
                json.WriteBoolean("package_update", true);
                List("packages", [.. packages]);
            }
            Commands(
                "runcmd",
                ["systemctl", "daemon-reload"],
                ["systemctl", "enable", "--now", "muster-lease.service"]
            );
            json.WriteEndObject();

            void List(string key, params string[] words)
            {
                json.WriteStartArray(key);
                foreach (var word in words)
                    json.WriteStringValue(word);
                json.WriteEndArray();
            }

            void Commands(string key, params string[][] commands)
            {
                json.WriteStartArray(key);
                foreach (var command in commands)
                {
                    json.WriteStartArray();
                    foreach (var word in command)
                        json.WriteStringValue(word);
                    json.WriteEndArray();
                }
                json.WriteEndArray();
            }

            void WriteFile(string path, string permissions, string content)
            {
                json.WriteStartObject();
                json.WriteString("path", path);
                json.WriteString("permissions", permissions);
                json.WriteString("content", content);
                json.WriteEndObject();
            }
        }
        return Encoding.UTF8.GetString(memory.ToArray());
    }

    // Without default dependencies systemd does not stop it at shutdown, so that it can still force one that hangs.
    private const string Unit = """
        [Unit]
        Description=Switches this machine off when nobody renews its lease
        DefaultDependencies=no
        After=local-fs.target

        [Service]
        ExecStart=/usr/local/sbin/muster-lease watch
        Restart=always
        RestartSec=2
        OOMScoreAdjust=-1000

        [Install]
        WantedBy=sysinit.target

        """;
}

/// <summary>The three ends of a machine's life.</summary>
/// <param name="Boot">So long it may take until somebody renews its lease for the first time.</param>
/// <param name="Cap">Since its start, whatever happens.</param>
/// <param name="Until">By the clock, whatever happens; five minutes are allowed for clocks that differ.</param>
public sealed record LeaseTimes(TimeSpan Boot, TimeSpan Cap, DateTimeOffset Until);
