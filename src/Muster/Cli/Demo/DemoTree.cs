using Muster.Snapshots;

namespace Muster.Cli.Demo;

/// <summary>
/// The work tree that the demo submits: a committed program, edited since, and a file that git does not know.
/// </summary>
internal sealed class DemoTree(string folder)
{
    public const string Edit = "this line is an edit that no commit holds";
    public const string Note = "this line is in a file that git does not know yet";

    private readonly Git _git = new(
        folder,
        ("GIT_CEILING_DIRECTORIES", Path.GetDirectoryName(folder)!),
        ("GIT_AUTHOR_NAME", "demo"),
        ("GIT_AUTHOR_EMAIL", "demo@localhost"),
        ("GIT_COMMITTER_NAME", "demo"),
        ("GIT_COMMITTER_EMAIL", "demo@localhost")
    );

    public string Folder => folder;

    /// <summary>Without the git program it is a plain folder.</summary>
    public bool IsGit { get; } = Git.IsInstalled;

    private static string Program(string greeting) =>
        $$"""
            #!/bin/sh
            # A small job: it serves a page, works in three steps, and leaves a result.
            greeting='{{greeting}}'
            echo "$greeting"
            cat note.txt
            printf '<!doctype html><title>demo</title><h1>%s</h1>\n' "$greeting" >page.html
            eval "exec $DEMO_SERVER demo-page $MUSTER_PORT_PAGE page.html" &
            server=$!
            for step in 1 2 3; do
              echo "step $step of 3"
              sleep 0.3 2>/dev/null || sleep 1
            done
            { echo "$greeting"; cat note.txt; } >"$MUSTER_OUT/result.txt"
            wait $server

            """;

    public async Task MakeAsync(CancellationToken ct)
    {
        Directory.CreateDirectory(folder);
        var program = Path.Combine(folder, "survey.sh");
        await File.WriteAllTextAsync(program, Program("this line is committed"), ct);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(program, File.GetUnixFileMode(program) | UnixFileMode.UserExecute);
        if (IsGit)
        {
            await _git.GetAsync(ct, "-c", "init.defaultBranch=main", "init", "-q", "--template=");
            await _git.GetAsync(ct, "add", "survey.sh");
            await _git.GetAsync(ct, "-c", "commit.gpgSign=false", "commit", "-q", "-m", "A small job");
        }
        await File.WriteAllTextAsync(program, Program(Edit), ct);
        await File.WriteAllTextAsync(Path.Combine(folder, "note.txt"), Note + "\n", ct);
    }

    /// <summary>
    /// What the user's git would say: the status, HEAD and the bytes of the index. Empty outside git.
    /// </summary>
    public async Task<GitLook> LookAsync(CancellationToken ct)
    {
        if (!IsGit)
            return new("", "", "");
        var status = System
            .Text.Encoding.UTF8.GetString(await _git.GetAsync(ct, "status", "--short", "--branch"))
            .TrimEnd('\n');
        var head = await _git.LineAsync(ct, "rev-parse", "HEAD");
        return new(
            status,
            head,
            Convert.ToHexString(
                System.Security.Cryptography.SHA256.HashData(
                    await File.ReadAllBytesAsync(Path.Combine(folder, ".git", "index"), ct)
                )
            )
        );
    }
}

/// <summary>What git shows of a work tree at one moment.</summary>
internal sealed record GitLook(string Status, string Head, string Index);
