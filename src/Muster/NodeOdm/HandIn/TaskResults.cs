using System.Security.Cryptography;
using Muster.Faults;
using Muster.Transfers;

namespace Muster.NodeOdm.HandIn;

/// <summary>
/// Unpacks a task's archive into a folder: never outside of it, and never over what the user has there.
/// </summary>
public static class TaskResults
{
    private const string Aside = ".muster-unpacked";
    private const long Spare = 64 << 20;

    public static async Task<ResultReport> UnpackAsync(string archive, string task, string folder, CancellationToken ct)
    {
        var target = new FetchTarget(folder);
        var record = FetchRecord.Read(folder, task);
        var aside = Path.Combine(folder, Aside);
        if (Path.Exists(aside))
            Directory.Delete(aside, recursive: true);
        var report = new ResultReport(0, 0, 0, []);
        try
        {
            await Task.Run(
                () =>
                    ZipFiles.Unpack(
                        archive,
                        aside,
                        flatten: false,
                        new DriveInfo(folder).AvailableFreeSpace - Spare,
                        ct
                    ),
                ct
            );
            foreach (var path in ZipFiles.FilesOf(folder, Aside))
                report = await TakeAsync(path, report);
        }
        catch (RefusalException fault)
        {
            throw new UserException(
                $"the archive of {task} was not unpacked: {fault.Message}",
                "Fetch it again; if it stays so, do not trust that server.",
                fault
            );
        }
        finally
        {
            if (Directory.Exists(aside))
                Directory.Delete(aside, recursive: true);
            record.Write(folder);
        }
        return report;

        async Task<ResultReport> TakeAsync(string path, ResultReport before)
        {
            var file = await FileOfAsync(aside, path, ct);
            if (await target.PlaceAsync(file, record, ct) is not { } place)
                return before with { FilesHere = before.FilesHere + 1 };
            target.Take(path, new(file, place), record);
            return before with
            {
                Files = before.Files + 1,
                Bytes = before.Bytes + file.Size,
                Kept = place == file.Path.Text ? before.Kept : [.. before.Kept, file.Path.Text],
            };
        }
    }

    private static async Task<RemoteFile> FileOfAsync(string folder, string path, CancellationToken ct)
    {
        await using var stream = new FileStream(
            path,
            FileMode.Open,
            FileAccess.Read,
            FileShare.Read,
            256 << 10,
            FileOptions.SequentialScan
        );
        return new(
            new(Path.GetRelativePath(folder, path).Replace('\\', '/')),
            new(await SHA256.HashDataAsync(stream, ct)),
            stream.Length,
            Executable: false,
            File.GetLastWriteTimeUtc(path)
        );
    }
}

/// <param name="Kept">Files of the user's with other content: they were left alone, and the results stand beside them
/// as <c>name.new</c>.</param>
public sealed record ResultReport(int Files, long Bytes, int FilesHere, IReadOnlyList<string> Kept);
