using Muster.Faults;
using Muster.Hosts;
using Muster.Shell;

namespace Muster.Sites.Clouds.Keeping;

/// <summary>What makes a machine that boots into a host on which work can be started.</summary>
public sealed record MachineSetup
{
    /// <summary>How long it lives without a renewal.</summary>
    public required TimeSpan Lease { get; init; }

    /// <summary>The address of a script that installs Docker.</summary>
    public string? EngineScript { get; init; }

    /// <summary>Who signs in to a registry of images, for the runs on the machine.</summary>
    public ImageRegistry? Registry { get; init; }

    /// <summary>The swap file's size as a share of the memory.</summary>
    public decimal Swap { get; init; }
    public int Gpus { get; init; }

    /// <summary>Waits until somebody can log in. The keeper ends a machine that takes too long.</summary>
    public static async Task WaitAsync(IHost host, TimeProvider clock, CancellationToken ct)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                await host.RunAsync($"true", ct);
                return;
            }
            // Refused and unreachable are normal while it boots; another host key is not, and is not waited for.
            catch (HostUnreachableException fault) when (fault.Fault is not ContactFault.HostKey)
            {
                await Task.Delay(TimeSpan.FromSeconds(Math.Min(tries, 5)), clock, ct);
            }
        }
    }

    /// <summary>Sets the machine up, one step after another. A step that fails says what it printed.</summary>
    /// <param name="said">Is told what is being done.</param>
    public async Task RunAsync(IHost host, Action<string> said, CancellationToken ct)
    {
        await RenewAsync(host, Lease, ct);
        // 1: it crashed; 2: it went on after mistakes, which older versions do not tell.
        await StepAsync(
            "waiting for cloud-init",
            $"command -v cloud-init >/dev/null || exit 0; cloud-init status --wait >&2; [ $? -ne 1 ]"
        );
        if (EngineScript is { } address)
            await StepAsync(
                $"installing Docker by {address}",
                $"""
                f=$(mktemp) || exit
                curl -fsSL {address} >"$f" || wget -qO "$f" {address} || exit
                sh "$f" </dev/null >&2
                rc=$?; rm -f "$f"; exit $rc
                """
            );
        if (Swap > 0)
            await StepAsync("swap", SwapFile(Swap));
        await LetUseDockerAsync();
        if (Registry is { } registry)
            await StepAsync(
                $"signing in to {registry.Url} as {registry.User}",
                $"""
                IFS= read -r password || :
                found=
                for runtime in docker podman; do
                  command -v $runtime >/dev/null || continue
                  found=1
                  printf %s "$password" | $runtime login -u {registry.User} --password-stdin {registry.Url} >&2 || exit
                done
                [ -n "$found" ] || echo 'neither Docker nor Podman is on it: give packages: [docker.io]' >&2
                [ -n "$found" ]
                """,
                registry.Password.Reveal(),
                asRoot: false
            );
        if (Gpus > 0)
            await StepAsync(
                $"looking for {Gpus} GPUs",
                $"found=$(nvidia-smi -L | grep -c '^GPU'); "
                    + $"[ \"$found\" -ge {Gpus} ] || {{ echo \"$found of {Gpus} GPUs found\" >&2; exit 1; }}"
            );

        // The groups of a session are those of its beginning, so whoever is signed in needs the socket itself.
        async Task LetUseDockerAsync() =>
            await host.RunAsync(
                $"""
                [ "$(id -u)" != 0 ] && [ -S /var/run/docker.sock ] || exit 0
                sudo -n usermod -aG docker "$(id -un)"; sudo -n chgrp "$(id -g)" /var/run/docker.sock
                """,
                ct
            );

        async Task StepAsync(string word, ShellText script, string input = "", bool asRoot = true)
        {
            said(word);
            var answer = await host.RunAsync(asRoot ? AsRoot(script) : script, input, ct);
            if (answer.ExitCode != 0)
                throw new UserException(
                    $"{host.Name}: {word}: {(answer.Said.Length > 0 ? answer.Said : $"exit code {answer.ExitCode}")}",
                    "See the message above; the machine is given back."
                );
        }
    }

    /// <summary>The machine switches itself off if nobody comes again within <paramref name="lease"/>.</summary>
    /// <param name="folder">Where the lease of a pod is; null for a machine, which has it in its system.</param>
    public static async Task RenewAsync(IHost host, TimeSpan lease, CancellationToken ct, string? folder = null) =>
        await host.GetAsync(
            folder is null
                ? AsRoot($"muster-lease renew {(long)lease.TotalSeconds}")
                : ShellText.Of(
                    $"MUSTER_LEASE_CONF={folder}/conf sh {folder}/muster-lease renew {(long)lease.TotalSeconds}"
                ),
            "renewing the lease",
            ct
        );

    /// <summary>With <c>sudo</c> where the image's user is another.</summary>
    private static ShellText AsRoot(ShellText script) =>
        ShellText.Of(
            $"if [ \"$(id -u)\" = 0 ]; then sh -c {script.ToString()}; else sudo -n sh -c {script.ToString()}; fi"
        );

    /// <summary>Some file systems make holes, which cannot be swapped to: then it is written.</summary>
    private static ShellText SwapFile(decimal share)
    {
        var percent = (long)(share * 100);
        return $$"""
            [ ! -e /swapfile ] || exit 0
            mb=$(( $(awk '/^MemTotal:/ { print int($2 / 1024) }' /proc/meminfo) * {{percent}} / 100 ))
            umask 077
            make() { mkswap /swapfile >&2 && swapon /swapfile >&2; }
            fallocate -l "$mb"M /swapfile && make && exit 0
            rm -f /swapfile
            dd if=/dev/zero of=/swapfile bs=1M count="$mb" 2>&1 >/dev/null | tail -n 1 >&2
            make || { rm -f /swapfile; exit 1; }
            """;
    }
}
