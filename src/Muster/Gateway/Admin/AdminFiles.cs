using System.Collections.Concurrent;
using System.IO.Compression;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Muster.Faults;
using Muster.Gateway.Ledger;
using Muster.Gateway.Model;
using Muster.Gateway.Spool;
using Muster.NodeOdm;

namespace Muster.Gateway.Admin;

/// <summary>
/// What lies in the archive of a task, read in place: nothing is unpacked, and of a large file only the ranges that
/// were asked for are read. The files are a stranger's content, so none is shown as a page.
/// </summary>
internal sealed class AdminFiles(TaskLedger ledger, ResultFolder results)
{
    private const int MostListed = 5_000;
    private const int MostMembers = 200_000;
    private const int MostKept = 10;
    private const int LargestKept = 20_000;
    private const long LargestPacked = 64 << 20;
    private const string Pdf = "application/pdf";
    private const string Other = "application/octet-stream";
    private static readonly string[] Reads = ["GET", "HEAD"];

    /// <summary>Directories that were read lately, by where their archives lie.</summary>
    private readonly ConcurrentDictionary<string, IReadOnlyList<ZipMember>> _directories = [];

    public void Map(IEndpointRouteBuilder api)
    {
        api.MapGet("/tasks/{id}/files", ListAsync).WithDescription("what lies in its archive, below prefix");
        api.MapMethods("/tasks/{id}/files/{**path}", Reads, SendAsync)
            .WithDescription("one file of its archive, by exact ranges");
        api.MapMethods("/tasks/{id}/archive", Reads, SendArchiveAsync).WithDescription("its archive");
    }

    private async Task ListAsync(HttpContext http)
    {
        if (await FindAsync(http) is not var (_, result))
            return;
        var prefix = http.Request.Query["prefix"].ToString();
        var members = MembersOf(result).Where(member => member.Name.StartsWith(prefix, StringComparison.Ordinal));
        var files = members
            .Take(MostListed + 1)
            .Select(member => new ResultEntry(member.Name, member.Bytes, TypeOf(member.Name) is { IsPicture: true }))
            .ToList();
        await http.AnswerAsync(
            new(1, result.Bytes, result.Sha256, [.. files.Take(MostListed)], files.Count > MostListed),
            AdminJson.Plain.ResultList
        );
    }

    private async Task SendAsync(HttpContext http)
    {
        if (await FindAsync(http) is not var (end, result))
            return;
        var path = http.Request.RouteValues["path"] as string;
        if (MembersOf(result).FirstOrDefault(member => member.Name == path) is not { } member)
        {
            await http.FaultAsync(
                StatusCodes.Status404NotFound,
                $"there is no {path} in the archive",
                "GET …/files lists what there is."
            );
            return;
        }
        await using var archive = results.Open(result);
        var at = member.ContentAt(archive);
        var (etag, name) = ($"\"{result.Sha256[..16]}-{member.Crc:x8}\"", SafeName(member.Name));
        var (type, isPicture) = TypeOf(member.Name) ?? (Other, false);
        if (member.IsStored)
        {
            var isShown = type == Pdf && IsPdf(archive, at, member);
            await http.SendAsync(
                new(
                    name,
                    isShown || isPicture ? type : Other,
                    member.Packed,
                    etag,
                    end.At,
                    DownloadEndpoints.CopyOf(archive, at, name)
                )
                {
                    IsShown = isShown,
                }
            );
            return;
        }
        if (!member.IsDeflated || member.Bytes > LargestPacked)
            throw new UserException(
                $"{path} is packed, and too large to be unpacked here",
                "Download the archive, and unpack it."
            );
        http.Response.ContentType = isPicture ? type : Other;
        http.Response.Headers.ETag = etag;
        http.Response.Headers.ContentDisposition = $"attachment; filename={name}";
        if (HttpMethods.IsHead(http.Request.Method))
            return;
        archive.Position = at;
        await using var content = new DeflateStream(archive, CompressionMode.Decompress, leaveOpen: true);
        await CopyAsync(content, http.Response.Body, member.Bytes, http.RequestAborted);
    }

    /// <summary>Not more than it said it is: what a packed file comes to is its own word.</summary>
    private static async Task CopyAsync(Stream from, Stream to, long most, CancellationToken ct)
    {
        var block = new byte[1 << 16];
        for (var copied = 0L; copied < most; )
        {
            var read = await from.ReadAsync(block.AsMemory(0, (int)Math.Min(block.Length, most - copied)), ct);
            if (read == 0)
                return;
            await to.WriteAsync(block.AsMemory(0, read), ct);
            copied += read;
        }
    }

    private async Task SendArchiveAsync(HttpContext http)
    {
        if (await FindAsync(http) is not var (end, result))
            return;
        await using var content = results.Open(result);
        await http.SendStreamAsync(content, "all.zip", "application/zip", $"\"{result.Sha256}\"", end.At);
    }

    private async Task<(TaskPhase.Ended End, ResultFile Result)?> FindAsync(HttpContext http)
    {
        var text = http.Request.RouteValues["id"] as string;
        var task = Guid.TryParse(text, out var id) && ledger.Find(id) is { IsListed: true } found ? found : null;
        if (task?.Phase is TaskPhase.Ended { Result: { } result } end)
            return (end, result);
        await http.FaultAsync(
            StatusCodes.Status404NotFound,
            task is null ? $"there is no task {text}" : "this task has no results here",
            task is null ? $"GET {AdminApi.Root}/tasks lists them." : "Results are kept for a while after a task's end."
        );
        return null;
    }

    private IReadOnlyList<ZipMember> MembersOf(ResultFile result)
    {
        if (_directories.TryGetValue(result.Key, out var known))
            return known;
        using var archive = results.Open(result);
        var members = ZipDirectory
            .Read(archive, MostMembers)
            .Where(member => !member.Name.EndsWith('/'))
            .OrderBy(member => member.Name.Contains("/ept-", StringComparison.Ordinal)) // tiles of a cloud: thousands
            .ThenBy(member => member.Name, StringComparer.Ordinal)
            .ToList();
        if (members.Count > LargestKept)
            return members;
        if (_directories.Count >= MostKept)
            _directories.Clear();
        return _directories[result.Key] = members;
    }

    private static bool IsPdf(Stream archive, long at, ZipMember member)
    {
        var first = new byte[5];
        archive.Position = at;
        return member.Packed > first.Length
            && archive.ReadAtLeast(first, first.Length, throwOnEndOfStream: false) == first.Length
            && first.AsSpan().SequenceEqual("%PDF-"u8);
    }

    /// <summary>Of what browsers show; null of anything else.</summary>
    private static (string Name, bool IsPicture)? TypeOf(string name) =>
        Path.GetExtension(name).ToLowerInvariant() switch
        {
            ".png" => ("image/png", true),
            ".jpg" or ".jpeg" => ("image/jpeg", true),
            ".gif" => ("image/gif", true),
            ".webp" => ("image/webp", true),
            ".svg" => ("image/svg+xml", true),
            ".pdf" => (Pdf, false),
            _ => null,
        };

    private static string SafeName(string path) =>
        string.Concat(Path.GetFileName(path).Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' ? c : '_'));
}

/// <param name="More">There are more than are listed.</param>
public sealed record ResultList(int Schema, long Bytes, string Sha256, IReadOnlyList<ResultEntry> Files, bool More);

public sealed record ResultEntry(string Path, long Bytes, bool Picture);
