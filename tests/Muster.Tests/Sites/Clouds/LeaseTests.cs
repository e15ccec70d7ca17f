using System.Diagnostics;
using System.Globalization;
using Muster.Shell;

namespace Muster.Sites.Clouds;

/// <summary>
/// The script that switches a machine off, in the shells that machines have. What it would switch off with is replaced,
/// by settings and by programs that stand first on its PATH.
/// </summary>
public sealed class LeaseTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("muster-lease-");

    public static TheoryData<string> Shells => ["dash", "busybox sh", "bash"];

    public LeaseTests()
    {
        Write("lease.sh", ShellScripts.Read("Sites/Clouds/lease.sh"));
        Directory.CreateDirectory(At("bin"));
        // The script's own next steps come after minutes; it ends with its first here.
        Write("bin/off", "#!/bin/sh\necho off >>\"$RUN/off\"\n", executable: true);
        foreach (var program in (string[])["shutdown", "systemctl"])
            Write($"bin/{program}", "#!/bin/sh\necho \"$0\" >>\"$RUN/wrong\"\n", executable: true);
        Settings(boot: 900, cap: 86400, until: 4_000_000_000);
        Uptime("1000.52 3000.00");
    }

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [MemberData(nameof(Shells))]
    public async Task A_new_machine_has_its_time_to_boot_and_then_goes_off(string shell)
    {
        using var watch = Start(shell, "watch");
        await UntilAsync(() => Lease() == "1900");
        Uptime("1899.99 1.0");
        await StaysOnAsync(watch);
        Uptime("1900.00 1.0");
        Assert.Equal("muster: lease is over, switching off", await EndAsync(watch));
    }

    [Theory]
    [MemberData(nameof(Shells))]
    public async Task A_renewal_counts_from_now_and_may_also_end_it(string shell)
    {
        using var watch = Start(shell, "watch");
        await UntilAsync(() => Lease() == "1900");
        Uptime("1500.00 1.0");
        Assert.Equal((0, ""), await RunAsync(shell, "renew", "3000"));
        Assert.Equal("4500", Lease());
        Assert.Equal((0, "3000"), await RunAsync(shell, "show"));
        Uptime("4000.00 1.0");
        await StaysOnAsync(watch);
        Assert.Equal((0, ""), await RunAsync(shell, "renew", "0"));
        Assert.Equal("muster: lease is over, switching off", await EndAsync(watch));
    }

    [Theory]
    [MemberData(nameof(Shells))]
    public async Task What_is_no_number_renews_nothing(string shell)
    {
        foreach (var word in (string[])["", "-5", "1h", "900; reboot", "1 2"])
            Assert.Equal(2, (await RunAsync(shell, "renew", word)).Code);
        Assert.Equal(2, (await RunAsync(shell, "renew")).Code);
        Assert.Equal(2, (await RunAsync(shell)).Code);
        Assert.False(File.Exists(At("run/lease")));
    }

    [Theory]
    [MemberData(nameof(Shells))]
    public async Task No_renewal_outlives_the_cap_or_the_end_by_the_clock(string shell)
    {
        Settings(boot: 900, cap: 2000, until: 4_000_000_000);
        using (var watch = Start(shell, "watch"))
        {
            await UntilAsync(() => Lease() == "1900");
            await RunAsync(shell, "renew", "99999");
            Uptime("2000.00 1.0");
            Assert.Equal("muster: cap is over, switching off", await EndAsync(watch));
        }
        Settings(boot: 900, cap: 86400, until: DateTimeOffset.UtcNow.ToUnixTimeSeconds() - 301);
        using var late = Start(shell, "watch");
        Assert.Equal("muster: until is over, switching off", await EndAsync(late));
    }

    [Theory]
    [MemberData(nameof(Shells))]
    public async Task A_broken_lease_or_clock_neither_ends_nor_prolongs_for_ever(string shell)
    {
        Directory.CreateDirectory(At("run"));
        File.WriteAllText(At("run/lease"), "rubbish; rm -rf /\n");
        using var watch = Start(shell, "watch");
        await UntilAsync(() => Lease() == "1900");
        File.WriteAllText(At("run/lease"), "");
        await UntilAsync(() => Lease() == "1900");
        Uptime(""); // then each look counts ten seconds
        Assert.Equal("muster: lease is over, switching off", await EndAsync(watch));
    }

    [Theory]
    [MemberData(nameof(Shells))]
    public async Task A_machine_with_a_key_gives_itself_back_first(string shell)
    {
        Write("back", "#!/bin/sh\necho back >>\"$RUN/off\"\n", executable: true);
        Settings(boot: 0, cap: 86400, until: 4_000_000_000);
        using var watch = Start(shell, "watch");
        await EndAsync(watch);
        Assert.Equal("back\noff\n", File.ReadAllText(At("run/off")));
    }

    private Process Start(string shell, params string[] words)
    {
        var parts = shell.Split(' ');
        var start = new ProcessStartInfo(parts[0])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = _folder.FullName,
        };
        foreach (var word in (string[])[.. parts.Skip(1), At("lease.sh"), .. words])
            start.ArgumentList.Add(word);
        start.Environment["PATH"] = $"{At("bin")}:{Environment.GetEnvironmentVariable("PATH")}";
        start.Environment["MUSTER_LEASE_CONF"] = At("lease.conf");
        start.Environment["RUN"] = At("run");
        start.Environment["UPTIME"] = At("uptime");
        start.Environment["BACK"] = At("back");
        start.Environment["EVERY"] = "0.02";
        start.Environment["SYSRQ"] = At("sysrq");
        start.Environment["OFF"] = "exec off";
        return Process.Start(start)!;
    }

    private async Task<(int Code, string Output)> RunAsync(string shell, params string[] words)
    {
        Directory.CreateDirectory(At("run"));
        using var process = Start(shell, words);
        var output = await process.StandardOutput.ReadToEndAsync(Ct);
        await process.WaitForExitAsync(Ct);
        return (process.ExitCode, output.Trim());
    }

    /// <summary>The machine goes off, by the one command and no other.</summary>
    private async Task<string> EndAsync(Process watch)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        try
        {
            await watch.WaitForExitAsync(limit.Token);
        }
        finally
        {
            if (!watch.HasExited)
                watch.Kill();
        }
        Assert.EndsWith("off\n", await File.ReadAllTextAsync(At("run/off"), Ct), StringComparison.Ordinal);
        Assert.False(File.Exists(At("run/wrong")));
        return (await watch.StandardOutput.ReadToEndAsync(Ct)).Trim();
    }

    private static async Task StaysOnAsync(Process watch)
    {
        await Task.Delay(200, Ct);
        Assert.False(watch.HasExited);
    }

    private static async Task UntilAsync(Func<bool> done)
    {
        for (var i = 0; i < 6_000 && !done(); i++)
            await Task.Delay(10, Ct);
        Assert.True(done());
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private string? Lease() => File.Exists(At("run/lease")) ? File.ReadAllText(At("run/lease")).Trim() : null;

    private void Settings(long boot, long cap, long until) =>
        Write("lease.conf", string.Create(CultureInfo.InvariantCulture, $"BOOT={boot}\nCAP={cap}\nUNTIL={until}\n"));

    /// <summary>Replaced whole, as the kernel's own never shows half a line.</summary>
    private void Uptime(string line)
    {
        File.WriteAllText(At("uptime.new"), line.Length == 0 ? "" : line + "\n");
        File.Move(At("uptime.new"), At("uptime"), overwrite: true);
    }

    private void Write(string name, string text, bool executable = false)
    {
        File.WriteAllText(At(name), text);
        if (executable && !OperatingSystem.IsWindows())
            File.SetUnixFileMode(At(name), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    private string At(string name) => Path.Combine(_folder.FullName, name);
}
