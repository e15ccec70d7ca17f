using System.Diagnostics;
using System.Text;

namespace Muster.Clouds.Kubernetes;

/// <summary>
/// A container: processes of this machine in a folder of their own, known by a mark in their environment. What is not
/// apart as in a real one is the file system: manifests have to name folders that are theirs.
/// </summary>
public sealed class KubeContainer(string mark, string folder)
{
    private const string Variable = "MUSTER_STANDIN_POD";

    public static KubeContainer Start(string mark, string folder, IReadOnlyList<string> command, Action<int> ended)
    {
        Directory.CreateDirectory(folder);
        var container = new KubeContainer(mark, folder);
        var process = container.Exec(command);
        process.EnableRaisingEvents = true;
        process.Exited += (_, _) => ended(process.ExitCode);
        _ = process.StandardOutput.ReadToEndAsync();
        _ = process.StandardError.ReadToEndAsync();
        process.StandardInput.Close();
        if (process.HasExited)
            ended(process.ExitCode);
        return container;
    }

    /// <summary>One more process inside; its streams are the caller's.</summary>
    public Process Exec(IReadOnlyList<string> command)
    {
        var start = new ProcessStartInfo(command[0], command.Skip(1))
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["HOME"] = folder;
        start.Environment[Variable] = mark;
        return Process.Start(start)!;
    }

    /// <summary>Ends every process inside, however often they start new ones.</summary>
    public void Kill()
    {
        var sign = Encoding.UTF8.GetBytes($"{Variable}={mark}\0");
        bool found;
        do
        {
            found = false;
            foreach (var entry in Directory.EnumerateDirectories("/proc"))
            {
                if (!int.TryParse(Path.GetFileName(entry), out var id))
                    continue;
                try
                {
                    if (File.ReadAllBytes($"{entry}/environ").AsSpan().IndexOf(sign) < 0)
                        continue;
                    using var process = Process.GetProcessById(id);
                    process.Kill();
                    found = true;
                }
                catch (Exception gone)
                    when (gone is IOException or UnauthorizedAccessException or ArgumentException
                        || gone is InvalidOperationException or System.ComponentModel.Win32Exception
                    ) { }
            }
        } while (found);
    }
}
