using System.Globalization;
using System.Text;
using Muster.Faults;
using Muster.Hosts;
using Muster.Platforms;
using Muster.Shell;

namespace Muster.Transfers;

/// <summary>What a remote folder holds: our side of <c>list.sh</c>.</summary>
internal sealed record RemoteListing(
    IReadOnlyList<RemoteFile> Files,
    IReadOnlySet<RawPath> Links,
    int Unwanted,
    IReadOnlyList<string> Warnings
)
{
    public static async Task<RemoteListing> ReadAsync(
        IHost host,
        string folder,
        Func<RawPath, bool> isWanted,
        CancellationToken ct
    )
    {
        await using var channel = await host.OpenAsync(ShellText.Script("Transfers/list.sh", folder), ct);
        var reader = new ByteReader(channel.Output);
        try
        {
            var names = await NamesAsync(reader, ct);
            var facts = await FactsAsync(reader, ct);
            var links = await NamesAsync(reader, ct);
            if (names.Count != facts.Count)
                throw Moving(host, folder);

            var warnings = new List<string>();
            var wanted = Enumerable
                .Range(0, names.Count)
                .Where(at => isWanted(names[at]) && IsNameable(names[at], warnings))
                .ToList();
            var asking = AskAsync(channel, wanted.Select(at => names[at]), ct);
            var files = new List<RemoteFile>(wanted.Count);
            foreach (var at in wanted)
            {
                if (await HashAsync(reader, ct) is not { } hash)
                    throw Moving(host, folder);
                files.Add(new(names[at], hash, facts[at].Size, facts[at].Executable, facts[at].Modified));
            }
            await asking;
            return new(
                files,
                links.Where(path => isWanted(path) && IsNameable(path, warnings)).ToHashSet(),
                names.Count - wanted.Count,
                warnings
            );
        }
        catch (FormatException fault)
        {
            throw new UserException(
                $"{host.Name}: {folder} cannot be listed: {fault.Message}",
                "Check that `find` and `stat` on the host are the standard tools of its system.",
                fault
            );
        }
        catch (EndOfStreamException)
        {
            channel.Input.Close();
            var end = await channel.EndAsync(ct); // throws when it was the connection that ended
            throw end.ExitCode == 44
                ? new UserException(
                    $"{host.Name}: {folder} is not there any more",
                    "It was removed on the host. Files fetched earlier are where they were fetched to."
                )
                : new UserException($"{host.Name}: {folder} cannot be listed: {end.Said}", "See the message above.");
        }
    }

    /// <summary>Names as <c>xargs -0</c> reads them.</summary>
    public static ReadOnlyMemory<byte> Words(IEnumerable<RawPath> names)
    {
        using var words = new MemoryStream();
        foreach (var name in names)
        {
            words.Write("./"u8);
            words.Write(name.Bytes);
            words.WriteByte(0);
        }
        return words.ToArray();
    }

    private const long LatestTime = 0xffff_ffff; // what every file system here can hold
    private const long LargestFile = 1L << 50; // a sum of such sizes is still a number
    private const int UserExecute = 0b001_000_000;

    private static UserException Moving(IHost host, string folder) =>
        new($"{host.Name}: {folder} changes while it is listed", "Fetch again, or wait until the run has ended.");

    private static bool IsNameable(RawPath path, List<string> warnings)
    {
        var nameable = Encoding.UTF8.GetByteCount(path.Text) == path.Bytes.Length && !path.Text.Contains('\uFFFD');
        if (!nameable)
            warnings.Add($"{path}: the name is not UTF-8, so the file stays where it is");
        else if (!FileNames.FitHere(path.Text))
        {
            warnings.Add($"{path}: {Platform.Name} does not allow this name, so the file was not fetched");
            return false;
        }
        return nameable;
    }

    private static async Task<List<RawPath>> NamesAsync(ByteReader reader, CancellationToken ct)
    {
        var names = new List<RawPath>();
        while (await reader.UntilAsync(0, ct) is { } name)
        {
            if (name.Length == 0)
                return names;
            if (!name.AsSpan().StartsWith("./"u8))
                throw new FormatException($"'{Encoding.UTF8.GetString(name)}' is not below it");
            names.Add(RawPath.Parse(name.AsSpan(2)));
        }
        throw new EndOfStreamException();
    }

    private static async Task<List<(bool Executable, long Size, DateTime Modified)>> FactsAsync(
        ByteReader reader,
        CancellationToken ct
    )
    {
        var facts = new List<(bool, long, DateTime)>();
        while (await LineAsync(reader, ct) is { } line)
        {
            if (line == "end")
                return facts;
            if (
                line.Split(' ') is not [{ Length: > 0 and < 8 } mode, var size, var modified]
                || mode.Any(c => c is < '0' or > '7')
                || !long.TryParse(size, NumberStyles.None, CultureInfo.InvariantCulture, out var bytes)
                || bytes > LargestFile
                || !long.TryParse(modified, CultureInfo.InvariantCulture, out var seconds)
            )
                throw new FormatException($"'{line}' is not what `stat` says of a file");
            facts.Add(
                (
                    (Convert.ToInt32(mode, 8) & UserExecute) != 0,
                    bytes,
                    DateTimeOffset.FromUnixTimeSeconds(Math.Clamp(seconds, 0, LatestTime)).UtcDateTime
                )
            );
        }
        throw new EndOfStreamException();
    }

    /// <summary>
    /// The next line that begins with a hash: BusyBox prints a name's line feeds as they are, GNU puts a backslash
    /// before the hash instead.
    /// </summary>
    private static async Task<ContentHash?> HashAsync(ByteReader reader, CancellationToken ct)
    {
        while (await LineAsync(reader, ct) is { } line)
        {
            var text = line.AsSpan().TrimStart('\\');
            if (
                text.Length > 2 * ContentHash.Length
                && text[2 * ContentHash.Length] == ' '
                && ContentHash.TryParse(text[..(2 * ContentHash.Length)], out var hash)
            )
                return hash;
        }
        return null;
    }

    private static async Task<string?> LineAsync(ByteReader reader, CancellationToken ct) =>
        await reader.UntilAsync((byte)'\n', ct) is { } line ? Encoding.Latin1.GetString(line) : null;

    private static async Task AskAsync(ShellChannel channel, IEnumerable<RawPath> names, CancellationToken ct)
    {
        try
        {
            await channel.Input.WriteAsync(Words(names), ct);
            channel.Input.Close();
        }
        catch (IOException) { } // the reading side tells why
    }
}

internal sealed record RemoteFile(RawPath Path, ContentHash Hash, long Size, bool Executable, DateTime Modified);
