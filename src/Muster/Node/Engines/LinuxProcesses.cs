using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace Muster.Node.Engines;

/// <summary>
/// The processes of this machine, by <c>/proc</c>. What a task started is known by its session and by a mark in its
/// environment, which children inherit.
/// </summary>
internal static partial class LinuxProcesses
{
    private const int Term = 15;
    private const int KillNow = 9;

    public static bool IsAlive(int pid) => SessionOf(pid) is not null;

    /// <summary>Those that have the mark, and all in the sessions that one of them leads.</summary>
    public static IReadOnlyList<int> Marked(string mark)
    {
        var all = (
            from folder in Directory.EnumerateDirectories("/proc")
            let pid = int.TryParse(Path.GetFileName(folder), out var id) ? id : 0
            where pid > 0
            let session = SessionOf(pid)
            where session is not null
            select (Id: pid, Session: session.Value)
        ).ToList();
        var marked = all.Where(process => HasInEnvironment(process.Id, mark)).Select(process => process.Id).ToHashSet();
        return
        [
            .. all.Where(process => marked.Contains(process.Id) || marked.Contains(process.Session))
                .Select(process => process.Id),
        ];
    }

    public static bool HasInEnvironment(int pid, string variable)
    {
        try
        {
            var bytes = File.ReadAllBytes($"/proc/{pid}/environ");
            var wanted = Encoding.UTF8.GetBytes(variable + "\0");
            return bytes.AsSpan().StartsWith(wanted) || bytes.AsSpan().IndexOf((byte[])[0, .. wanted]) >= 0;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return false; // gone, or not ours
        }
    }

    /// <summary>Who we are, as <c>user:group</c>.</summary>
    public static string Owner => $"{UserId()}:{GroupId()}";

    public static void Terminate(int pid) => _ = Signal(pid, Term);

    public static void Kill(int pid) => _ = Signal(pid, KillNow);

    /// <summary>Null for what is not alive.</summary>
    private static int? SessionOf(int pid)
    {
        try
        {
            // Behind the name, which may hold anything: state, parent, group, session.
            var stat = File.ReadAllText($"/proc/{pid}/stat");
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return fields[0] is "Z" or "X" ? null : int.Parse(fields[3], CultureInfo.InvariantCulture);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Signal(int pid, int signal);

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint UserId();

    [LibraryImport("libc", EntryPoint = "getegid")]
    private static partial uint GroupId();
}
