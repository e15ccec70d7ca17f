using Muster.Hosts;
using Muster.Shell;

namespace Muster.Transfers;

/// <summary>This machine, made worse: another shell and tools, a full home, a connection that breaks.</summary>
internal sealed class TestHost : IHost
{
    private int _channels;

    public string Name => "lab";
    public int Channels => _channels;

    /// <summary>Where `sh` and all tools are looked for.</summary>
    public string? Tools { get; init; }
    public string? Home { get; init; }

    /// <summary>The connection breaks when so many bytes of the caller's input have passed.</summary>
    public long? CutInputAt { get; set; }

    /// <summary>The connection breaks when so many bytes of output have passed.</summary>
    public long? CutOutputAt { get; set; }

    public Task<ShellChannel> OpenAsync(ShellText script, CancellationToken ct)
    {
        Interlocked.Increment(ref _channels);
        return ShellChannel.StartAsync(
            Name,
            length =>
            {
                var remote = $"sh -c {ShellText.Quote(ShellChannel.Invitation(length))}";
                if (CutInputAt is { } input)
                    remote = $"/usr/bin/stdbuf -o0 /usr/bin/head -c {length + input} | {remote} 2>/dev/null";
                // Not a pipeline, whose shell would keep the streams open until the far side ends; 24 bytes are the
                // mark.
                if (CutOutputAt is { } output)
                    remote =
                        $"exec 3<&0; exec /usr/bin/stdbuf -o0 /usr/bin/head -c {24 + output} < <({remote} <&3 "
                        + "2>/dev/null)";
                var start = OwnSession.Command(
                    "/bin/bash",
                    ["-c", $"{(Tools is null ? "" : $"PATH={Tools}; ")}{remote}"]
                );
                if (Home is not null)
                    start.Environment["HOME"] = Home;
                return start;
            },
            script,
            ct
        );
    }

    public Task<Stream> ConnectAsync(string address, int port, CancellationToken ct) =>
        throw new NotSupportedException();

    /// <summary>A folder with BusyBox under every name it has.</summary>
    public static string BusyBox(string folder)
    {
        Assert.True(File.Exists("/usr/bin/busybox"), "busybox is not installed");
        Directory.CreateDirectory(folder);
        using var install = System.Diagnostics.Process.Start("/usr/bin/busybox", ["--install", "-s", folder]);
        install.WaitForExit();
        return folder;
    }
}
