using System.Diagnostics;
using Muster.Cli.Context;
using Muster.Cli.Terminal;
using Muster.Hosts;
using Muster.Shell;
using Muster.Sites;
using Muster.Sites.Doctor;

namespace Muster.Cli.Sites;

/// <summary>Carries out the mends that are safe. It talks to the person, so it lives here.</summary>
internal sealed class SiteRepair(App app, OpenSite site)
{
    /// <summary>Whether anything was done.</summary>
    public async Task<bool> MendAsync(
        IEnumerable<Finding> here,
        IReadOnlyDictionary<string, IReadOnlyList<Finding>> found,
        CancellationToken ct
    )
    {
        var done = false;
        if (here.Any(finding => finding.Remedy is Remedy.CloseSockets))
        {
            done = CloseSockets();
        }
        foreach (var (host, findings) in found)
        {
            foreach (var remedy in findings.Select(finding => finding.Remedy).Distinct())
            {
                done |= remedy switch
                {
                    Remedy.MakeRoot => await MakeRootAsync(host, ct),
                    Remedy.GiveKey => await GiveKeyAsync(host, ct),
                    _ => false,
                };
            }
        }
        return done;
    }

    private bool CloseSockets()
    {
        if (OperatingSystem.IsWindows())
            return false;
        try
        {
            File.SetUnixFileMode(
                app.Folders.Sockets,
                UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
            );
            app.Screen.Note("mended", $"{app.Folders.Sockets} is private now", Tint.Green);
            return true;
        }
        catch (UnauthorizedAccessException)
        {
            app.Screen.Note(
                "not mended",
                $"{app.Folders.Sockets} belongs to another user: remove it, or set XDG_RUNTIME_DIR to a folder of "
                    + "your own",
                Tint.Yellow
            );
            return false;
        }
    }

    private async Task<bool> MakeRootAsync(string host, CancellationToken ct)
    {
        // As the first run would: its owner's alone.
        var answer = await site.HostOf(site.IsHere ? null : host)
            .RunAsync(
                ShellText.Of(
                    $$"""
                    root={{site.Root}}; case $root in '~') root=$HOME ;; '~/'*) root=$HOME/${root#??} ;; esac
                    mkdir -p "${root%/*}" && (umask 077; mkdir "$root")
                    """
                ),
                ct
            );
        app.Screen.Note(
            answer.ExitCode == 0 ? "mended" : "not mended",
            answer.ExitCode == 0 ? $"{host}: made {site.Root}" : $"{host}: {site.Root}: {answer.Said}",
            answer.ExitCode == 0 ? Tint.Green : Tint.Yellow
        );
        return answer.ExitCode == 0;
    }

    private async Task<bool> GiveKeyAsync(string host, CancellationToken ct)
    {
        if (PublicKey() is not { } key)
        {
            app.Screen.Note(
                "not mended",
                $"{host}: you have no public key to install; create one with `ssh-keygen -t ed25519`",
                Tint.Yellow
            );
            return false;
        }
        // ssh asks for the password at the terminal; without one there is nobody to ask, so consent must have been
        // given and ssh must not need it.
        if (
            !app.Yes
            && (
                !app.Screen.MayAsk
                || app.Screen.Ask($"Add {key} to ~/.ssh/authorized_keys on {host}? [y]es [n]o", "yn") is not 'y'
            )
        )
            return false;
        // In one line and without an exclamation mark, for a csh; the line that is added begins anew, for a file whose
        // last line has no end.
        const string script = """
            umask 077; mkdir -p ~/.ssh; touch ~/.ssh/authorized_keys; IFS= read -r key; grep -qxF "$key" ~/.ssh/authorized_keys || printf "\n%s\n" "$key" >> ~/.ssh/authorized_keys
            """;
        var start = new ProcessStartInfo("ssh") { RedirectStandardInput = true };
        foreach (var word in ((OpenSshHost)site.HostOf(host)).Once($"exec sh -c {script}"))
            start.ArgumentList.Add(word);
        using var process = Process.Start(start) ?? throw new InvalidOperationException("ssh did not start");
        await process.StandardInput.WriteAsync($"{(await File.ReadAllTextAsync(key, ct)).Trim()}\n".AsMemory(), ct);
        process.StandardInput.Close();
        await process.WaitForExitAsync(ct);
        app.Screen.Note(
            process.ExitCode == 0 ? "mended" : "not mended",
            $"{host}: {(process.ExitCode == 0 ? "your public key is installed" : "the key could not be installed")}",
            process.ExitCode == 0 ? Tint.Green : Tint.Yellow
        );
        return process.ExitCode == 0;
    }

    /// <summary>The one that belongs to the site's `identity`, or that ssh would offer first.</summary>
    private string? PublicKey()
    {
        var identity = site.Site switch
        {
            SshSite ssh => ssh.Identity,
            SlurmSite slurm => slurm.Identity,
            _ => null,
        };
        var home = Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".ssh");
        string[] names = identity is not null
            ? [identity]
            :
            [
                .. ((string[])["id_rsa", "id_ecdsa", "id_ecdsa_sk", "id_ed25519", "id_ed25519_sk"]).Select(name =>
                    Path.Combine(home, name)
                ),
            ];
        return names.Select(name => name + ".pub").FirstOrDefault(File.Exists);
    }
}
