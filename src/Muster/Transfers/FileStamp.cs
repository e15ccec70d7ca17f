using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace Muster.Transfers;

public enum FileType
{
    File,
    Folder,
    Symlink,
    Other,
}

/// <summary>What the file system says of a file. The same stamp again means the same content.</summary>
public readonly partial record struct FileStamp(
    FileType Type,
    bool Executable,
    long Size,
    long Modified,
    long Changed,
    long Device,
    long Inode
)
{
    private static readonly TimeSpan Settled = TimeSpan.FromSeconds(2);

    /// <summary>Links are not followed. Nothing when there is no such file.</summary>
    public static FileStamp? Find(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            var info = new FileInfo(path);
            if (info.Attributes == (FileAttributes)(-1))
                return null;
            var kind =
                info.LinkTarget is not null ? FileType.Symlink
                : info.Attributes.HasFlag(FileAttributes.Directory) ? FileType.Folder
                : FileType.File;
            return new(
                kind,
                false,
                kind == FileType.File ? info.Length : 0,
                info.LastWriteTimeUtc.Ticks,
                info.CreationTimeUtc.Ticks,
                0,
                0
            );
        }
        if (LStat(path, out var status) != 0)
            return null;
        const int format = 0xF000,
            file = 0x8000,
            link = 0xA000,
            folder = 0x4000,
            anyExecute = 0b001_001_001;
        var type = (status.Mode & format) switch
        {
            file => FileType.File,
            folder => FileType.Folder,
            link => FileType.Symlink,
            _ => FileType.Other,
        };
        return new(
            type,
            (status.Mode & anyExecute) != 0,
            status.Size,
            Nanoseconds(status.MTime, status.MTimeNsec),
            Nanoseconds(status.CTime, status.CTimeNsec),
            status.Dev,
            status.Ino
        );

        static long Nanoseconds(long seconds, long more) => unchecked((seconds * 1_000_000_000) + more);
    }

    /// <summary>A name for the content that the file at <paramref name="path"/> has now. A file written this moment may
    /// yet change within
    /// one tick of its clock, so its name is never met again.</summary>
    public ContentHash KeyOf(string path)
    {
        var age = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds() - (Modified / 1_000_000);
        var fresh = age < Settled.TotalMilliseconds ? Convert.ToHexString(RandomNumberGenerator.GetBytes(16)) : "";
        return ContentHash.Of(Encoding.UTF8.GetBytes($"{path}\0{Size} {Modified} {Changed} {Device} {Inode} {fresh}"));
    }

    // The runtime's own portable lstat: .NET shows neither the inode nor whether a name is a pipe or a device.
    [LibraryImport("libSystem.Native", EntryPoint = "SystemNative_LStat", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int LStat(string path, out Status status);

    [StructLayout(LayoutKind.Sequential)]
    private struct Status
    {
        public int Flags,
            Mode;
        public uint Uid,
            Gid;
        public long Size,
            ATime,
            ATimeNsec,
            MTime,
            MTimeNsec,
            CTime,
            CTimeNsec,
            BirthTime,
            BirthTimeNsec,
            Dev,
            RDev,
            Ino;
        public uint UserFlags;
    }
}
