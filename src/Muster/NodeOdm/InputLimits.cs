namespace Muster.NodeOdm;

/// <summary>
/// How much is accepted of everything that comes from outside. The one table of it: whoever reads from a client, a node
/// or an archive asks here.
/// </summary>
public sealed record InputLimits
{
    public static readonly InputLimits Default = new();

    /// <summary>Text fields of a form, and parameters of a urlencoded body.</summary>
    public int FormFields { get; init; } = 1_000;

    /// <summary>Bytes of one text field; options may hold a large boundary.</summary>
    public int FieldBytes { get; init; } = 1 << 20;

    /// <summary>Bytes of all text fields of a form together, and of a body in JSON.</summary>
    public int FormBytes { get; init; } = 4 << 20;

    /// <summary>Bytes that are read of what a node says at <c>/commit</c>, where no token is asked for.</summary>
    public int NoticeBytes { get; init; } = 64 << 10;

    /// <summary>Characters of a task's name.</summary>
    public int NameChars { get; init; } = 1_000;

    /// <summary>Characters of an address: of a webhook, of an archive.</summary>
    public int AddressChars { get; init; } = 8 << 10;

    /// <summary>Paths that a task may ask for as its outputs, and the characters of one.</summary>
    public int Outputs { get; init; } = 1_000;
    public int OutputChars { get; init; } = 1_000;

    /// <summary>Bytes of an answer of a node or another server.</summary>
    public int AnswerBytes { get; init; } = 4 << 20;

    /// <summary>
    /// Bytes of an answer that lists tasks or holds a task's output. A longer output is taken in several answers.
    /// </summary>
    public int OutputBytes { get; init; } = 16 << 20;

    /// <summary>Characters of a node's error, and of a line of the log that is kept.</summary>
    public int ErrorChars { get; init; } = 4_000;

    /// <summary>Bytes of a line of output; the rest of it is left out.</summary>
    public int LineBytes { get; init; } = 64 << 10;

    /// <summary>Lines that a gateway keeps of a task's output.</summary>
    public int OutputLines { get; init; } = 1_000_000;

    /// <summary>Files in an archive that a client sends or names, and in one that a node made.</summary>
    public int ArchiveFiles { get; init; } = 200_000;
    public int ResultFiles { get; init; } = 1_000_000;

    /// <summary>
    /// How many times its own size an archive may have unpacked, beside <see cref="ArchiveAllowance"/>. Photos hardly
    /// shrink.
    /// </summary>
    public int ArchiveGrowth { get; init; } = 20;
    public long ArchiveAllowance { get; init; } = 256L << 20;

    /// <summary>How often a result may hold the size of its photos, beside <see cref="ResultAllowance"/>.</summary>
    public int ResultGrowth { get; init; } = 50;
    public long ResultAllowance { get; init; } = 16L << 30;

    /// <summary>
    /// Connections at once; fewer where the process may open fewer files (<see cref="ConnectionCap"/>).
    /// </summary>
    public int Connections { get; init; } = 10_000;

    /// <summary>Requests with a body at once: in all, and from one address or with one token.</summary>
    public int Uploads { get; init; } = 2_048;
    public int UploadsOfOne { get; init; } = 512;

    /// <summary>A body that brings fewer than <see cref="WindowBytes"/> in this time of waiting is given up.</summary>
    public TimeSpan Window { get; init; } = TimeSpan.FromMinutes(2);
    public int WindowBytes { get; init; } = 8 << 10;

    /// <summary>The limits that an operator may set; 0 leaves one as it is.</summary>
    public InputLimits With(int connections, int uploadsOfOne) =>
        this with
        {
            Connections = connections > 0 ? connections : Connections,
            UploadsOfOne = uploadsOfOne > 0 ? uploadsOfOne : UploadsOfOne,
            Uploads = uploadsOfOne > 0 ? (int)Math.Min(int.MaxValue, uploadsOfOne * 4L) : Uploads,
        };

    /// <summary>What an archive may grow to, by its own size and by the room there is.</summary>
    public long Unpacked(long archive, long room) =>
        Math.Min(room, Saturating(archive, ArchiveGrowth, ArchiveAllowance));

    /// <summary>What the result of a task with so many bytes of photos may have.</summary>
    public long ResultOf(long photos) => Saturating(photos, ResultGrowth, ResultAllowance);

    private static long Saturating(long bytes, int growth, long allowance) =>
        bytes > (long.MaxValue - allowance) / growth ? long.MaxValue : (bytes * growth) + allowance;

    /// <summary>All of them, by the names of <c>docs/security.md</c>, for a diagnosis.</summary>
    public Dictionary<string, string> Table() =>
        new()
        {
            ["form_fields"] = $"{FormFields}",
            ["field_bytes"] = $"{FieldBytes}",
            ["form_bytes"] = $"{FormBytes}",
            ["notice_bytes"] = $"{NoticeBytes}",
            ["name_chars"] = $"{NameChars}",
            ["address_chars"] = $"{AddressChars}",
            ["outputs"] = $"{Outputs}",
            ["output_chars"] = $"{OutputChars}",
            ["answer_bytes"] = $"{AnswerBytes}",
            ["output_bytes"] = $"{OutputBytes}",
            ["error_chars"] = $"{ErrorChars}",
            ["line_bytes"] = $"{LineBytes}",
            ["output_lines"] = $"{OutputLines}",
            ["archive_files"] = $"{ArchiveFiles}",
            ["result_files"] = $"{ResultFiles}",
            ["archive_growth"] = $"{ArchiveGrowth}",
            ["archive_allowance"] = $"{ArchiveAllowance}",
            ["result_growth"] = $"{ResultGrowth}",
            ["result_allowance"] = $"{ResultAllowance}",
            ["connections"] = $"{ConnectionCap.Seats(Connections)}",
            ["uploads"] = $"{Uploads}",
            ["uploads_of_one"] = $"{UploadsOfOne}",
            ["window"] = $"{Window}",
            ["window_bytes"] = $"{WindowBytes}",
        };
}
